import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.template import Context, Template
from django.template.loader import render_to_string
from django.utils import translation

from movr_project.templatetags.movr import (
    ICONS,
    VEHICLES,
    distance,
    duration,
    iso_duration,
    local_clock,
    local_span,
    local_time,
)
from movr_project.web.clocks import clock_of_browser, reader_clock

PARIS = SimpleNamespace(time_zone="Europe/Paris", uses_24_hours=True)
SEATTLE = SimpleNamespace(time_zone="America/Los_Angeles", uses_24_hours=False)
EVENING = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)

ROOT = Path(settings.BASE_DIR)


def render(source: str, **context: object) -> str:
    return Template("{% load movr %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("length", "shown"),
    [
        (timedelta(seconds=5), "0:05"),
        (timedelta(minutes=12, seconds=30), "12:30"),
        (timedelta(hours=1, minutes=2, seconds=3), "1:02:03"),
        (timedelta(days=1, hours=3), "27:00:00"),
        (timedelta(seconds=59, microseconds=999_999), "0:59"),
        (timedelta(seconds=-3), "0:00"),
        (None, ""),
        ("", ""),
    ],
)
def test_a_duration_is_minutes_and_seconds_with_hours_where_there_are_any(length, shown):
    assert duration(length) == shown


def test_a_duration_for_machines_is_in_seconds():
    assert iso_duration(timedelta(minutes=12, seconds=34)) == "PT754S"
    assert iso_duration(None) == ""


@pytest.mark.parametrize(
    ("metres", "shown"),
    [(0, "0 m"), (347.2, "350 m"), (994.9, "990 m"), (996, "1.0 km"), (12_345, "12.3 km"), (None, "")],
)
def test_a_distance_is_in_tens_of_metres_or_tenths_of_kilometres(metres, shown):
    assert distance(metres) == shown


@pytest.mark.parametrize(
    ("metres", "language", "shown"),
    [
        (99_940, "en", "99.9 km"),
        (99_960, "en", "100 km"),
        (1_139_900, "en", "1,140 km"),
        (1_139_900, "es", "1\N{NO-BREAK SPACE}140 km"),
    ],
)
def test_a_great_distance_is_in_whole_kilometres_with_the_languages_separators(metres, language, shown):
    with translation.override(language):
        assert distance(metres) == shown


def test_a_time_is_shown_in_the_citys_time_zone():
    assert local_time(EVENING, PARIS) == '<time datetime="2026-07-02T00:30:00+02:00">July 2, 2026, 00:30</time>'
    assert local_time(EVENING, SEATTLE) == '<time datetime="2026-07-01T15:30:00-07:00">July 1, 2026, 3:30 PM</time>'


@pytest.mark.parametrize(
    ("language", "in_paris", "in_seattle"),
    [("en-GB,en;q=0.9", "00:30", "15:30"), ("en-US,en;q=0.9", "12:30 AM", "3:30 PM"), ("en", "00:30", "3:30 PM")],
)
def test_the_readers_english_decides_the_clock_and_else_the_citys_habit(language, in_paris, in_seattle):
    with reader_clock(clock_of_browser(language)):
        assert [local_clock(EVENING, city) for city in (PARIS, SEATTLE)] == [in_paris, in_seattle]


@pytest.mark.parametrize("language", ["es-ES", "", "x" * 10_000, "en-US;q=nonsense", "\0"])
def test_spanish_has_24_hours_and_an_odd_header_decides_nothing(language):
    with reader_clock(clock_of_browser(language)), translation.override("es"):
        assert local_clock(EVENING, SEATTLE) == "15:30"
    assert clock_of_browser(language) is None


def test_no_moment_shows_nothing():
    assert local_time(None, PARIS) == ""
    assert render("{{ ride.end_time|local_time:city }}", city=PARIS) == ""


def test_a_span_names_its_day_once():
    assert ">00:35</time>" in local_span(EVENING, EVENING + timedelta(minutes=5), PARIS)


def test_a_span_over_midnight_names_both_days():
    assert ">July 2, 2026, 00:30</time>" in local_span(EVENING - timedelta(hours=1), EVENING, PARIS)


def test_a_span_without_an_end_is_its_beginning():
    assert local_span(EVENING, None, PARIS) == local_time(EVENING, PARIS)


def test_an_icon_is_hidden_from_screen_readers():
    html = render('{% icon "bicycle" %}')
    assert 'aria-hidden="true"' in html
    assert "sprite" in html
    assert '#bicycle"' in html


def test_a_vehicle_icon_takes_a_type_spelled_either_way():
    assert '#e-bike"' in render('{% vehicle_icon "e-bike" %}')
    assert '#e-bike"' in render('{% vehicle_icon "e_bike" %}')


def test_an_avatar_follows_the_id_and_not_the_name():
    before, after, another = (
        SimpleNamespace(id=id_, username=name) for id_, name in [(1, "ada"), (1, "bob"), (2, "ada")]
    )
    source = "{% load people %}{% avatar person size=72 %}"
    drawn = [render(source, person=person) for person in (before, after, another)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert 'width="72" height="72"' in drawn[0]


def test_every_icon_that_a_page_uses_is_in_the_sprite():
    sprite = (ROOT / "static" / ICONS).read_text()
    drawn = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    pages = (ROOT / "templates").rglob("*.html")
    used = {name for page in pages for name in re.findall(r"""{% icon ["']([^"']+)""", page.read_text())}
    assert used <= drawn
    assert drawn <= used


@pytest.mark.parametrize("kind", ["bike", "e-bike", "scooter", "skateboard", "moped", "car", "lorry", "truck"])
def test_every_type_of_vehicle_has_a_drawing(kind):
    assert f'<symbol id="{kind}"' in (ROOT / "static" / VEHICLES).read_text()


def test_no_page_carries_inline_script_or_style():
    for page in (ROOT / "templates").rglob("*.html"):
        source = page.read_text()
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", source), page


@pytest.mark.parametrize(
    ("theme", "scheme", "night"),
    [
        ("auto", "light dark", "screen and (prefers-color-scheme: dark)"),
        ("dark", "dark", "screen"),
        ("light", "light", None),
    ],
)
def test_a_page_is_light_or_dark_as_the_person_chose(theme, scheme, night):
    page = render_to_string("base.html", {"user": SimpleNamespace(theme=theme)})
    assert f'data-theme="{theme}"' in page
    assert f'name="color-scheme" content="{scheme}"' in page
    sheet = re.search(r'tokens-dark[^"]*" media="([^"]*)">', page)
    assert (sheet and sheet[1]) == night


@pytest.mark.parametrize("template", ["base.html", "404.html"])
def test_an_anonymous_page_follows_the_devices_theme(template):
    page = render_to_string(template)
    assert re.search(r'tokens-dark[^"]*" media="screen and \(prefers-color-scheme: dark\)">', page)
    assert 'content="light dark"' in page
