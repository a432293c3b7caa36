"""Notifications in the API."""

from accounts.models import User
from accounts.tests.factories import NotificationFactory
from movr_project.tests.api import api_client, organisations_client
from movr_project.tests.locality import assert_local

NOTIFICATIONS = "/api/v1/notifications"


def test_notifications_are_listed_and_read(rider, subtests):
    other = NotificationFactory()
    notices = NotificationFactory.create_batch(3, user=rider)
    client = api_client(rider, "profile")
    with assert_local():
        page = client.get(NOTIFICATIONS, {"per_page": 2}).json()
    assert [item["id"] for item in page["items"]] == [str(notice.id) for notice in reversed(notices)][:2]
    assert len(client.get(page["_links"]["next"]).json()["items"]) == 1
    first = page["items"][0]
    with assert_local():
        assert [client.post(first["_links"]["read"]).status_code for _time in range(2)] == [204, 204]
    assert client.get(first["_links"]["self"]).json()["read_at"]
    assert len(client.get(NOTIFICATIONS, {"unread": "true"}).json()["items"]) == 2
    assert User.objects.get(id=rider.id).unread_notifications == 2
    assert client.post(f"{NOTIFICATIONS}/read").status_code == 204
    assert User.objects.get(id=rider.id).unread_notifications == 0
    path = f"{NOTIFICATIONS}/{other.id}"
    for name, caller, status in (
        ("someone else", client, 404),
        ("wrong scope", api_client(rider, "rides"), 403),
        ("nobody", api_client(), 401),
        ("organisation", organisations_client(["paris"]), 403),
    ):
        with subtests.test(name):
            assert caller.get(path).status_code == status
            assert caller.post(f"{path}/read").status_code == status
