"""Of clients that have read the same version, one changes it."""

import pytest

from accounts.models import User
from accounts.tests.factories import UserFactory
from movr_project.tests.api import api_client
from movr_project.tests.threads import at_once, behind

pytestmark = pytest.mark.django_db(transaction=True)

PROFILE = "/api/v1/profile"


def test_of_many_at_once_one_changes_it():
    rider = UserFactory()
    clients = [api_client(rider) for _number in range(4)]
    headers = {"If-Match": clients[0].get(PROFILE)["ETag"]}
    patches = [
        lambda client=client, word=word: client.patch(PROFILE, {"about_me": word}, headers=headers)
        for client, word in zip(clients, "abcd", strict=True)
    ]
    answers = at_once(*patches)
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    (changed,) = [answer for answer in answers if answer.status_code == 200]
    assert User.objects.get(id=rider.id).about_me == changed.json()["about_me"]


def test_a_change_that_is_being_made_counts():
    """The second client has read the profile before the first one's change is committed."""
    rider = UserFactory()
    client = api_client(rider)
    headers = {"If-Match": client.get(PROFILE)["ETag"]}
    (answer,) = behind(
        lambda: User.objects.filter(id=rider.id).update(about_me="first"),
        lambda: client.patch(PROFILE, {"about_me": "second"}, headers=headers),
    )
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
    assert User.objects.get(id=rider.id).about_me == "first"
