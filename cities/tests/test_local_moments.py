"""Date and time fields: what they accept, and what the browser's field shows."""

from datetime import UTC, datetime

import pytest
from django import forms

from cities.local_times import LocalMomentField
from cities.registry import registry

pytestmark = pytest.mark.django_db


class MomentForm(forms.Form):
    moment = LocalMomentField(required=False)

    def __init__(self, *args, city="paris", **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["moment"].city = registry[city]


def form_of(text, **more):
    return MomentForm({"moment": text} | more)


def value_in(form):
    html = str(form["moment"])
    return html.split('value="')[1].split('"')[0] if 'value="' in html else ""


@pytest.mark.parametrize(
    "text",
    [
        "2030-05-01T12:00Z",
        "2030-05-01T14:00+02:00",
        "2030-05-01 12:00:00Z",
        " 2030-05-01T07:00:30-05:00",
        f"{'2030-05-01T12:00Z':>40}",
    ],
)
def test_a_moment_with_its_zone_is_shown_by_the_clocks_of_the_city(text):
    form = form_of(text)
    assert value_in(form) == "2030-05-01T14:00"
    assert form.is_valid()
    assert form.cleaned_data["moment"].replace(second=0) == datetime(2030, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2030-05-01T14:00",
        "yesterday",
        "2030-99-01T14:00Z",
        "0001-01-01T00:00Z",
        "Z" * 500,
        f"{'2030-05-01T12:00Z':>41}",
    ],
)
def test_naive_or_invalid_times_are_shown_unchanged(text):
    assert value_in(form_of(text)) == text


def test_a_time_resubmitted_as_shown_is_the_same_time():
    first = form_of("2030-05-01T12:00Z")
    again = form_of(value_in(first))
    assert first.is_valid()
    assert again.is_valid()
    assert first.cleaned_data == again.cleaned_data


class TestTheRepeatedHour:
    """Paris, 31 October 2027: at 01:00Z the clocks go from 3 a.m. back to 2 a.m."""

    SUMMER, WINTER = datetime(2027, 10, 31, 0, 30, tzinfo=UTC), datetime(2027, 10, 31, 1, 30, tzinfo=UTC)

    @pytest.mark.parametrize(("moment", "fold"), [(SUMMER, "0"), (WINTER, "1")])
    def test_a_moment_in_it_is_shown_with_its_half_chosen_and_comes_back_as_itself(self, moment, fold):
        for form in (MomentForm(initial={"moment": moment}), form_of(moment.isoformat())):
            html = str(form["moment"])
            assert value_in(form) == "2027-10-31T02:30"
            assert 'name="moment_fold"' in html
            assert f'value="{fold}" selected' in html
        again = form_of("2027-10-31T02:30", moment_fold=fold)
        assert again.is_valid()
        assert again.cleaned_data["moment"] == moment
        assert f'value="{fold}" selected' in str(again["moment"])

    def test_an_ambiguous_time_is_refused_with_a_choice(self):
        form = form_of("2027-10-31T02:30")
        assert "occurs twice in Paris" in str(form.errors["moment"])
        assert 'name="moment_fold"' in str(form["moment"])

    @pytest.mark.parametrize("fold", ["", "2", "x", "\0"])
    def test_an_invalid_choice_is_an_error(self, fold):
        assert not form_of("2027-10-31T02:30", moment_fold=fold).is_valid()

    @pytest.mark.parametrize("text", ["2027-10-31T01:59", "2027-10-31T03:00", "2027-05-01T02:30"])
    def test_outside_it_there_is_no_choice_and_a_submitted_one_is_ignored(self, text):
        form = form_of(text, moment_fold="1")
        assert form.is_valid()
        assert form.cleaned_data == {"moment": datetime.fromisoformat(text).replace(tzinfo=registry["paris"].tzinfo)}
        assert "moment_fold" not in str(form["moment"])

    def test_with_its_zone_the_choice_decides_nothing(self):
        form = form_of("2027-10-31T02:30Z", moment_fold="0")
        assert form.is_valid()
        assert form.cleaned_data["moment"] == datetime(2027, 10, 31, 2, 30, tzinfo=UTC)

    def test_the_hour_that_is_left_out_in_spring_stays_refused(self):
        form = form_of("2027-03-28T02:30", moment_fold="0")
        assert "doesn&#x27;t exist" in str(form.errors["moment"])
        assert "moment_fold" not in str(form["moment"])

    def test_it_is_each_citys_own(self):
        assert MomentForm({"moment": "2027-10-31T02:30"}, city="new york").is_valid()
        assert not MomentForm({"moment": "2027-11-07T01:30"}, city="new york").is_valid()
