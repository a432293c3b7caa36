"""Keep and delete photos.

A file is written before the transaction that names it, and deleted after the one that doesn't any more: storage may be
on the network. What a crash leaves behind in between is deleted by ``delete_old_photos``.
"""

import re
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from cities.registry import registry
from movr_project.db.retry import retry_transaction
from movr_project.errors import Refused
from throttling.services import throttle

from .errors import PhotoRefused, using_storage
from .models import Photo, Subject, photo_storage
from .pictures import Picture

BATCH = 500
FOLDER = re.compile(r"\d{4}-\d\d-\d\d")  # one per day


def count_photo(photographer: User) -> None:
    """Count a photo that a person has sent, before it is decoded. Raises ``Throttled`` above PHOTOS_PER_HOUR."""
    throttle("photo", str(photographer.id), limit=settings.PHOTOS_PER_HOUR)


@contextmanager
def stored(picture: Picture) -> Iterator[str]:
    """Write a photo's file for the transaction in the block, and give its name. It is deleted if that is refused.

    Raises ``PhotoRefused``: ``photo_storage_unavailable``.
    """
    name = f"{timezone.now():%Y-%m-%d}/{uuid.uuid4()}.jpg"
    with using_storage():
        photo_storage().save(name, ContentFile(picture.content))
    try:
        yield name
    except Refused:
        with suppress(PhotoRefused), using_storage():  # a job deletes it later
            _delete_files([name])
        raise


def put_photo(
    subject: Subject, city: str, subject_id: uuid.UUID, *, photographer: User, picture: Picture, name: str
) -> None:
    """Add a ``stored`` photo in place of an earlier one. Part of a transaction that has locked the subject."""
    there = Photo.objects.filter(city=city, subject=subject, subject_id=subject_id)
    if there.filter(file=name).exists():
        return  # the COMMIT that was in doubt did happen
    delete_photos(there)
    photo = Photo(
        city=city,
        subject=subject,
        subject_id=subject_id,
        photographer_city=photographer.city,
        photographer_id=photographer.id,
        file=name,
        width=picture.width,
        height=picture.height,
        size=len(picture.content),
    )
    # With serializable transactions, a photo added since this one began is a conflict, to be retried, not an error.
    Photo.objects.bulk_create([photo], ignore_conflicts=True)


def discard_on_commit(name: str) -> None:
    """Delete a ``stored`` file that turned out not to be needed. Part of a transaction."""
    transaction.on_commit(lambda: _delete_files([name]), robust=True)


def delete_photos(photos: QuerySet[Photo]) -> int:
    """Delete photos, and their files after the commit. Return their number. Part of a transaction."""
    names = list(photos.values_list("file", flat=True))
    if names:
        photos.delete()
        transaction.on_commit(lambda: _delete_files(names), robust=True)
    return len(names)


def _delete_files(names: Collection[str]) -> None:
    for name in names:
        photo_storage().delete(name)


def delete_old_photos(*, days: int) -> int:
    """Delete photos taken more than ``days`` days ago, and files of that age that no photo names. Return the number."""
    limit = timezone.now() - timedelta(days=days)
    number = sum(_delete_old_in(city.name, limit) for city in registry)
    # The last second of a day may have a photo of the next one.
    _delete_folders_before(limit.date() - timedelta(days=1))
    return number


def _delete_old_in(city: str, limit: datetime) -> int:
    number = 0
    while batch := _delete_batch(city, limit):
        number += batch
    return number


@retry_transaction(idempotent=True)
def _delete_batch(city: str, limit: datetime) -> int:
    old = Photo.objects.filter(city=city, created_at__lt=limit).order_by("created_at")
    ids = list(old.values_list("id", flat=True)[:BATCH])
    return delete_photos(Photo.objects.filter(city=city, id__in=ids)) if ids else 0


def _delete_folders_before(limit: date) -> None:
    storage = photo_storage()
    try:
        folders, _files = storage.listdir("")
    except FileNotFoundError:
        return  # nobody has taken a photo yet
    for folder in filter(FOLDER.fullmatch, folders):
        if folder < limit.isoformat():
            _none, names = storage.listdir(folder)
            _delete_files([*(f"{folder}/{name}" for name in names), folder])
