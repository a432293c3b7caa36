"""Riders who can't log in."""

import unicodedata
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password

from accounts.models import User
from cities.models import City

from .streams import next_id, stream
from .words import NAMES, OTHER_NAMES

JOINED_DAYS_AGO = 60, 700  # before their first ride
SEEN_MINUTES_AGO = 1, 20 * 24 * 60


def riders(city: City, number: int, *, seed: int, now: datetime) -> Iterator[User]:
    """Yield unsaved residents of a city."""
    ids = stream(seed, "rider ids", city.name)
    rng = stream(seed, "riders", city.name)
    first_names, family_names = NAMES.get(city.name, OTHER_NAMES)
    for index in range(1, number + 1):
        first, family = rng.choice(first_names), rng.choice(family_names)
        username = f"{plain(first)}.{plain(family)}.{city.code.lower()}{index}"
        joined = now - timedelta(days=rng.randint(*JOINED_DAYS_AGO), seconds=rng.randrange(86_400))
        yield User(
            id=next_id(ids),
            city=city.name,
            username=username,
            email=f"{username}@example.com",
            first_name=first,
            last_name=family,
            password=make_password(None),
            date_joined=joined,
            email_confirmed_at=joined,
            is_listed=True,
            last_seen=now - timedelta(minutes=rng.randrange(*SEEN_MINUTES_AGO)),
        )


def plain(name: str) -> str:
    """Return a name in the form of usernames: ``Élise`` becomes ``elise``."""
    letters = unicodedata.normalize("NFKD", name.lower())
    return "".join(letter for letter in letters if "a" <= letter <= "z")
