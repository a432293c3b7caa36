"""Export and anonymise a person's rides. See ``accounts.personal_data``."""

from typing import Any

from accounts.models import User
from accounts.personal_data import PersonalData, forget_words_in_staff_log, register

from .gpx import gpx
from .models import Ride

FIELDS = (
    "city",
    "id",
    "vehicle_id",
    "start_location",
    "start_latitude",
    "start_longitude",
    "start_time",
    "end_location",
    "end_latitude",
    "end_longitude",
    "end_time",
    "length",
    "paused_at",
    "pause_until",
    "paused_for",
)


def export(user: User) -> list[dict[str, Any]]:
    return list(Ride.objects.of_rider(user).newest_first().values(*FIELDS))


def _map(user: User) -> bytes:
    return gpx(Ride.objects.of_rider(user).ended().newest_first())


def part_from_rider(user: User) -> None:
    forget_words_in_staff_log(Ride.objects.of_rider(user))
    Ride.objects.of_rider(user).update(rider_id=None)


register(PersonalData("rides", export, part_from_rider, files={"rides.gpx": _map}))
