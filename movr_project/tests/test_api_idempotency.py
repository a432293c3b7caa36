"""A POST that is sent again with its ``Idempotency-Key`` changes nothing."""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.http import HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.api_access.models import KeptAnswer
from accounts.api_access.retention import delete_expired
from accounts.models import User
from accounts.services import remove_account
from accounts.tests.factories import UserFactory
from movr_project.api.answers import created
from movr_project.api.authentication import Caller
from movr_project.api.errors import ApiError
from movr_project.api.idempotency import _claim, once
from movr_project.db.retry import retry_transaction
from movr_project.errors import Refused
from movr_project.tests.threads import at_once


def post(user, key, body="{}", path="/api/v1/things"):
    headers = {"Idempotency-Key": key} if key else {}
    request = RequestFactory().post(path, body, content_type="application/json", headers=headers)
    request.auth = Caller(user, frozenset())
    return request


@retry_transaction
def rename(*, user: User, name: str) -> int:
    """Make something that can be counted: each call adds a letter."""
    if name == "refused":
        raise Refused("No.", code="no")
    row = User.objects.select_for_update().get(id=user.id)
    row.about_me += name
    row.save(update_fields=["about_me"])
    return len(row.about_me)


def render(length: int) -> HttpResponse:
    return created({"length": length}, f"/api/v1/things/{length}")


@pytest.mark.django_db(transaction=True)
def test_it_happens_once(rider):
    first = once(post(rider, "k"), rename, render, user=rider, name="a")
    again = once(post(rider, "k"), rename, render, user=rider, name="a")
    assert (first.status_code, first.content, first["Location"]) == (201, b'{"length":1}', "/api/v1/things/1")
    assert (again.status_code, again.content, again["Location"]) == (201, b'{"length":1}', "/api/v1/things/1")
    assert again["Idempotency-Replayed"] == "true"
    with pytest.raises(ApiError) as caught:
        once(post(rider, "k", '{"other": 1}'), rename, render, user=rider, name="a")
    assert (caught.value.status, caught.value.code) == (422, "idempotency_key_reused")
    assert once(post(rider, "other"), rename, render, user=rider, name="a").content == b'{"length":2}'
    assert once(post(rider, None), rename, render, user=rider, name="a").content == b'{"length":3}'
    with pytest.raises(Refused):
        once(post(rider, "r"), rename, render, user=rider, name="refused")
    assert KeptAnswer.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_has_an_effect(rider):
    requests = [post(rider, "k") for _number in range(6)]
    calls = [lambda request=request: once(request, rename, render, user=rider, name="a") for request in requests]
    answers = at_once(*calls)
    assert {answer.content for answer in answers} == {b'{"length":1}'}
    assert sorted("Idempotency-Replayed" in answer for answer in answers) == [False] + [True] * 5
    assert User.objects.get(id=rider.id).about_me == "a"


@pytest.mark.django_db(transaction=True)
def test_a_request_that_waits_too_long_is_told_so(rider):
    """The first one is still running when the time for a lock is over."""
    if connection.vendor == "sqlite":
        pytest.skip("one transaction at a time: the second waits for the database, not for the key")

    def impatient():
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '100ms'")
        return once(post(rider, "k"), rename, render, user=rider, name="a")

    with transaction.atomic():
        _claim("k", rider.id, "first")
        (refused,) = at_once(impatient)
    assert (refused.status, refused.code) == (409, "still_running")
    assert refused.headers["Retry-After"] == "1"


@pytest.mark.django_db(transaction=True)
def test_an_answer_is_kept_for_a_day(rider):
    once(post(rider, "k"), rename, render, user=rider, name="a")
    KeptAnswer.objects.update(made_at=timezone.now() - timedelta(hours=24, seconds=1))
    assert once(post(rider, "k"), rename, render, user=rider, name="a").content == b'{"length":2}'
    assert delete_expired() == (0, 0)
    KeptAnswer.objects.update(made_at=timezone.now() - timedelta(hours=24, seconds=1))
    assert delete_expired() == (0, 1)


@pytest.mark.django_db(transaction=True)
def test_a_connection_cut_at_any_statement(rider):
    """A request that failed is sent again with its key: there is one effect, whichever statement failed."""
    total = len(_statements(lambda: once(post(rider, "0"), rename, render, user=rider, name="a")))
    for number in range(total):
        user = UserFactory()
        cut = _CutAt(number)
        with connection.execute_wrapper(cut), suppress(OperationalError):
            once(post(user, "k"), rename, render, user=user, name="a")
        assert cut.was_cut
        answer = once(post(user, "k"), rename, render, user=user, name="a")
        assert answer.content == b'{"length":1}'
        assert User.objects.get(id=user.id).about_me == "a"


def _statements(act):
    with CaptureQueriesContext(connection) as queries:
        act()
    return [query for query in queries if query["sql"].split()[0] not in {"BEGIN", "COMMIT"}]


class _CutAt:
    """Fail the statement with this number."""

    def __init__(self, number):
        self.left = number
        self.was_cut = False

    def __call__(self, execute, sql, params, many, context):
        if self.left == 0 and not self.was_cut:
            self.was_cut = True
            raise OperationalError("cut")
        self.left -= 1
        return execute(sql, params, many, context)


def test_odd_keys(rider, subtests):
    for key in ("a" * 201, "two words", "é", "tab\there"):
        with subtests.test(key=key), pytest.raises(ApiError) as caught:
            once(post(rider, key), rename, render, user=rider, name="a")
        assert (caught.value.status, caught.value.code) == (400, "invalid_idempotency_key")


def test_keys_are_ones_own(rider):
    other = UserFactory()
    for person in (rider, other):
        assert once(post(person, "k"), rename, render, user=person, name="a").content == b'{"length":1}'


def test_an_erased_person_leaves_no_answers(rider):
    once(post(rider, "k"), rename, render, user=rider, name="a")
    remove_account(user=User.objects.get(id=rider.id))
    assert not KeptAnswer.objects.exists()
