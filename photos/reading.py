"""Find and read photos."""

import uuid

from django.http import Http404
from django.utils.html import format_html
from django.utils.safestring import SafeString

from .errors import using_storage
from .models import Photo, Subject, photo_storage

PANEL_WIDTH = 320  # pixels


def photo_of(subject: Subject, city: str, subject_id: uuid.UUID) -> Photo | None:
    return Photo.objects.filter(city=city, subject=subject, subject_id=subject_id).first()


def content_of(photo: Photo) -> bytes:
    """Return a photo's file. 404 if it is not in the storage, as with a restored database.

    Raises ``PhotoRefused``: ``photo_storage_unavailable``.
    """
    try:
        with using_storage(), photo_storage().open(photo.file) as file:
            content: bytes = file.read()
    except FileNotFoundError:
        raise Http404 from None
    return content


def photo_panel(subject: Subject, city: str, subject_id: uuid.UUID) -> SafeString | str:
    """Return a photo for a page of the admin, with a link to its full size."""
    photo = photo_of(subject, city, subject_id)
    if photo is None:
        return "-"
    return format_html(
        '<a href="{0}"><img src="{0}" width="{1}" height="{2}" alt="{3}"></a>',
        photo.get_absolute_url(),
        PANEL_WIDTH,
        round(PANEL_WIDTH * photo.height / photo.width),
        photo,
    )
