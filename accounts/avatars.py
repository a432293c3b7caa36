"""Generated avatars, drawn here so that no other site learns who views whose profile."""

import math
from functools import lru_cache
from hashlib import sha256

from django.utils.html import format_html
from django.utils.safestring import SafeString

# Background and foreground, in MovR's colors. Each pair is legible on light and dark pages.
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
SECTORS = 6  # per half of a ring; the other half is a mirror image


@lru_cache(maxsize=1000)
def avatar_svg(seed: str, size: int) -> SafeString:
    """Return an SVG that depends only on the seed.

    It is hidden from screen readers, as the person's name is always shown next to it.
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
    """Return the hub and the filled sectors of each ring: one bit of the hash per mirrored pair."""
    parts = ["M37 32a5 5 0 1 1-10 0a5 5 0 1 1 10 0z"]
    for byte, (inner, outer) in zip(digest[1:], RINGS, strict=False):
        for sector in range(SECTORS):
            if byte >> sector & 1:
                parts += [_sector(sector, inner, outer), _sector(2 * SECTORS - 1 - sector, inner, outer)]
    return parts


def _sector(number: int, inner: int, outer: int) -> str:
    """Return a segment of a ring. Number 0 starts at the top, and they continue clockwise."""
    begin, end = (math.pi * n / SECTORS for n in (number, number + 1))
    return (
        f"M{_point(begin, inner)}L{_point(begin, outer)}A{outer} {outer} 0 0 1 {_point(end, outer)}"
        f"L{_point(end, inner)}A{inner} {inner} 0 0 0 {_point(begin, inner)}z"
    )


def _point(angle: float, radius: int) -> str:
    return f"{32 + radius * math.sin(angle):.1f} {32 - radius * math.cos(angle):.1f}"
