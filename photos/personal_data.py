"""Export and erase a person's photos. See ``accounts.personal_data``."""

from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from accounts.personal_data import PersonalData, register

from .models import Photo
from .services import delete_photos

FIELDS = ("city", "subject", "subject_id", "created_at", "width", "height", "size")


def export(user: User) -> list[dict[str, Any]]:
    """Return what is known of each photo, and the address of its picture."""
    rows = _photos(user).order_by("created_at")
    return [{name: getattr(photo, name) for name in FIELDS} | {"url": photo.get_absolute_url()} for photo in rows]


def erase(user: User) -> None:
    delete_photos(_photos(user))


def _photos(user: User) -> QuerySet[Photo]:
    """Return the person's photos in all cities."""
    return Photo.objects.filter(photographer_city=user.city, photographer_id=user.id)


register(PersonalData("photos", export, erase))
