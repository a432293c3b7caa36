"""The problems that script/check_css.py reports."""

import pytest

from script.check_css import ROOT, check, written_words

LAYERS = "@layer base, map;\n"


@pytest.fixture
def problems(tmp_path):
    """Return the problems of a style sheet, on a site with the classes ``card``, ``day-`` and ``past``."""

    def problems_of(text, name="some.css"):
        sheet = tmp_path / name
        sheet.write_text(text)
        return list(check([sheet], {"card", "day-", "past"}))

    return problems_of


def test_our_style_sheets_have_no_problems():
    sheets = sorted((ROOT / "static/css").glob("*.css"))
    assert sheets
    assert list(check(sheets, written_words(ROOT))) == []


@pytest.mark.parametrize(
    "rule",
    [
        ".card { color: red; }",
        ".day-past { color: red; }",
        ".form-label, .leaflet-bar a { color: red; }",
        ".card { height: 100vh; height: 100dvh; }",
        "@media print { .card:not(.card) { color: red; } }",
    ],
)
def test_a_good_rule_has_none(problems, rule):
    assert problems(f"{LAYERS}@layer base {{ {rule} }}") == []


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (".lost { color: red; }", ".lost is not used anywhere"),
        (".day-lost { color: red; }", ".day-lost is not used anywhere"),
        ("@media print { .card:not(.lost) { color: red; } }", ".lost is not used anywhere"),
        (".card { color: red; top: 0; color: blue; }", "color twice in one rule"),
        (".card { color: red; color: red; }", "color twice in one rule"),
        (".card,\n.card { color: red; }", ".card twice in one rule"),
        (".card { .card { color: red; } }", "a rule inside a rule"),
        (".card { color red; }", "does not parse"),
    ],
)
def test_a_bad_rule_has_one(problems, rule, problem):
    (found,) = problems(f"{LAYERS}@layer base {{ {rule} }}")
    assert found.startswith("some.css:2: ")
    assert problem in found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("@layer bsae { .card { color: red; } }", "layer bsae is not declared"),
        (".card { color: red; }", "not in a layer"),
        ('@import url("other.css") layer(other);', "layer other is not declared"),
        ('@import url("other.css");', "imported into no layer"),
    ],
)
def test_each_rule_is_in_a_layer_that_is_declared(problems, text, problem):
    assert problems(LAYERS + text) == [f"some.css:2: {problem}"]


def test_the_admins_sheet_has_no_layers(problems):
    assert problems(".card { color: red; }", name="movr-admin.css") == []


def test_a_sheet_is_short(problems):
    assert problems("\n" * 401) == ["some.css: 401 lines (at most 400 allowed)"]


def test_classes_are_looked_for_in_templates_scripts_and_python(tmp_path):
    (tmp_path / "page.html").write_text("""<p class="one{% if x == "y" %} two{% endif %}">three</p>""")
    (tmp_path / "script.js").write_text('box.className = "four"; // five')
    (tmp_path / "tags.py").write_text("""HTML, KIND = '<b class="six">', "seven"\nWORDS = "not eight or more"\n""")
    words = written_words(tmp_path)
    assert {"one", "two", "four", "six", "seven"} <= words
    assert not {"three", "five", "eight"} & words
