"""Pictures for tests."""

from io import BytesIO
from typing import Any

from PIL import Image


def picture(width: int = 40, height: int = 30, *, format: str = "JPEG", mode: str = "RGB", **options: Any) -> bytes:  # noqa: A002
    content = BytesIO()
    Image.new(mode, (width, height), "teal" if mode == "RGB" else 0).save(content, format, **options)
    return content.getvalue()
