"""Draw the streets under the maps in screenshots: an invented city, so that no map's licence applies to the pictures.

Only the course of the river and the size of the city resemble Paris. Everything else comes from a few formulas: blocks
are cells of a grid that is bent by sines, some streets are left out, and avenues join a few squares. The same tile is
the same picture every time.
"""

import io
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from math import asinh, cos, hypot, pi, radians, sin, tan
from zlib import crc32

from PIL import Image, ImageColor, ImageDraw

Point = tuple[float, float]  # metres east and north of the centre, or pixels of a tile

CENTRE = 48.8566, 2.3522  # degrees
EARTH_CIRCUMFERENCE_M = 40_075_017
TILE = 256  # pixels
FINER = 2  # drawn so many times as large, then reduced, for smooth edges
TILE_PATH = re.compile(r"/(\d{1,2})/(\d{1,7})/(\d{1,7})\.png")
ATTRIBUTION = "Streets invented for this picture"

LAND, PARK, WATER = "#efece6", "#cfe5c1", "#aacfe6"
STREET, AVENUE, AVENUE_EDGE, RING, RING_EDGE = "#ffffff", "#fdf2cf", "#dfd3ae", "#f7cf94", "#d9ab66"
COLORS = [LAND, PARK, WATER, STREET, AVENUE, AVENUE_EDGE, RING, RING_EDGE]

BLOCK_M = (118.0, 84.0)  # the sides of a block before bending
BEND_M = 320  # the most that bending moves a point
AVENUE_EVERY = (7, 9)  # blocks between two avenues
STEPS = 4  # points of a street per block
RING_RADII_M = (5200.0, 4600.0)
RIVER_M = 150
RIVER = [
    (9000, -7200), (5200, -5200), (3300, -2900), (2250, -1500), (1200, -700), (100, -330), (-900, 250), (-1900, 780),
    (-2800, 800), (-3700, 300), (-4300, -450), (-4900, -1500), (-5800, -3000), (-7600, -3600), (-9200, -1500),
]  # fmt: skip
SQUARES = {
    "star": (-4000.0, 1850.0), "west": (-2250.0, 1150.0), "opera": (-1450.0, 1600.0), "north": (850.0, 1250.0),
    "east": (1250.0, -300.0), "far east": (3050.0, -850.0), "south": (-1450.0, -2400.0), "gate": (300.0, 3600.0),
    "hill": (2600.0, 2300.0), "south gate": (700.0, -3500.0),
}  # fmt: skip
AVENUES = [
    ("star", "west"), ("west", "opera"), ("opera", "north"), ("north", "east"), ("east", "far east"), ("star", "gate"),
    ("opera", "gate"), ("north", "gate"), ("north", "hill"), ("hill", "far east"), ("west", "south"),
    ("south", "east"), ("south", "south gate"), ("east", "south gate"), ("star", "opera"),
]  # fmt: skip


# --- The city, in metres ------------------------------------------------------------------------


def bent(u: float, v: float) -> Point:
    """Return where a point of the straight grid is in the city."""
    x = u + 170 * sin(v / 1100 + 0.4) + 70 * sin(u / 610 + v / 900)
    y = v + 150 * sin(u / 1300 + 1.1) + 60 * sin(v / 520 - u / 1500)
    return x * cos(0.42) - y * sin(0.42), x * sin(0.42) + y * cos(0.42)


def straightened(x: float, y: float) -> Point:
    """Undo the turn of ``bent``, but not the bends: at most BEND_M from the point of the grid."""
    return x * cos(0.42) + y * sin(0.42), y * cos(0.42) - x * sin(0.42)


def one_in(number: int, *key: object) -> bool:
    """Return whether a lot falls on a part of the city: always the same one."""
    return crc32(repr(key).encode()) % number == 0


@lru_cache
def river() -> list[Point]:
    """Return a smooth line through RIVER (Catmull-Rom)."""
    line = []
    for before, start, end, after in zip(RIVER, RIVER[1:], RIVER[2:], RIVER[3:], strict=False):
        for step in range(12):
            t = step / 12
            line.append(
                tuple(
                    0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
                    for a, b, c, d in zip(before, start, end, after, strict=True)
                )
            )
    return line


def beside(line: list[Point], metres: float) -> list[Point]:
    """Return a line that runs at a distance to the left of another one, or to the right if that is negative."""
    moved = []
    for (x0, y0), (x1, y1) in pairwise(line):
        length = hypot(x1 - x0, y1 - y0)
        moved.append((x0 - (y1 - y0) / length * metres, y0 + (x1 - x0) / length * metres))
    return moved


def ring() -> list[Point]:
    return [
        (RING_RADII_M[0] * cos(turn * pi / 60) - 300, RING_RADII_M[1] * sin(turn * pi / 60) + 200)
        for turn in range(121)
    ]


@lru_cache
def few_colors() -> Image.Image:
    """Return a palette of the colors and what is between them and the land, so that pictures of maps stay small."""
    land, *others = (ImageColor.getrgb(color) for color in COLORS)
    palette = Image.new("P", (1, 1))
    colors = [
        round((share * one + (FINER**2 - share) * of_land) / FINER**2)
        for other in others
        for share in range(FINER**2 + 1)
        for one, of_land in zip(other, land, strict=True)
    ]
    palette.putpalette(colors)
    return palette


# --- A tile -------------------------------------------------------------------------------------


class Tile:
    """One tile, drawn in layers."""

    def __init__(self, zoom: int, column: int, row: int):
        world = TILE * FINER * 2**zoom  # pixels
        latitude, longitude = CENTRE
        self.per_metre = world / (EARTH_CIRCUMFERENCE_M * cos(radians(latitude)))
        self.left = column * TILE * FINER - world * (longitude / 360 + 0.5)
        self.top = row * TILE * FINER - world * (0.5 - asinh(tan(radians(latitude))) / (2 * pi))
        self.image = Image.new("RGB", (TILE * FINER, TILE * FINER), LAND)
        self.draw = ImageDraw.Draw(self.image)
        self.street_every = 0 if zoom < 13 else 3 if zoom == 13 else 1  # block; 0: none at all

    def png(self) -> bytes:
        self.draw_streets()
        self.draw_parks()
        self.line(river(), RIVER_M, WATER)
        for side in (-1, 1):
            self.line(beside(river(), side * (RIVER_M / 2 + 22)), 14, STREET)
        self.draw_avenues()
        content = io.BytesIO()
        small = self.image.resize((TILE, TILE), Image.Resampling.BOX)
        small.quantize(palette=few_colors(), dither=Image.Dither.NONE).save(content, "PNG")
        return content.getvalue()

    def pixel(self, point: Point) -> Point:
        return point[0] * self.per_metre - self.left, -point[1] * self.per_metre - self.top

    def line(self, points: list[Point], metres: float, color: str, *, more: int = 0) -> None:
        """Draw a line so many metres wide, and ``more`` pixels of a tile, but never thinner than a pixel."""
        width = max(FINER, round(metres * self.per_metre)) + more * FINER
        pixels = [self.pixel(point) for point in points]
        if any(-width < max(axis) and min(axis) < TILE * FINER + width for axis in zip(*pixels, strict=True)):
            self.draw.line(pixels, color, width, joint="curve")

    def blocks(self) -> Iterator[tuple[int, int]]:
        """Yield the numbers of all blocks that may be on the tile."""
        edges = (0, TILE * FINER)
        corners = [
            straightened((x + self.left) / self.per_metre, -(y + self.top) / self.per_metre)
            for x in edges
            for y in edges
        ]
        (first, last), (low, high) = (
            (int((min(axis) - BEND_M) // side), int((max(axis) + BEND_M) // side))
            for axis, side in zip(zip(*corners, strict=True), BLOCK_M, strict=True)
        )
        yield from ((column, row) for column in range(first, last + 1) for row in range(low, high + 1))

    def draw_streets(self) -> None:
        for column, row in self.blocks() if self.street_every else ():
            for along, number in enumerate((column, row)):
                if number % self.street_every == 0 and not one_in(5, along, column, row):
                    self.line(_side(column, row, along), 8, STREET)

    def draw_parks(self) -> None:
        """Turn some groups of blocks into parks. Large ones are drawn from each of their blocks alike."""
        for column, row in self.blocks():
            if one_in(31, "park", column // 3, row // 4):
                outline = [
                    bent(BLOCK_M[0] * (column + i), BLOCK_M[1] * (row + j)) for i, j in ((0, 0), (1, 0), (1, 1), (0, 1))
                ]
                self.draw.polygon([self.pixel(point) for point in outline], PARK)

    def draw_avenues(self) -> None:
        """Draw all edges first, so that crossings are open."""
        avenues = [[SQUARES[start], SQUARES[end]] for start, end in AVENUES]
        for column, row in self.blocks() if self.street_every else ():
            avenues += [
                _side(column, row, along)
                for along, number in enumerate((column, row))
                if number % AVENUE_EVERY[along] == 0
            ]
        for line in avenues:
            self.line(line, 22, AVENUE_EDGE, more=1)
        self.line(ring(), 34, RING_EDGE, more=1)
        for line in avenues:
            self.line(line, 22, AVENUE)
        self.line(ring(), 34, RING)
        for square in SQUARES.values():
            self.dot(square, 55, AVENUE)
            self.dot(square, 25, PARK)

    def dot(self, centre: Point, radius_m: float, color: str) -> None:
        (x, y), radius = self.pixel(centre), radius_m * self.per_metre
        self.draw.ellipse((x - radius, y - radius, x + radius, y + radius), color)


def _side(column: int, row: int, along: int) -> list[Point]:
    """Return the side of a block: the one along its column, or the one along its row."""
    width, height = BLOCK_M
    if along:
        return [bent(width * (column + step / STEPS), height * row) for step in range(STEPS + 1)]
    return [bent(width * column, height * (row + step / STEPS)) for step in range(STEPS + 1)]


# --- The server ---------------------------------------------------------------------------------


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        asked = TILE_PATH.fullmatch(self.path)
        if asked is None:
            self.send_error(404)
            return
        content = Tile(*map(int, asked.groups())).png()
        with suppress(ConnectionError):  # the page has moved on
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, *_details: object) -> None:
        pass


@contextmanager
def street_tiles() -> Iterator[str]:
    """Serve tiles during the block, and give the value of MAP_TILE_URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{{z}}/{{x}}/{{y}}.png"
        server.shutdown()
