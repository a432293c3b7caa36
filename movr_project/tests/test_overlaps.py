"""Forms that save a user's whole row while one of their rides starts or ends.

A new password may log other browsers out first: then there is no ride, but never a counter that disagrees with the
rides.
"""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import PASSWORD, StaffFactory, UserFactory
from fleet.tests.factories import VehicleFactory
from movr_project.tests.threads import at_once
from rides.models import Ride
from rides.tests.factories import OpenRideFactory

pytestmark = pytest.mark.django_db(transaction=True)

NEW_PASSWORD = "another-strange-word"


def posting(person, url, data):
    client = Client(raise_request_exception=False)
    client.force_login(person)
    return lambda: client.post(url, data).status_code


def profile_form(person):
    return {
        "username": person.username,
        "first_name": "Grace",
        "last_name": person.last_name,
        "email": person.email,
        "theme": "dark",
    }


def forms_of(person):
    """Forms that may overlap: the person's own, and staff's in the admin."""
    passwords = {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    by_staff = profile_form(person) | {"is_active": "on", "last_name": "Hopper"}
    change = reverse("admin:accounts_user_change", args=[person.pk])
    return [
        posting(person, reverse("accounts:password_change"), passwords),
        posting(person, reverse("accounts:profile_edit"), profile_form(person)),
        posting(StaffFactory(), change, by_staff),
    ]


def starting(person):
    vehicle = VehicleFactory()
    return posting(person, reverse("rides:ride_start", args=[vehicle.city, vehicle.public_id]), {"token": "t"})


@pytest.mark.parametrize("_round", range(3))
def test_a_ride_that_starts_meanwhile_is_counted(_round):
    rider = UserFactory()
    answers = at_once(starting(rider), starting(rider), *forms_of(rider))
    assert answers == [302] * 5
    rider.refresh_from_db()
    assert Ride.objects.open().count() == rider.open_rides <= 1


@pytest.mark.parametrize("_round", range(3))
def test_a_ride_that_ends_meanwhile_is_counted(_round):
    ride = OpenRideFactory()
    url = reverse("rides:ride_end", args=[ride.city, ride.id])
    ending = posting(ride.rider, url, {"end_location": "Louvre"})
    answers = at_once(ending, *forms_of(ride.rider))
    assert answers == [302] * 4
    assert Ride.objects.open().count() == User.objects.get(pk=ride.rider.pk).open_rides <= 1
