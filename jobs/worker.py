"""The worker: one loop that looks after leases, progress and the schedule, and threads that run jobs."""

import logging
import math
import random
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import connection

from cities.registry import registry
from movr_project.db.retry import unavailable
from movr_project.logs import log_event

from . import schedule
from .declarations import PROMPT_QUEUES
from .errors import ShuttingDown
from .models import Job, Status
from .models import Worker as WorkerRow
from .running import Run, run_job
from .services import workers
from .services.outcomes import end
from .services.progress import look_for_stops, store_progress
from .services.queue import claim, due_places, give_back

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.9
SCHEDULE_SECONDS = 10
CHECKS_PER_LEASE = 6  # a worker beats, and looks for the jobs of dead ones, so often
CHECKS_UNTIL_DEAD = 4  # without a heartbeat; so its jobs are free before a whole lease has passed
GRACE_SECONDS = 20  # Heroku kills a process 30 seconds after asking it to stop

Place = tuple[str, str]  # a city and a queue


class Worker:
    """Runs jobs of the given cities in threads, until it is stopped.

    ``run()`` is the loop. Each round costs an idle worker one statement, and a few more every few seconds. Of several
    threads, one is kept for e-mails and Web Push, so that they don't wait for long jobs.
    """

    def __init__(self, *, cities: Sequence[str], threads: int = 2) -> None:
        self.cities = list(cities)
        self._check_seconds = settings.JOB_LEASE_SECONDS / CHECKS_PER_LEASE
        self.lease = timedelta(seconds=CHECKS_UNTIL_DEAD * self._check_seconds)
        self.stopping = threading.Event()
        self.row: WorkerRow | None = None
        self.runs: set[Run] = set()
        self.places: set[Place] = set()
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._beaten_at = self._trusted_from = -math.inf
        self._due: dict[str, float] = {}
        self._threads = [
            threading.Thread(target=self._serve, args=(threads > 1 and number == 0,), name=f"job-{number}", daemon=True)
            for number in range(threads)
        ]

    def stop(self) -> None:
        """Finish what is short, give the rest back, and return from ``run()``."""
        self.stopping.set()

    def run(self) -> None:
        for thread in self._threads:
            thread.start()
        while not self.stopping.is_set():
            for step in (self._keep_leases, self._look_after_runs, self._enqueue_due, self._take_over, self._find_work):
                self._survive(step)  # one that fails must not keep the others from their work
            self.stopping.wait(POLL_SECONDS)
        self._leave()

    def _survive(self, step: Callable[[], None]) -> None:
        """Run a step of the loop. Whatever it raises, the worker lives on."""
        try:
            step()
        except Exception as error:
            level = logging.WARNING if unavailable(error) else logging.ERROR
            log_event(logger, "worker_round_failed", level=level, error=type(error).__name__)
            connection.close()

    # --- The loop --------------------------------------------------------------------------------

    def _keep_leases(self) -> None:
        if self.row is None:
            schedule.add_missing_rows()
            workers.forget_dead_workers()
            self.row = workers.register(self.cities, lease=self.lease, home=self.cities[0])
            self._note_beat()
        elif self._is_due("beat", self._check_seconds):
            if workers.beat(self.row, lease=self.lease):
                self._note_beat()
            else:
                self.row = None  # declared dead long ago: begin anew

    def _note_beat(self) -> None:
        """After an outage, other workers' heartbeats are as late as this one's: let them beat first."""
        now, half_a_lease = time.monotonic(), settings.JOB_LEASE_SECONDS / 2
        if now - self._beaten_at > half_a_lease:
            self._trusted_from = now + half_a_lease
        self._beaten_at = now

    def _look_after_runs(self) -> None:
        if runs := self._snapshot():
            store_progress(runs)
            look_for_stops(runs)

    def _enqueue_due(self) -> None:
        if self._is_due("schedule", SCHEDULE_SECONDS):
            schedule.enqueue_due()

    def _take_over(self) -> None:
        if self._may_judge_others() and self._is_due("take over", self._check_seconds):
            workers.take_over(self.cities)
        if self.row and self._is_due("take back", settings.JOB_LEASE_SECONDS):
            workers.take_back(self.row, running=[run.job.id for run in self._snapshot()])

    def _may_judge_others(self) -> bool:
        """Return whether a late heartbeat is the other worker's fault: this one's was stored a moment ago."""
        now = time.monotonic()
        return now - self._beaten_at < settings.JOB_LEASE_SECONDS / 2 and now >= self._trusted_from

    def _is_due(self, what: str, seconds: float) -> bool:
        now = time.monotonic()
        if now < self._due.get(what, 0):
            return False
        self._due[what] = now + seconds
        return True

    def _find_work(self) -> None:
        found = due_places(self.cities)
        with self._work:
            self.places = found
            if found:
                self._work.notify_all()

    def _snapshot(self) -> list[Run]:
        with self._lock:
            return [each for run in self.runs for each in (run, run.inner) if each]

    # --- The threads -----------------------------------------------------------------------------

    def _serve(self, prompt_only: bool) -> None:
        while not self.stopping.is_set():
            place = self._wait_for_work(prompt_only)
            if place:
                self._survive(lambda place=place: self._run_one_of(place))
        connection.close()

    def _wait_for_work(self, prompt_only: bool) -> Place | None:
        with self._work:
            places = [place for place in self.places if place[1] in PROMPT_QUEUES or not prompt_only]
            if places and self.row:
                return random.choice(places)  # noqa: S311  (spreads load)
            self._work.wait(POLL_SECONDS)
            return None

    def _run_one_of(self, place: Place) -> None:
        if job := self._claim(place):
            run = Run(job)
            with self._lock:
                self.runs.add(run)
            try:
                run_job(run)
            finally:
                with self._lock:
                    self.runs.discard(run)

    def _claim(self, place: Place) -> Job | None:
        """Claim a job. If there is none, or that fails, wait for the loop's next look."""
        city, queue = place
        job = None
        try:
            if row := self.row:
                job = claim(city=city, queue=queue, worker_id=row.id)
        finally:
            if job is None:
                with self._lock:
                    self.places.discard(place)
        return job

    # --- The end ---------------------------------------------------------------------------------

    def _leave(self) -> None:
        """Let short jobs finish, and give back what is still running."""
        for run in self._snapshot():
            run.stop = run.stop or ShuttingDown
        self._survive(self._outlast_grace)
        deadline = time.monotonic() + GRACE_SECONDS
        for thread in self._threads:
            thread.join(max(0, deadline - time.monotonic()))
        self._survive(self._give_back)
        connection.close()

    def _outlast_grace(self) -> None:
        """Beat for the last time, so that no other worker takes over what is being finished."""
        if self.row:
            workers.beat(self.row, lease=self.lease + timedelta(seconds=GRACE_SECONDS))

    def _give_back(self) -> None:
        """Put back what doesn't report its progress, while it runs: its end won't count."""
        for run in self._snapshot():
            if run.happens_at_most_once:
                end(run.job, Status.UNCERTAIN, error="worker_stopped")
            else:
                give_back(run.job)
        if self.row:
            workers.leave(self.row)


@contextmanager
def running_in_background(worker: Worker) -> Iterator[Worker]:
    """Run a worker in a thread of this process, during the block."""
    thread = threading.Thread(target=worker.run, name="worker", daemon=True)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop()
        thread.join()


def cities_of(regions: Collection[str]) -> list[str]:
    """Return the names of the cities in these regions, or of all cities if there are none given."""
    return [city.name for city in registry if not regions or city.region in regions]
