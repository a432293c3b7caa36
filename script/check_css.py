"""Check MovR's style sheets. See ``check`` for the rules."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tinycss2

ROOT = Path(__file__).resolve().parent.parent
MAX_LINES = 400
# Used next to Django's own style sheets, which have no layers and so take precedence over layered rules.
UNLAYERED_SHEETS = {"movr-admin.css", "admin-day.css", "admin-person.css"}
OUTSIDE_LAYERS = {"import", "layer", "page"}
# Classes that don't appear in our sources: those of libraries, by prefix or name, and those built with a number.
ALLOWED_PREFIXES = (
    "leaflet-",  # Leaflet's script
    "form-",  # crispy-bootstrap5's templates
    "field-",  # the admin's lists, one per column
)
ALLOWED_CLASSES = {
    "asteriskField",  # crispy-bootstrap5
    "is-invalid",  # crispy-bootstrap5
    # The admin's templates.
    "content",
    "nowrap",
    "quiet",
    "readonly",
    "shifted",
    # day-hours-{{ … }} on the two days per year on which clocks change.
    "day-hours-23",
    "day-hours-25",
}
MAX_CLASSES = 2  # per Python string; longer strings are sentences
NO_SOURCES = {".venv", "tests", "migrations", "vendor", "node_modules", "staticfiles"}
CLASS_ATTRIBUTE = re.compile(r"""\bclass="((?:\{%.*?%\}|\{\{.*?\}\}|[^"])*)\"""")
SCRIPT_STRING = re.compile(r"""(["'`])((?:\\.|(?!\1).)*)\1""")
WORD = re.compile(r"[\w-]+")


def check(sheets: list[Path], written: set[str]) -> Iterator[str]:
    """Yield a line per problem.

    Reports syntax errors; more than ``MAX_LINES`` lines; rules outside the layers that ``@layer a, b;`` declares;
    nested rules; selectors or properties repeated in a rule; and classes that are not among the ``written`` words. A
    property repeated on the next line is a fallback for older browsers.
    """
    parsed = {path: tinycss2.parse_stylesheet(path.read_text(), True, True) for path in sheets}
    declared = {name for rules in parsed.values() for name in _declared_layers(rules)}
    for path, rules in parsed.items():
        lines = len(path.read_text().splitlines())
        if lines > MAX_LINES:
            yield f"{path.name}: {lines} lines (at most {MAX_LINES} allowed)"
        found = [*_layer_problems(rules, declared, path.name), *_rule_problems(rules, written)]
        yield from (f"{path.name}:{line}: {problem}" for line, problem in sorted(found))


def _declared_layers(rules: list[Any]) -> list[str]:
    """Return the names of the statements ``@layer a, b;``."""
    statements = [rule for rule in rules if rule.type == "at-rule" and rule.lower_at_keyword == "layer"]
    return [name for rule in statements if rule.content is None for name in _names(rule.prelude)]


def _names(tokens: list[Any]) -> list[str]:
    return [token.value for token in tokens if token.type == "ident"]


def _layer_problems(rules: list[Any], declared: set[str], sheet: str) -> Iterator[tuple[int, str]]:
    for rule in rules:
        keyword = rule.lower_at_keyword if rule.type == "at-rule" else ""
        if keyword not in OUTSIDE_LAYERS and sheet not in UNLAYERED_SHEETS:
            yield rule.source_line, "not in a layer"
        for name in _layers_used(rule, keyword):
            if name not in declared:
                yield rule.source_line, f"layer {name} is not declared"
        if keyword == "import" and not _layers_used(rule, keyword):
            yield rule.source_line, "imported into no layer"


def _layers_used(rule: Any, keyword: str) -> list[str]:
    if keyword == "layer":
        return _names(rule.prelude)
    if keyword == "import":
        functions = [token for token in rule.prelude if token.type == "function" and token.lower_name == "layer"]
        return [name for function in functions for name in _names(function.arguments)]
    return []


def _rule_problems(rules: list[Any], written: set[str]) -> Iterator[tuple[int, str]]:
    for rule in rules:
        if rule.type == "error":
            yield rule.source_line, f"does not parse: {rule.message}"
        elif rule.type == "qualified-rule":
            yield from _selector_problems(rule, written)
            yield from _declaration_problems(rule)
        elif rule.type == "at-rule" and rule.content is not None and rule.lower_at_keyword not in {"page", "keyframes"}:
            yield from _rule_problems(tinycss2.parse_rule_list(rule.content, True, True), written)


def _selector_problems(rule: Any, written: set[str]) -> Iterator[tuple[int, str]]:
    selectors = [selector.strip() for selector in tinycss2.serialize(rule.prelude).split(",\n")]
    for selector in sorted({selector for selector in selectors if selectors.count(selector) > 1}):
        yield rule.source_line, f"{selector} twice in one rule"
    for name in _classes(rule.prelude):
        if not _is_written(name, written):
            yield rule.source_line, f".{name} is not used anywhere"


def _classes(tokens: list[Any]) -> Iterator[str]:
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "ident" and before and before.type == "literal" and before.value == ".":
            yield token.value
        elif token.type in {"function", "() block"}:
            yield from _classes(token.arguments if token.type == "function" else token.content)


def _is_written(name: str, written: set[str]) -> bool:
    """Return whether a class is used: written in full, by a library, or composed, as in ``day-{{ day.state }}``."""
    if name in written or name in ALLOWED_CLASSES or name.startswith(ALLOWED_PREFIXES):
        return True
    return any(name.startswith(head) and name.removeprefix(head) in written for head in written if head.endswith("-"))


def _declaration_problems(rule: Any) -> Iterator[tuple[int, str]]:
    last, seen = None, set()
    for item in tinycss2.parse_blocks_contents(rule.content, True, True):
        if item.type == "error":
            yield item.source_line, f"does not parse: {item.message}"
        elif item.type != "declaration":
            yield item.source_line, "a rule inside a rule"
        else:
            value = tinycss2.serialize(item.value).strip()
            is_fallback = last is not None and last[0] == item.name and last[1] != value
            if item.name in seen and not is_fallback:
                yield item.source_line, f"{item.name} twice in one rule"
            seen.add(item.name)
            last = item.name, value


def written_words(root: Path) -> set[str]:
    """Return possible classes: words in class attributes, in scripts' strings, and alone in Python strings."""
    words: set[str] = set()
    for path in root.rglob("*.*"):
        read = {".html": _template_words, ".js": _script_words, ".py": _python_words}.get(path.suffix)
        if read and not NO_SOURCES & set(path.relative_to(root).parts):
            words.update(read(path.read_text()))
    return words


def _template_words(text: str) -> Iterator[str]:
    for attribute in CLASS_ATTRIBUTE.findall(text):
        yield from WORD.findall(attribute)


def _script_words(text: str) -> Iterator[str]:
    for _quote, string in SCRIPT_STRING.findall(text):
        yield from WORD.findall(string)


def _python_words(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from _template_words(node.value)
            if all(map(WORD.fullmatch, node.value.split())) and len(node.value.split()) <= MAX_CLASSES:
                yield from node.value.split()


def main() -> int:
    problems = list(check(sorted((ROOT / "static/css").glob("*.css")), written_words(ROOT)))
    print("\n".join(problems) or "The style sheets are clean.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
