import re
import uuid
from xml.etree import ElementTree

import pytest

from accounts.avatars import COLORS, avatar_svg

SVG = "{http://www.w3.org/2000/svg}"
SEEDS = [str(uuid.UUID(int=number)) for number in range(200)]


def drawn(seed: str) -> ElementTree.Element:
    return ElementTree.fromstring(avatar_svg(seed, 36))  # noqa: S314 - our own output


def test_a_person_has_the_same_picture_every_time():
    assert avatar_svg("ada", 36) == avatar_svg("ada", 36)


def test_people_have_different_pictures():
    assert len({avatar_svg(seed, 36) for seed in SEEDS}) == len(SEEDS)


def test_the_size_changes_nothing_but_the_size():
    assert avatar_svg("ada", 36).replace('"36"', '"128"') == avatar_svg("ada", 128)


def test_every_color_is_used():
    discs = {drawn(seed).find(f"{SVG}circle").get("fill") for seed in SEEDS}
    assert discs == {disc for disc, _drawing in COLORS}


def test_a_picture_asks_no_other_site_and_needs_no_style():
    for seed in SEEDS:
        picture = avatar_svg(seed, 36).replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert not re.search(r"https?:|//|href|url\(|style|<script|<image|<use", picture)


@pytest.mark.parametrize("seed", ["", '"><script>alert(1)</script>', "\0", "Ünï ☃ 🚲", "a" * 10_000])
def test_any_seed_gives_a_plain_picture_without_the_seed_in_it(seed):
    root = drawn(seed)
    assert [element.tag for element in root.iter()] == [f"{SVG}svg", f"{SVG}circle", f"{SVG}path"]
    assert re.fullmatch(r"[MLAaz0-9. -]+", root.find(f"{SVG}path").get("d"))


def test_screen_readers_ignore_it_as_the_name_is_next_to_it():
    assert 'aria-hidden="true"' in avatar_svg("ada", 36)


def test_a_size_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="invalid literal"):
        avatar_svg("ada", '36" onload="x')
