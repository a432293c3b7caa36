"""News: what open pages ask for every few seconds, so that notifications arrive without a reload."""

import pytest
from django.test import Client

from accounts.models import User
from accounts.services import log_out_everywhere
from accounts.tests.factories import NotificationFactory, UserFactory
from documents.models import Document
from movr_project.db.retry import run_transaction
from movr_project.tests.api import api_client
from movr_project.tests.locality import assert_local
from movr_project.tests.threads import at_once
from notifications import views
from notifications.models import Notification
from notifications.services import mark_all_read, notify, publish

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

LIST = "/notifications/"
API = "/api/v1/notifications"


def news(client, since=0, **headers):
    return client.get(LIST, {"since": since}, headers=headers)


def texts(page):
    return [item["data"]["text"] for item in page.json()["news"]]


def sequence_of(person):
    return User.objects.get(id=person.id).notification_sequence


class TestAsking:
    def test_it_says_what_is_new_oldest_first_and_how_many_are_unread(self, rider_client, rider):
        notify(rider, code="ride_long", text="Still riding?", url="/rides/")
        notify(rider, code="report_closed", text="Thanks.")
        NotificationFactory(text="Somebody else's")
        page = news(rider_client)
        answer = page.json()
        assert [item["sequence"] for item in answer["news"]] == [1, 2]
        first = answer["news"][0]
        assert (first["name"], first["data"]) == ("ride_long", {"text": "Still riding?", "url": "/rides/"})
        assert first["timestamp"].endswith("Z")
        assert (answer["sequence"], answer["unread"], answer["label"]) == (2, 2, "2 unread notifications")
        assert texts(news(rider_client, since=1)) == ["Thanks."]

    def test_nothing_new_costs_no_statement_but_the_persons(self, rider_client, rider, django_assert_num_queries):
        notify(rider, code="a", text="Hello")
        with django_assert_num_queries(1), assert_local():
            page = news(rider_client, since=1)
        assert (page.status_code, page.json()["news"]) == (200, [])
        with django_assert_num_queries(1), assert_local():
            again = news(rider_client, since=1, if_none_match=page.headers["ETag"])
        assert (again.status_code, again.content) == (304, b"")
        notify(rider, code="a", text="Hello again")
        with django_assert_num_queries(2), assert_local():
            page = news(rider_client, since=1, if_none_match=page.headers["ETag"])
        assert texts(page) == ["Hello again"]

    def test_what_was_read_elsewhere_lowers_the_badge(self, rider_client, rider):
        notify(rider, code="a", text="Hello")
        page = news(rider_client, since=1)
        mark_all_read(rider)
        page = news(rider_client, since=1, if_none_match=page.headers["ETag"])
        assert (page.status_code, page.json()["unread"], page.json()["news"]) == (200, 0, [])

    def test_a_job_that_begins_elsewhere_is_news_without_a_notification(self, rider_client, rider):
        page = news(rider_client)
        assert page.json()["jobs"] == 0
        User.objects.filter(id=rider.id).update(active_jobs=1)
        page = news(rider_client, if_none_match=page.headers["ETag"])
        assert (page.status_code, page.json()["jobs"]) == (200, 1)
        assert news(rider_client, if_none_match=page.headers["ETag"]).status_code == 304

    def test_much_comes_in_turns_and_nothing_is_skipped(self, rider_client, rider, monkeypatch):
        monkeypatch.setattr(views, "MAX_NEWS", 3)
        NotificationFactory.create_batch(7, user=rider)
        since, seen = 0, []
        for _turn in range(3):
            answer = news(rider_client, since=since).json()
            seen += [item["sequence"] for item in answer["news"]]
            since = answer["sequence"]
        assert seen == list(range(1, 8))

    def test_a_replaced_one_comes_again_with_its_latest_text(self, rider_client, rider):
        notify(rider, code="a", text="Two messages.", key="inbox", replace=True)
        notify(rider, code="b", text="Hello")
        notify(rider, code="a", text="Three messages.", key="inbox", replace=True)
        assert texts(news(rider_client)) == ["Hello", "Three messages."]

    def test_a_page_from_before_the_database_was_restored_goes_on(self, rider_client, rider):
        notify(rider, code="a", text="Hello")
        assert news(rider_client, since=99).json()["sequence"] == 1

    @pytest.mark.parametrize("since", ["", "x", "-1", "1.5", "٣", "9" * 400, "1\0"])
    def test_a_number_that_is_none_is_refused(self, rider_client, since):
        page = news(rider_client, since=since)
        assert (page.status_code, page.json()["code"]) == (400, "invalid_since")

    def test_whoever_is_logged_out_is_sent_to_the_log_in(self, rider_client, rider):
        log_out_everywhere(user=rider)
        for client in (rider_client, Client()):
            assert news(client).headers["Location"].startswith("/login/?next=")

    def test_it_waits_until_new_terms_are_accepted(self, rider_client):
        Document.objects.create(kind="terms", version=99, text="New terms", must_accept=True)
        assert news(rider_client).headers["Location"].startswith("/terms/accept/")


class TestPublishing:
    def test_pages_get_the_latest_data_of_a_key_and_people_see_none_of_it(self, rider_client, rider):
        for done in (1, 2, 3):
            publish(rider, code="job_progress", key="export", data={"done": done, "total": 3})
        publish(rider, code="job_progress", key="import", data={"done": 0, "total": 9})
        answer = news(rider_client).json()
        assert [(item["name"], item["data"]["total"]) for item in answer["news"]] == [
            ("job_progress", 3),
            ("job_progress", 9),
        ]
        assert (answer["news"][0]["data"]["done"], answer["unread"]) == (3, 0)
        assert Notification.objects.count() == 2
        page = rider_client.get(LIST)
        assert list(page.context["page"]) == []
        assert api_client(rider, "profile").get(API).json()["items"] == []

    def test_someone_who_left_gets_nothing(self, rider):
        User.objects.filter(id=rider.id).update(is_active=False)
        publish(rider, code="job_progress", key="export", data={})
        assert not Notification.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_ten_at_once_each_has_a_number_of_its_own():
    rider = UserFactory()
    calls = [lambda: notify(rider, code="a", text="Hello")] * 5
    calls += [lambda: notify(rider, code="b", text="Hello", key="k", replace=True)] * 5
    assert at_once(*[lambda call=call: run_transaction(call) for call in calls]) == [None] * 10
    numbers = list(Notification.objects.order_by("sequence").values_list("sequence", flat=True))
    assert len(set(numbers)) == len(numbers) == 6
    assert (numbers[-1], sequence_of(rider)) == (max(numbers), 10)


def test_programs_ask_for_what_is_new_too(rider, django_assert_num_queries):
    client = api_client(rider, "profile")
    notices = NotificationFactory.create_batch(3, user=rider)
    page = client.get(API, {"since": 1}).json()
    assert [item["id"] for item in page["items"]] == [str(notice.id) for notice in notices[1:]]
    assert [item["sequence"] for item in page["items"]] == [2, 3]
    client.get(API, {"since": 3})
    with django_assert_num_queries(1), assert_local():
        page = client.get(API, {"since": 3})
    assert page.json()["items"] == []
    assert client.get(API, {"since": 3}, headers={"If-None-Match": page.headers["ETag"]}).status_code == 304
    assert client.get(API, {"since": "9" * 40}).status_code == 422
