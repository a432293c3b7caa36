"""Collections of the API: by page number, and by cursor."""

import json
from base64 import urlsafe_b64encode
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import RequestFactory
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import UserFactory
from movr_project.api.errors import ApiError
from movr_project.api.pagination import CursorPaging, Paging, paged, paged_by_cursor

ORDER = ("-date_joined", "-id")


def numbers(**query):
    request = RequestFactory().get("/things", query)
    return json.loads(paged(request, range(25), Paging(**query), lambda number: number).content)


@pytest.mark.any_engine
def test_pages_by_number(subtests):
    for query, items, next_, prev in (
        ({}, range(10), "/things?page=2", None),
        ({"page": 2}, range(10, 20), "/things?page=3", "/things?page=1"),
        ({"page": 3}, range(20, 25), None, "/things?page=2"),
        ({"page": 4}, [], None, "/things?page=3"),
        ({"page": 1000}, [], None, "/things?page=3"),
        ({"per_page": 25}, range(25), None, None),
        ({"per_page": 24}, range(24), "/things?per_page=24&page=2", None),
    ):
        with subtests.test(**query):
            page = numbers(**query)
            assert page["items"] == list(items)
            assert (page["_links"]["next"], page["_links"]["prev"]) == (next_, prev)
            assert page["_meta"]["total_items"] == 25
    empty = paged(RequestFactory().get("/things"), [], Paging(), lambda row: row)
    assert json.loads(empty.content)["_meta"] == {"page": 1, "per_page": 10, "total_pages": 0, "total_items": 0}


def page_of(query="", per_page=2, order=ORDER):
    request = RequestFactory().get(f"/people?{query}")
    cursor = parse_qs(query).get("cursor", [""])[0]
    paging = CursorPaging(per_page=per_page, cursor=cursor)
    response = paged_by_cursor(request, User.objects.all(), paging, lambda user: user.username, order=order)
    return json.loads(response.content)


def follow(link, **options):
    return page_of(urlsplit(link).query, **options)


def test_pages_by_cursor(db, django_assert_num_queries):
    now = timezone.now()
    for number in range(5):  # the first two at the same moment
        UserFactory(username=f"user{number}", date_joined=now - timedelta(seconds=max(number, 1)))
    everyone = list(User.objects.order_by(*ORDER).values_list("username", flat=True))

    first = page_of()
    with django_assert_num_queries(1):
        second = follow(first["_links"]["next"])
    third = follow(second["_links"]["next"])
    assert first["items"] + second["items"] + third["items"] == everyone
    assert (first["_links"]["prev"], third["_links"]["next"]) == (None, None)
    assert "total_items" not in first["_meta"]

    back = follow(third["_links"]["prev"])
    assert back["items"] == second["items"]
    assert follow(back["_links"]["prev"])["items"] == first["items"]
    assert follow(back["_links"]["prev"])["_links"]["prev"] is None

    UserFactory(username="newest", date_joined=now)
    assert follow(first["_links"]["next"])["items"] == second["items"]  # nothing moves
    ascending = page_of(order=("username",), per_page=4)
    assert ascending["items"] == ["newest", "user0", "user1", "user2"]
    assert follow(ascending["_links"]["next"], order=("username",))["items"] == ["user3", "user4"]


def test_odd_cursors(db, subtests):
    def made(*parts):
        return urlsafe_b64encode(json.dumps(parts).encode()).decode()

    moment, id_ = timezone.now().isoformat(), str(UserFactory().id)
    for cursor in (
        "x",
        "é",
        "====",
        "bnVsbA",
        made(),
        made(">"),
        made("?", moment, id_),
        made(">", moment),
        made(">", moment, id_, "more"),
        made(">", None, None),
        made(">", moment, "not a uuid"),
        made(">", "yesterday", id_),
        made(">", "2026-13-45T00:00:00", id_),
        made(">", "2026-01-01T00:00:00", id_),
        made(">", "0001-01-01T00:00:00+14:00", id_),
        made(">", 1, 2),
        made(">", "\0", id_),
        urlsafe_b64encode(b"[" * 300).decode(),
    ):
        with subtests.test(cursor=cursor), pytest.raises(ApiError) as caught:
            page_of(f"cursor={cursor}")
        assert (caught.value.status, caught.value.members["errors"][0]["code"]) == (422, "invalid_cursor")
