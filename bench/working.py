"""Workers at work: the measurements of ``script/bench jobs``, in an empty database."""

import os
import random
import signal
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Timer
from typing import Any

from django.db import connection
from django.db.models import F, Max, Min
from django.utils import timezone
from django_tasks import task

from jobs.declarations import SCHEDULED
from jobs.models import Job, JobProgress, Schedule, Worker
from jobs.worker import Worker as Loop
from jobs.worker import cities_of
from movr_project.db.retry import run_transaction
from throttling.models import Throttle

ROOT = Path(__file__).resolve().parent.parent
LEASE_SECONDS = 5
ITEMS = 10
ITEM_SECONDS = 0.2  # so that a worker usually lives longer than the lease
IDLE_SECONDS = 30


def measured(options: Namespace) -> Iterator[str]:
    yield f"An idle worker: {_idle_statements():.2f} statements per second."
    for number in map(int, options.workers.split(",")):
        yield f"{number} workers: {_jobs_per_second(options.jobs, number, options.threads):,.0f} jobs per second."
    if options.kills:
        yield _killing(options.killed_jobs, options.kills)


# --- Tasks ----------------------------------------------------------------------------------------


@task(atomic=True)
def count(key: str) -> None:
    """Leave a trace that shows if it happens twice."""
    _add_one(key)


@task(takes_context=True, max_attempts=100)
def count_items(context: Any, key: str) -> None:
    """Count each item once, and the job itself in the transaction that marks it as done."""
    for number in range(ITEMS):
        _count_item(context.item_id(number).hex, key)
        context.progress(number, ITEMS)
        time.sleep(ITEM_SECONDS)
    context.finish(lambda: _add_one(key))


def _add_one(key: str) -> None:
    Throttle.objects.filter(key=key).update(count=F("count") + 1)


def _count_item(id_: str, key: str) -> None:
    def once() -> None:
        if not Throttle.objects.filter(key=id_).exists():
            Throttle.objects.create(key=id_, count=1, since=timezone.now())
            _add_one(key)

    run_transaction(once, idempotent=True)


# --- Measuring --------------------------------------------------------------------------------------


def _idle_statements() -> float:
    """Return the statements per second of a worker's loop without jobs. Its threads send none."""
    later = timezone.now() + timedelta(hours=1)
    Schedule.objects.bulk_create(Schedule(task=path, next_at=later) for path in SCHEDULED)
    statements: list[str] = []

    def record(execute, sql, params, many, context):
        statements.append(sql)
        return execute(sql, params, many, context)

    worker = Loop(cities=cities_of([]))
    Timer(IDLE_SECONDS, worker.stop).start()
    with connection.execute_wrapper(record):
        worker.run()
    return len(statements) / IDLE_SECONDS


def _jobs_per_second(number: int, workers: int, threads: int) -> float:
    _forget()
    with _processes(workers, threads):
        _wait_for_workers(workers)
        _add(count, number)
        _tidy()
        _wait_until_done(number)
    times = Job.objects.aggregate(first=Min("started_at"), last=Max("finished_at"))
    _check(expected=1)
    return number / (times["last"] - times["first"]).total_seconds()


def _killing(number: int, kills: int) -> str:
    _forget()
    _add(count_items, number)
    chance = random.Random(1)  # noqa: S311
    stuck: list[float] = []
    killed = 0
    with _processes(2, 2) as processes:
        watched = _Progress()
        while (done := Job.objects.filter(status="done").count()) < number:
            watched.look()
            stuck += watched.freed()
            if killed < kills and done >= (killed + 0.5) * number / (kills + 1):
                victim = chance.randrange(len(processes))
                time.sleep(chance.random() * 0.2)
                processes[victim].kill()
                processes[victim].wait()
                watched.abandoned(processes[victim].pid)
                processes[victim] = _start(2)
                killed += 1
            time.sleep(0.05)
        stuck += watched.freed()
    _check(expected=ITEMS + 1)
    again = Job.objects.filter(attempts__gt=1).count()
    return (
        f"{killed} kills in {number} jobs: each effect once, {again} jobs ran again, progress went back "
        f"{watched.went_back} times, longest time until a dead worker's job was free {max(stuck, default=0):.1f} s "
        f"(lease: {LEASE_SECONDS} s)."
    )


class _Progress:
    """Watches progress, and jobs whose worker was killed."""

    def __init__(self) -> None:
        self.went_back = 0
        self._seen: dict[Any, int] = {}
        self._left: dict[tuple[Any, Any], float] = {}

    def look(self) -> None:

        for id_, percent in JobProgress.objects.values_list("id", "percent"):
            self.went_back += percent < self._seen.get(id_, 0)
            self._seen[id_] = percent

    def abandoned(self, pid: int) -> None:

        for worker in Worker.objects.filter(name__endswith=f":{pid}"):
            for id_ in Job.objects.filter(status="running", worker_id=worker.id).values_list("id", flat=True):
                self._left[id_, worker.id] = time.monotonic()

    def freed(self) -> list[float]:
        """Return how long jobs waited that were freed since the last call, in seconds."""

        held = set(Job.objects.filter(status="running").values_list("id", "worker_id"))
        free = [key for key in self._left if key not in held]
        return [time.monotonic() - self._left.pop(key) for key in free]


def _forget() -> None:
    for model in (JobProgress, Job, Worker, Throttle):
        model.objects.all()._raw_delete("default")


def _tidy() -> None:
    """Do what a server does by itself within a minute, so that all runs begin alike."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
        cursor.execute("ANALYZE")


def _add(what: Any, number: int) -> None:
    keys = [f"job {index}" for index in range(number)]
    Throttle.objects.bulk_create((Throttle(key=key, count=0, since=timezone.now()) for key in keys), batch_size=500)
    jobs = [
        Job(city="new york", task=what.module_path, queue="default", arguments={"args": [key], "kwargs": {}})
        for key in keys
    ]
    Job.objects.bulk_create(jobs, batch_size=500)


def _check(*, expected: int) -> None:
    wrong = Throttle.objects.filter(key__startswith="job ").exclude(count=expected)
    if wrong.exists():
        raise SystemExit(f"{wrong.count()} jobs had their effect not exactly once.")


def _wait_for_workers(number: int) -> None:
    while Worker.objects.count() < number:
        time.sleep(0.1)


def _wait_until_done(number: int) -> None:
    while Job.objects.filter(status="done").count() < number:
        time.sleep(0.5)


@contextmanager
def _processes(number: int, threads: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    processes = [_start(threads) for _number in range(number)]
    try:
        yield processes
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait()


def _start(threads: int) -> subprocess.Popen[bytes]:
    variables = os.environ | {"JOB_LEASE_SECONDS": str(LEASE_SECONDS)}
    command = [sys.executable, "manage.py", "work", f"--threads={threads}"]
    return subprocess.Popen(command, cwd=ROOT, env=variables)  # noqa: S603
