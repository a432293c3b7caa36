import pytest
from django.utils.html import format_html
from django.utils.safestring import mark_safe
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


def test_indentation_and_blank_lines_are_not_sent():
    assert "\n " not in kept_part("_brand.html", {})
    assert "\n\n" not in kept_part("_brand.html", {})


def test_preformatted_text_keeps_its_indentation():
    text = mark_safe("<pre>first\n    second</pre>")
    assert text in kept_part("documents/_text.html", {}, html=text, sections=())
