"""Posts in the API."""

import uuid

import pytest

from community.models import Post
from movr_project.tests.api import api_client
from rides.tests.factories import OpenRideFactory, RideFactory

from .factories import MemberFactory

POSTS = "/api/v1/posts"

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna():
    return MemberFactory(username="anna")


def test_a_post_shows_ones_own_ended_ride(anna):
    app, ride = api_client(anna, "community:read", "community:write"), RideFactory(rider=anna)
    data = {"body": "Nice", "ride": {"city": "paris", "id": str(ride.id)}}
    posts = [app.post(POSTS, data, headers={"Idempotency-Key": "one"}).json() for _again in range(2)]
    assert posts[0]["ride"] == {"vehicle_type": "scooter", "seconds": ride.length.total_seconds(), "city": "paris"}
    assert posts[0] == posts[1] == app.get(posts[0]["_links"]["self"]).json()
    assert app.post(POSTS, {"body": "Nothing to show"}).json()["ride"] is None


def test_other_rides_are_refused(anna):
    app = api_client(anna, "community:write")
    refused = [
        ("paris", OpenRideFactory(rider=anna).id, 404, "ride_gone"),
        ("paris", RideFactory().id, 404, "ride_gone"),
        ("rome", RideFactory(rider=anna).id, 404, "ride_gone"),
        ("paris", uuid.uuid4(), 404, "ride_gone"),
        ("atlantis", uuid.uuid4(), 422, "invalid"),
        ("paris", "junk", 422, "invalid"),
    ]
    for city, id_, status, code in refused:
        answer = app.post(POSTS, {"body": "Nice", "ride": {"city": city, "id": str(id_)}})
        assert (answer.status_code, answer.json()["code"]) == (status, code), (city, id_)
    assert not Post.objects.exists()
