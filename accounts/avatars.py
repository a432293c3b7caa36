"""A picture for each person, drawn here: no other site learns who looks at whom (row B15)."""

import math
from hashlib import sha256

from django.utils.html import format_html
from django.utils.safestring import SafeString

# A wheel in MovR's colors: the disc, and what is drawn on it. Each pair reads on light and dark pages.
COLORS = [
    ("#0a6443", "#d6f24b"),
    ("#d6f24b", "#12201a"),
    ("#6fdca4", "#074a31"),
    ("#f0bf6a", "#573704"),
    ("#a5cad8", "#123f52"),
    ("#2b5d70", "#d6f24b"),
    ("#94590a", "#fdf0cf"),
    ("#f2a19a", "#6d130d"),
]
RINGS = [(8, 14), (15, 21), (22, 28)]  # inner and outer radius in a box of 64
SECTORS = 6  # on each half of a ring; the other half mirrors them


def avatar_svg(seed: str, size: int) -> SafeString:
    """A wheel of its own for each seed, always the same one.

    The person's name stands beside it wherever it is shown, so screen readers pass over it.
    """
    digest = sha256(seed.encode()).digest()
    disc, drawing = COLORS[digest[0] % len(COLORS)]
    return format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" class="avatar" viewBox="0 0 64 64" width="{0}" height="{0}"'
        ' aria-hidden="true"><circle cx="32" cy="32" r="32" fill="{1}"/><path fill="{2}" d="{3}"/></svg>',
        int(size),
        disc,
        drawing,
        "".join(_drawing(digest)),
    )


def _drawing(digest: bytes) -> list[str]:
    """The hub, and the filled sectors of every ring: a bit of the hash for each pair of them."""
    parts = ["M37 32a5 5 0 1 1-10 0a5 5 0 1 1 10 0z"]
    for byte, (inner, outer) in zip(digest[1:], RINGS, strict=False):
        for sector in range(SECTORS):
            if byte >> sector & 1:
                parts += [_sector(sector, inner, outer), _sector(2 * SECTORS - 1 - sector, inner, outer)]
    return parts


def _sector(number: int, inner: int, outer: int) -> str:
    """A piece of a ring; 0 begins at the top, and they go round clockwise."""
    begin, end = (math.pi * n / SECTORS for n in (number, number + 1))
    return (
        f"M{_point(begin, inner)}L{_point(begin, outer)}A{outer} {outer} 0 0 1 {_point(end, outer)}"
        f"L{_point(end, inner)}A{inner} {inner} 0 0 0 {_point(begin, inner)}z"
    )


def _point(angle: float, radius: int) -> str:
    return f"{32 + radius * math.sin(angle):.1f} {32 - radius * math.cos(angle):.1f}"
