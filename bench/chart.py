"""A bar chart as SVG, for light and dark pages."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

WIDTH, LABELS, VALUES, TOP, BAR, GAP = 860, 150, 60, 142, 12, 14
# It has a background of its own, legible on light and dark pages. The bars are distinguishable by color-blind people.
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#12201a}.title{font-weight:600;font-size:15px}.value{font-size:11px}"
    ".ground{fill:#eef3ef}.axis{stroke:#3c4f46}.placed{fill:#0a6443}.together{fill:#4a90c2}.far{fill:#d98a00}.reference{fill:#7b8a94}"
)


class Bar(NamedTuple):
    """A group of bars: a value, or None, for each series."""

    label: str
    values: Mapping[str, float | None]


def chart(title: str, names: Mapping[str, str], bars: Sequence[Bar]) -> str:
    """Draw the chart. ``names`` maps the series' classes to their names in the legend."""
    most = max(value for bar in bars for value in bar.values.values() if value is not None)
    scale = (WIDTH - LABELS - VALUES) / most
    body: list[str] = []
    top = TOP
    for bar in bars:
        shown = {name: value for name, value in bar.values.items() if value is not None}
        middle = top + len(shown) * BAR / 2 + 4
        body.append(f'<text x="{LABELS - 10}" y="{middle:.0f}" text-anchor="end">{escape(bar.label)}</text>')
        for name, value in shown.items():
            width = max(value * scale, 1)
            body.append(
                f'<rect class="{name}" x="{LABELS}" y="{top}" width="{width:.1f}" height="{BAR - 2}"/>'
                f'<text class="value" x="{LABELS + width + 5:.1f}" y="{top + BAR - 3}">{value:.0f}</text>'
            )
            top += BAR
        top += GAP
    height = top + 4
    axis = f'<line class="axis" x1="{LABELS}" y1="{TOP - 6}" x2="{LABELS}" y2="{top - GAP + 4}"/>'
    return "\n".join([_head(title, height), *_legend(names), axis, *body, "</svg>", ""])


def _head(title: str, height: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="t">\n'
        f'<title id="t">{escape(title)}</title>\n<style>{STYLE}</style>\n'
        f'<rect class="ground" width="{WIDTH}" height="{height}" rx="14"/>\n'
        f'<text class="title" x="20" y="28">{escape(title)}</text>'
    )


def _legend(names: Mapping[str, str]) -> list[str]:
    return [
        f'<rect class="{name}" x="20" y="{42 + 20 * number}" width="12" height="12"/>'
        f'<text x="40" y="{53 + 20 * number}">{escape(label)}</text>'
        for number, (name, label) in enumerate(names.items())
    ]
