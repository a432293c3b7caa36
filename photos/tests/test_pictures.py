"""What is accepted as a photo, and what is kept of it."""

import struct
import zlib
from io import BytesIO

import pytest
from django.core.exceptions import ValidationError
from PIL import Image
from PIL.ExifTags import Base

from photos import pictures
from photos.pictures import MAX_BYTES, MAX_SIDE, read_picture

from .pictures import picture

pytestmark = pytest.mark.any_engine


def read(content, size=None):
    return read_picture(BytesIO(content), size=len(content) if size is None else size)


def refusal(content, **options):
    with pytest.raises(ValidationError) as refused:
        read(content, **options)
    return refused.value.code


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_that_says(width, height, pixels=b""):
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_pictures_of_cameras_become_jpeg(format_, mode):
    kept = read(picture(60, 40, format=format_, mode=mode if format_ != "WEBP" else "RGB"))
    with Image.open(BytesIO(kept.content)) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (60, 40))


@pytest.mark.parametrize("mode", ["RGBA", "P", "LA", "1", "I;16"])
def test_so_do_unusual_png_files(mode):
    assert (read(picture(format="PNG", mode=mode)).width) == 40


def test_a_large_picture_is_made_smaller():
    kept = read(picture(4000, 3000))
    assert (kept.width, kept.height) == (MAX_SIDE, MAX_SIDE * 3 // 4)


def test_nothing_but_pixels_is_kept():
    exif = Image.Exif()
    exif[Base.Make] = "Phonemaker"
    exif[Base.GPSInfo] = {1: "N", 2: (48.0, 51.0, 24.0)}
    exif[Base.Orientation] = 6  # turned by 90 degrees
    kept = read(picture(60, 40, exif=exif, comment=b"At home", icc_profile=b"a profile"))
    with Image.open(BytesIO(kept.content)) as image:
        assert not image.getexif()
        assert {"exif", "comment", "icc_profile"} & set(image.info) == set()
        assert image.size == (40, 60)
    assert not any(text in kept.content for text in (b"Phonemaker", b"At home", b"a profile", b"Exif"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 1000,
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"\xff\xd8\xff\xe0" + b"x" * 500,
        picture()[:300],
        picture(format="GIF"),
        picture(format="BMP"),
        picture(format="TIFF"),
        png_that_says(10, 10, b"\0" * 20),
        png_that_says(0, 10),
    ],
    ids=["empty", "zeros", "svg", "a header", "cut off", "gif", "bmp", "tiff", "too few pixels", "no width"],
)
def test_anything_else_is_no_picture(content):
    assert refusal(content) == "not_a_picture"


@pytest.mark.parametrize(("width", "height"), [(6000, 6000), (50_000, 50_000), (1, 2**31 - 1)])
def test_a_decompression_bomb_is_not_decoded(monkeypatch, width, height):
    def decode(image):
        raise AssertionError("decoded")

    monkeypatch.setattr(pictures, "_small", decode)
    assert refusal(png_that_says(width, height)) == "too_many_pixels"


def test_a_text_bomb_in_a_png_is_refused():
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"\0" * 10_000_000, 9))
    content = png_that_says(1, 1, b"\0\0\0\0")
    assert refusal(content[:33] + bomb + content[33:]) == "not_a_picture"


def test_a_file_that_is_too_large_is_not_even_opened():
    assert refusal(b"", size=MAX_BYTES + 1) == "too_large"
