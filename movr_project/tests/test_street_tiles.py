"""The invented streets under the maps in the pictures of the documentation."""

from io import BytesIO

import pytest
from PIL import Image, ImageColor

from script.street_tiles import AVENUE, LAND, WATER, Tile

pytestmark = pytest.mark.any_engine

NOTRE_DAME = 15, 16597, 11273


def test_a_tile_shows_avenues_and_the_river_and_is_the_same_every_time():
    first, second = (Tile(*NOTRE_DAME).png() for _twice in range(2))
    assert first == second
    with Image.open(BytesIO(first)) as tile:
        assert tile.size == (256, 256)
        colors = {color for _count, color in tile.convert("RGB").getcolors()}
    assert colors >= {ImageColor.getrgb(color) for color in (LAND, WATER, AVENUE)}
