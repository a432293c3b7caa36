import pytest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from movr_project.web.kept_parts import kept_part

SLOTS = {"id": "id_place", "name": "place", "label": "Place", "value": ""}


@pytest.fixture
def part():
    """Return a function that renders a text field with the given slots."""
    return lambda **slots: kept_part("_text_field.html", SLOTS | slots, has_value=True, maxlength=None)


@pytest.mark.parametrize(
    ("value", "html"),
    [
        ("<b>\"'&", "&lt;b&gt;&quot;&#x27;&amp;"),
        (format_html("<b>{}</b>", "&"), "<b>&amp;</b>"),
        (_("<lazy>"), "&lt;lazy&gt;"),
        (7, "7"),
        ("--slot-value--", "--slot-value--"),
    ],
)
def test_slots_are_escaped_unless_they_are_safe(part, value, html):
    assert f">{html}</label>" in part(label=value)


def test_slots_are_filled_in_anew_each_time(part):
    assert "Here" in part(label="Here")
    assert "Here" not in part(label="There")


def test_no_text_in_a_part_is_taken_for_a_slot():
    html = kept_part("_text_field.html", {"id": "id_place"}, name="place", label="--slot-x--", value="", has_value=True)
    assert "--slot-x--" in html
