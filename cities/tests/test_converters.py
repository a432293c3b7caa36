"""Cities in URLs: `/vehicles/new-york/…/`."""

import uuid

import pytest
from django.urls import Resolver404, resolve, reverse

from cities.converters import CityConverter
from cities.registry import registry

pytestmark = pytest.mark.django_db

ID = uuid.UUID("142b7c9e-6227-4dbb-b188-b1dac57d5521")


def test_the_slug_of_a_served_city_is_that_city():
    assert resolve(f"/vehicles/new-york/{ID}/").kwargs["city"] is registry["new york"]


@pytest.mark.parametrize(
    "slug",
    [
        "atlantis",
        "New-York",
        "new york",
        "new--york",
        "-rome",
        "rome-",
        "new%20york",
        "rome\x00",
        "röm",
        "1",
        "x" * 5000,
    ],
)
def test_any_other_address_leads_nowhere(slug):
    with pytest.raises(Resolver404):
        resolve(f"/vehicles/{slug}/{ID}/")


@pytest.mark.parametrize("city", ["washington dc", "washington-dc"])
def test_an_address_is_made_from_a_name(city):
    assert reverse("fleet:vehicle_detail", args=[city, ID]) == f"/vehicles/washington-dc/{ID}/"


def test_an_address_is_made_from_a_city():
    assert reverse("fleet:vehicle_detail", args=[registry["new york"], ID]) == f"/vehicles/new-york/{ID}/"


def test_every_city_is_found_under_the_address_made_from_it():
    converter = CityConverter()
    for city in registry:
        assert converter.to_python(converter.to_url(city)) is city
