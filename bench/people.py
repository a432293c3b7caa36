"""Riders for benchmarks, logged in by the tree's own code without hashing a password."""

from collections.abc import Iterator
from uuid import UUID, uuid5

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Count
from django.test import Client
from django.utils import timezone

NAMESPACE = UUID("6f1d8bd6-9a7b-4d0c-8f6e-1b5f0a3c2d4e")


def largest_city() -> tuple[str, int]:
    """Return the city with the most vehicles, and their number."""
    vehicles = apps.get_model("fleet", "Vehicle").objects.order_by()
    row = vehicles.values("city").annotate(number=Count("id")).order_by("-number", "city").first()
    return row["city"], row["number"]


def riders(city: str, names: list[str]) -> Iterator[dict[str, str]]:
    """Return the cookies of one browser per rider."""
    model = get_user_model()
    for name in names:
        user = model.objects.create_user(
            name,
            f"{name}@movr.example",
            None,
            id=uuid5(NAMESPACE, name),  # the same on all sides, as avatars depend on it
            city=city,
            first_name="Bench",
            last_name="Rider",
            email_confirmed_at=timezone.now(),
        )
        client = Client()
        client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[-1])
        yield {cookie.key: cookie.coded_value for cookie in client.cookies.values()}
