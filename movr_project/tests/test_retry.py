"""``retry_transaction`` with real conflicts, locks and lost connections."""

import logging
import random
import time
from threading import Barrier, Timer, get_ident

import psycopg2
import pytest
from django.conf import settings as project_settings
from django.db import Error, IntegrityError, OperationalError, connection, transaction
from django.db.models import F

from accounts.models import User
from accounts.tests.factories import UserFactory
from fleet.models import Vehicle
from fleet.tests.factories import VehicleFactory
from movr_project.db.faults import Fault, fault_of, sqlstate
from movr_project.db.retry import Busy, OutcomeUnknown, retry_read, retry_transaction, unavailable

from .databases import (
    conflict,
    cut_connection,
    on_postgresql,
    on_server,
    on_sqlite,
    other_sqlite_connection,
    run_serializable,
    server_error,
    server_process,
)
from .threads import PATIENCE_SECONDS, at_once

pytestmark = pytest.mark.django_db
# Threads, COMMITs and lost connections don't work in a test that is rolled back.
committed = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _short_pauses(settings):
    settings.TRANSACTION_BACKOFF_SECONDS = 0.001


@pytest.fixture
def pauses(monkeypatch):
    """Record the requested pauses, and whether a transaction was open, instead of sleeping."""
    slept = []
    monkeypatch.setattr(time, "sleep", lambda seconds: slept.append((seconds, connection.in_atomic_block)))
    return slept


@pytest.fixture
def retries(caplog):
    """The log messages about retries."""
    caplog.set_level(logging.INFO, logger="movr_project.db.retry")
    return lambda: [record.getMessage() for record in caplog.records if "transaction retry" in record.msg]


class Work:
    """A service body that raises ``trouble`` in its first runs (by default in all), and counts its runs."""

    def __init__(self, trouble=lambda: None, *, times: int = 1_000_000):
        self.trouble = trouble
        self.times = times
        self.runs = 0

    def __call__(self) -> User:
        self.runs += 1
        user = UserFactory()
        if self.runs <= self.times:
            self.trouble()
        return user


def people() -> int:
    return User.objects.count()


# --- Without errors ----------------------------------------------------------------------------------


@committed
def test_work_runs_once_in_a_transaction_and_returns_its_result():
    @retry_transaction
    def add(first, *, second):
        assert connection.in_atomic_block
        return first + second

    assert add(1, second=2) == 3
    assert not connection.in_atomic_block


def test_a_service_keeps_its_name_and_docstring():
    @retry_transaction(idempotent=True)
    def start_engine():
        """Turn the key."""

    assert (start_engine.__name__, start_engine.__doc__) == ("start_engine", "Turn the key.")


def test_an_error_of_the_work_rolls_it_back_and_is_raised_at_once():
    def refuse():
        raise LookupError("no such thing")

    work = Work(refuse)

    with pytest.raises(LookupError):
        retry_transaction(work.__call__)()

    assert (work.runs, people()) == (1, 0)


def test_transactions_are_not_opened_around_requests():
    assert not any(database.get("ATOMIC_REQUESTS") for database in project_settings.DATABASES.values())


# --- Conflicts ----------------------------------------------------------------------------------------


def test_a_conflict_is_run_again_and_leaves_the_rows_once():
    work = Work(conflict, times=2)

    user = retry_transaction(work.__call__)()

    assert work.runs == 3
    assert User.objects.get() == user


@committed
def test_all_who_change_one_row_at_once_succeed():
    vehicle = VehicleFactory(battery_percent=0)

    @retry_transaction
    def charge():
        run_serializable()
        battery = Vehicle.objects.get(pk=vehicle.pk).battery_percent
        Vehicle.objects.filter(pk=vehicle.pk).update(battery_percent=battery + 1)

    assert at_once(*[charge] * 6) == [None] * 6

    vehicle.refresh_from_db()
    assert vehicle.battery_percent == 6


@committed
@on_server
def test_two_who_read_a_row_before_either_wrote_it_both_count(retries):
    vehicle = VehicleFactory(battery_percent=0)
    both_have_read = Barrier(2, timeout=PATIENCE_SECONDS)
    runs = []

    @retry_transaction
    def charge():
        run_serializable()
        runs.append(get_ident())
        battery = Vehicle.objects.get(pk=vehicle.pk).battery_percent
        if runs.count(get_ident()) == 1:
            both_have_read.wait()
        Vehicle.objects.filter(pk=vehicle.pk).update(battery_percent=battery + 10)

    assert at_once(charge, charge) == [None, None]

    vehicle.refresh_from_db()
    assert vehicle.battery_percent == 20
    assert "sqlstate=40001" in retries()[0]


@committed
@on_server
def test_a_conflict_that_only_commit_finds_is_run_again(retries):
    """Each reads what the other writes. Both reach the end, and COMMIT rejects one of them."""
    one, other = VehicleFactory(battery_percent=50), VehicleFactory(battery_percent=50)
    both_have_written = Barrier(2, timeout=PATIENCE_SECONDS)
    ends = []

    @retry_transaction
    def take_over(mine, theirs):
        """Both charges are applied: in some order, 50 + 50 and 50 + 100."""
        run_serializable()
        charge = Vehicle.objects.get(pk=theirs.pk).battery_percent
        Vehicle.objects.filter(pk=mine.pk).update(battery_percent=F("battery_percent") + charge)
        ends.append(get_ident())
        if ends.count(get_ident()) == 1:
            both_have_written.wait()

    assert at_once(lambda: take_over(one, other), lambda: take_over(other, one)) == [None, None]

    assert len(ends) > 2
    assert "sqlstate=40001" in retries()[0]
    assert sorted(Vehicle.objects.values_list("battery_percent", flat=True)) == [100, 150]


@committed
@on_postgresql
def test_a_deadlock_is_run_again(retries):
    first, second = VehicleFactory(), VehicleFactory()
    both_hold_one = Barrier(2, timeout=PATIENCE_SECONDS)
    runs = []

    @retry_transaction
    def lock(*vehicles):
        runs.append(get_ident())
        Vehicle.objects.select_for_update().get(pk=vehicles[0].pk)
        if runs.count(get_ident()) == 1:
            both_hold_one.wait()
        Vehicle.objects.select_for_update().get(pk=vehicles[1].pk)

    assert at_once(lambda: lock(first, second), lambda: lock(second, first)) == [None, None]

    assert any("sqlstate=40P01" in line for line in retries())


@committed
@on_server
@pytest.mark.parametrize("state", ["40001", "40P01", "57P01", "57P02", "57P03", "08000", "08006"])
def test_these_states_are_run_again(state):
    work = Work(lambda: server_error(state), times=1)

    retry_transaction(work.__call__)()

    assert (work.runs, people()) == (2, 1)


@on_server
@pytest.mark.parametrize("state", ["57014", "XXA00", "XX000", "23505", "23P01", "42P01", "22P02", "53300"])
def test_these_states_are_not(state):
    work = Work(lambda: server_error(state))

    with pytest.raises(Error):
        retry_transaction(idempotent=True)(work.__call__)()

    assert (work.runs, people()) == (1, 0)


@on_postgresql
def test_a_statement_that_took_too_long_is_not_run_again():
    def dawdle():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 1")
            cursor.execute("SELECT pg_sleep(5)")

    work = Work(dawdle)

    with pytest.raises(OperationalError) as raised:
        retry_transaction(idempotent=True)(work.__call__)()

    assert sqlstate(raised.value) == "57014"
    assert work.runs == 1


def test_a_name_that_is_taken_is_not_run_again():
    UserFactory(username="ada")
    work = Work(lambda: UserFactory(username="ada"))

    with pytest.raises(IntegrityError):
        retry_transaction(idempotent=True)(work.__call__)()

    assert (work.runs, people()) == (1, 1)


# --- SQLite's busy ------------------------------------------------------------------------------------


@pytest.fixture
def impatient():
    """Make the connection fail on SQLite's lock instead of waiting."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 0")
    yield
    connection.close()


@committed
@on_sqlite
@pytest.mark.usefixtures("impatient")
def test_a_database_that_another_process_has_locked_is_tried_again(settings, retries):
    settings.TRANSACTION_BACKOFF_SECONDS = settings.TRANSACTION_MAX_BACKOFF_SECONDS = 0.02
    settings.TRANSACTION_ATTEMPTS = 1_000
    work = Work()
    with other_sqlite_connection() as other:
        other.execute("BEGIN IMMEDIATE")
        Timer(0.05, other.rollback).start()

        retry_transaction(work.__call__)()

    assert (work.runs, people()) == (1, 1)  # locked out at BEGIN, so it ran only once
    assert "fault=conflict" in retries()[0]


@committed
@on_sqlite
@pytest.mark.usefixtures("impatient")
def test_a_database_that_stays_locked_is_busy(settings):
    settings.TRANSACTION_ATTEMPTS = 3
    with other_sqlite_connection() as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(Busy):
            retry_transaction(Work().__call__)()

    assert people() == 0


# --- Bounds -------------------------------------------------------------------------------------------


def test_attempts_are_bounded(settings):
    settings.TRANSACTION_ATTEMPTS = 4
    work = Work(conflict)

    with pytest.raises(Busy) as busy:
        retry_transaction(work.__call__)()

    assert (work.runs, people()) == (4, 0)
    assert fault_of(busy.value.__cause__) is Fault.CONFLICT


def test_all_attempts_together_have_one_deadline(settings):
    settings.TRANSACTION_ATTEMPTS = 1_000_000
    settings.TRANSACTION_DEADLINE_SECONDS = 0.2
    settings.TRANSACTION_BACKOFF_SECONDS = settings.TRANSACTION_MAX_BACKOFF_SECONDS = 0.02
    work = Work(conflict)
    began = time.monotonic()

    with pytest.raises(Busy):
        retry_transaction(work.__call__)()

    assert work.runs > 1
    assert time.monotonic() - began < 5  # of a deadline of 0.2, on a busy machine


def test_it_does_not_wait_beyond_the_deadline(settings, pauses, monkeypatch):
    settings.TRANSACTION_DEADLINE_SECONDS = 60
    settings.TRANSACTION_BACKOFF_SECONDS = settings.TRANSACTION_MAX_BACKOFF_SECONDS = 61
    monkeypatch.setattr(random, "uniform", lambda low, high: high)
    work = Work(conflict)

    with pytest.raises(Busy):
        retry_transaction(work.__call__)()

    assert (work.runs, pauses) == (1, [])


@pytest.mark.any_engine
def test_the_deadline_is_ten_seconds_and_attempts_are_ten():
    assert (project_settings.TRANSACTION_DEADLINE_SECONDS, project_settings.TRANSACTION_ATTEMPTS) == (10, 10)


def test_pauses_double_up_to_a_limit(settings, pauses, monkeypatch):
    settings.TRANSACTION_BACKOFF_SECONDS, settings.TRANSACTION_MAX_BACKOFF_SECONDS = 0.1, 0.7
    monkeypatch.setattr(random, "uniform", lambda low, high: high)

    retry_transaction(Work(conflict, times=5).__call__)()

    assert [seconds for seconds, _open in pauses] == [0.1, 0.2, 0.4, 0.7, 0.7]


def test_pauses_have_full_jitter(settings, pauses, monkeypatch):
    """From zero to the limit, so that transactions that conflicted don't meet again."""
    settings.TRANSACTION_BACKOFF_SECONDS = 0.1
    monkeypatch.setattr(random, "uniform", lambda low, high: low)

    retry_transaction(Work(conflict, times=3).__call__)()

    assert [seconds for seconds, _open in pauses] == [0, 0, 0]


@committed
def test_the_pause_is_outside_the_transaction(pauses):
    retry_transaction(Work(conflict, times=3).__call__)()

    assert [is_open for _seconds, is_open in pauses] == [False, False, False]


def test_each_retry_is_one_line_in_the_log(retries):
    @retry_transaction
    def park():
        if not retries():
            conflict()

    park()

    (line,) = retries()
    assert "park attempt=1 fault=conflict" in line
    assert ("sqlstate=40001" in line) is (connection.vendor != "sqlite")


# --- Nesting ------------------------------------------------------------------------------------------


@committed
def test_a_service_inside_a_transaction_is_refused():
    work = Work()

    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        retry_transaction(work.__call__)()

    assert (work.runs, people()) == (0, 0)


def test_a_service_inside_another_service_is_refused():
    inner = Work()

    with pytest.raises(RuntimeError, match="durable"):
        retry_transaction(lambda: retry_transaction(inner.__call__)())()

    assert inner.runs == 0


def test_a_service_runs_directly_under_a_test_in_a_transaction():
    work = Work(conflict, times=1)

    retry_transaction(work.__call__)()

    assert (work.runs, people()) == (2, 1)


def test_nesting_is_refused_under_a_test_in_a_transaction_too():
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        retry_transaction(Work().__call__)()


# --- After COMMIT -------------------------------------------------------------------------------------


def conflict_in_a_transaction() -> None:
    with transaction.atomic():
        conflict()


@committed
def test_what_waits_for_the_commit_happens_once():
    done = []
    work = Work(conflict, times=2)

    @retry_transaction
    def service():
        transaction.on_commit(lambda: done.append(work.runs))
        work()

    service()

    assert done == [3]


@committed
def test_nothing_is_run_again_after_the_commit_though_a_callback_meets_a_conflict():
    work = Work(lambda: transaction.on_commit(conflict_in_a_transaction))

    with pytest.raises(OperationalError) as raised:
        retry_transaction(idempotent=True)(work.__call__)()

    assert fault_of(raised.value) is Fault.CONFLICT
    assert (work.runs, people()) == (1, 1)


@committed
@on_postgresql
def test_nothing_is_run_again_after_the_commit_though_a_callback_loses_the_connection():
    work = Work(lambda: transaction.on_commit(lambda: (cut_connection(), people())))

    with pytest.raises(OperationalError):
        retry_transaction(idempotent=True)(work.__call__)()

    connection.close()
    assert (work.runs, people()) == (1, 1)


@committed
def test_a_robust_effect_that_fails_does_not_fail_the_service():
    later = []
    work = Work(lambda: transaction.on_commit(conflict_in_a_transaction, robust=True))

    @retry_transaction
    def service():
        user = work()
        transaction.on_commit(lambda: later.append("sent"), robust=True)
        return user

    assert service() == User.objects.get()
    assert (work.runs, later) == (1, ["sent"])


# --- Lost connections ---------------------------------------------------------------------------------


@committed
@on_postgresql
def test_a_connection_lost_before_commit_is_reopened_and_the_work_run_again():
    before = server_process()
    work = Work(lambda: (cut_connection(), people()), times=1)

    user = retry_transaction(work.__call__)()

    assert work.runs == 2
    assert User.objects.get() == user
    assert server_process() != before


@committed
@on_postgresql
def test_a_connection_lost_before_the_first_statement_is_reopened():
    server_process()
    cut_connection()
    work = Work()

    retry_transaction(work.__call__)()

    assert people() == 1


@committed
@on_postgresql
def test_idempotent_work_is_run_again_when_the_connection_is_lost_during_commit():
    work = Work(cut_connection, times=1)

    retry_transaction(idempotent=True)(work.__call__)()

    assert (work.runs, people()) == (2, 1)


@committed
@on_postgresql
def test_other_work_is_not_and_its_outcome_is_unknown():
    work = Work(cut_connection, times=1)

    with pytest.raises(OutcomeUnknown):
        retry_transaction(work.__call__)()

    assert work.runs == 1


@pytest.fixture
def _lost_answer(monkeypatch):
    """The server commits, but the response to the first COMMIT is lost."""
    commit = connection._commit
    answers = iter([False])

    def commit_and_lose_the_answer():
        commit()
        if not next(answers, True):
            cut_connection()
            with connection.wrap_database_errors:
                connection.connection.cursor().execute("SELECT 1")

    monkeypatch.setattr(connection, "_commit", commit_and_lose_the_answer)


@committed
@on_postgresql
@pytest.mark.usefixtures("_lost_answer")
def test_work_whose_commit_went_unanswered_is_repeated_without_a_second_effect():
    runs = []

    @retry_transaction(idempotent=True)
    def register():
        runs.append(User.objects.filter(username="ada").exists())
        return runs[-1] or UserFactory(username="ada")

    register()

    assert runs == [False, True]
    assert people() == 1


@committed
@on_postgresql
@pytest.mark.usefixtures("_lost_answer")
def test_work_that_can_not_be_repeated_is_never_done_twice():
    work = Work()

    with pytest.raises(OutcomeUnknown):
        retry_transaction(work.__call__)()

    assert (work.runs, people()) == (1, 1)


@committed
@on_server
@pytest.mark.parametrize("idempotent", [True, False])
def test_an_ambiguous_result_is_repeated_only_where_that_is_harmless(idempotent):
    work = Work(lambda: server_error("40003"), times=1)
    service = retry_transaction(idempotent=idempotent)(work.__call__)

    if idempotent:
        service()
    else:
        with pytest.raises(OutcomeUnknown):
            service()

    assert work.runs == (2 if idempotent else 1)


@committed
@on_server
def test_a_server_that_can_not_be_reached_is_busy_in_the_end(settings, monkeypatch):
    settings.TRANSACTION_ATTEMPTS = 3
    work = Work()
    with monkeypatch.context() as context:
        context.setitem(connection.settings_dict, "HOST", "localhost")
        context.setitem(connection.settings_dict, "PORT", "1")
        connection.close()

        with pytest.raises(Busy):
            retry_transaction(work.__call__)()

    assert (work.runs, people()) == (0, 0)


# --- Reading outside a transaction --------------------------------------------------------------------


class Reading:
    def __init__(self, trouble, *, times: int):
        self.trouble = trouble
        self.times = times
        self.runs = 0

    def __call__(self) -> int:
        self.runs += 1
        if self.runs <= self.times:
            self.trouble()
        return people()


@committed
def test_a_read_with_a_conflict_is_repeated():
    reading = Reading(conflict_in_a_transaction, times=1)

    assert retry_read(reading.__call__)() == 0
    assert reading.runs == 2


@committed
def test_a_read_is_not_made_a_third_time():
    reading = Reading(conflict_in_a_transaction, times=2)

    with pytest.raises(OperationalError):
        retry_read(reading.__call__)()

    assert reading.runs == 2


@committed
@on_postgresql
def test_a_read_on_a_dead_connection_is_made_on_a_new_one():
    server_process()
    reading = Reading(cut_connection, times=1)

    assert retry_read(reading.__call__)() == 0
    assert reading.runs == 2


def test_a_read_inside_a_transaction_is_not_repeated():
    """It would have the same snapshot, so the whole transaction is run again."""
    reading = Reading(conflict, times=1)

    with pytest.raises(OperationalError), transaction.atomic():
        retry_read(reading.__call__)()

    assert reading.runs == 1


@committed
def test_another_error_of_a_read_is_raised():
    def refuse():
        raise LookupError

    with pytest.raises(LookupError):
        retry_read(Reading(refuse, times=1).__call__)()


# --- What an error means ------------------------------------------------------------------------------


def raised_by(trouble) -> Exception:
    with pytest.raises(Exception) as raised, transaction.atomic():  # noqa: PT011  (checked by the caller)
        trouble()
    return raised.value


@on_server
@pytest.mark.parametrize(
    ("state", "fault"),
    [
        ("40001", Fault.CONFLICT),
        ("40P01", Fault.CONFLICT),
        ("40003", Fault.AMBIGUOUS),
        ("57P01", Fault.CONNECTION_LOST),
        ("57P03", Fault.CONNECTION_LOST),
        ("08006", Fault.CONNECTION_LOST),
        ("23505", Fault.OTHER),
        ("57014", Fault.OTHER),
        ("XXA00", Fault.OTHER),
    ],
)
def test_what_a_servers_error_means(state, fault):
    error = raised_by(lambda: server_error(state))

    assert (sqlstate(error), fault_of(error)) == (state, fault)
    assert unavailable(error) is (fault is not Fault.OTHER or state == "57014")  # too slow: retry later, not at once


@on_sqlite
def test_what_sqlites_busy_means():
    error = raised_by(conflict)

    assert error.__cause__.sqlite_errorname == "SQLITE_BUSY"
    assert fault_of(error) is Fault.CONFLICT


@on_sqlite
def test_another_error_of_sqlite_is_no_conflict():
    error = raised_by(lambda: connection.cursor().execute("SELECT * FROM nowhere"))

    assert isinstance(error, OperationalError)
    assert fault_of(error) is Fault.OTHER


@pytest.mark.parametrize(
    "error", [ValueError("no"), OperationalError("without a cause"), psycopg2.OperationalError("not Django's")]
)
def test_errors_from_elsewhere_are_no_faults(error):
    assert fault_of(error) is Fault.OTHER
    assert sqlstate(error) is None


@pytest.mark.parametrize("error", [Busy(), OutcomeUnknown()])
def test_giving_up_means_not_now(error):
    assert unavailable(error)
