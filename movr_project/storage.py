"""Where files that people upload are stored."""

from typing import Any
from urllib.parse import urlsplit


def file_storage(place: str) -> dict[str, Any]:
    """Return an entry of STORAGES for a folder, or for ``s3://bucket/prefix``. Files are readable by MovR only."""
    if not place.startswith("s3://"):
        return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": place}}
    url = urlsplit(place)
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": url.netloc,
            "location": url.path.strip("/"),
            "file_overwrite": True,  # names are unique, so there is nothing to look up before writing
        },
    }
