"""The photo of a parked vehicle. It may be added until the ride ends, and ending may require it."""

import uuid

from accounts.models import User
from movr_project.db.retry import retry_transaction
from photos.models import Subject
from photos.pictures import Picture
from photos.services import discard_on_commit, put_photo, stored

from .services import locked_ride


def add_parking_photo(*, city: str, ride_id: uuid.UUID, rider: User, picture: Picture) -> None:
    """Add the photo to an open ride, in place of an earlier one. Does nothing for a ride that has ended.

    Locks the ride and its vehicle. Raises ``RideRefused``: ``ride_gone``, and ``PhotoRefused``.
    """
    with stored(picture) as name:
        _add(city, ride_id, rider, picture, name)


@retry_transaction(idempotent=True)
def _add(city: str, ride_id: uuid.UUID, rider: User, picture: Picture, name: str) -> None:
    if locked_ride(city, ride_id, rider=rider).is_open:
        put_photo(Subject.RIDE, city, ride_id, photographer=rider, picture=picture, name=name)
    else:
        discard_on_commit(name)
