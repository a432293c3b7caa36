"""Check a file that is said to be a picture, and make a smaller one of it that has nothing but its pixels."""

from dataclasses import dataclass
from io import BytesIO
from typing import IO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

MAX_BYTES = 8 * 1024 * 1024
MAX_PIXELS = 30_000_000  # decoding takes up to four bytes for each
MAX_SIDE = 1600  # pixels, of what is kept
QUALITY = 80
TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


@dataclass(frozen=True)
class Picture:
    """A JPEG file without EXIF data, comments or a colour profile, at most MAX_SIDE pixels wide and high."""

    content: bytes
    width: int
    height: int


def read_picture(file: IO[bytes], *, size: int) -> Picture:
    """Decode a JPEG, PNG or WebP file of ``size`` bytes, whatever its name says, and encode it again.

    Nothing is decoded before its dimensions are known to be harmless. Raises ``ValidationError``: ``too_large``
    (bytes), ``too_many_pixels``, ``not_a_picture``.
    """
    if size > MAX_BYTES:
        sentence = _("The photo is larger than %(megabytes)d MB.") % {"megabytes": MAX_BYTES // 1024**2}
        raise ValidationError(sentence, code="too_large")
    try:
        with Image.open(file, formats=list(TYPES)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise _too_many_pixels()
            return _encoded(_small(image))
    except ValidationError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels() from None
    except Exception as error:  # decoders raise whatever a malformed file leads them to
        raise ValidationError(_("Choose a photo in JPEG, PNG or WebP format."), code="not_a_picture") from error


def _too_many_pixels() -> ValidationError:
    sentence = _("The photo has more than %(megapixels)d megapixels.") % {"megapixels": MAX_PIXELS // 1_000_000}
    return ValidationError(sentence, code="too_many_pixels")


def _small(image: Image.Image) -> Image.Image:
    image.draft("RGB", (MAX_SIDE, MAX_SIDE))  # a JPEG is decoded at a fraction of its size
    image.thumbnail((MAX_SIDE, MAX_SIDE))
    return ImageOps.exif_transpose(image).convert("RGB")


def _encoded(image: Image.Image) -> Picture:
    image.info = {}  # a comment would be written again
    content = BytesIO()
    image.save(content, "JPEG", quality=QUALITY)
    return Picture(content.getvalue(), image.width, image.height)
