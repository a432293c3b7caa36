"""E-mails and Web Push don't wait for a worker: without one, the web process sends them after the commit."""

import logging
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import timedelta

from django.conf import settings
from django.db import connection

from movr_project.logs import log_event

from .declarations import PROMPT_QUEUES
from .running import Run, run_job
from .services import workers
from .services.queue import claim

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=10)  # longer than sending one takes: a web process beats only between jobs

# One thread per queue is enough. It starts with the first job, after gunicorn has forked.
_background = {queue: ThreadPoolExecutor(max_workers=1, thread_name_prefix=queue) for queue in PROMPT_QUEUES}


def run_without_worker(city: str, queue: str) -> None:
    """Run the jobs that wait in a queue of a city, unless a worker does.

    In the background, so that response times don't depend on other servers or reveal known addresses.
    """
    if settings.MAIL_IN_BACKGROUND:
        _background[queue].submit(
            copy_context().run, _in_background, city, queue
        )  # copies the request's id for the log
    else:
        _try_to_run_waiting(city, queue)


def _in_background(city: str, queue: str) -> None:
    try:
        _try_to_run_waiting(city, queue)
    finally:
        connection.close()


def _try_to_run_waiting(city: str, queue: str) -> None:
    try:
        _run_waiting(city, queue)
    except Exception as error:  # they wait for the next one, or a worker
        log_event(logger, "jobs_left_waiting", level=logging.ERROR, queue=queue, error=type(error).__name__)


def _run_waiting(city: str, queue: str) -> None:
    if workers.is_served(city):
        return
    # From processes that died. A worker whose heartbeat is only late is still running its jobs.
    workers.take_over([city], queue=queue, dead_for=timedelta(seconds=settings.JOB_LEASE_SECONDS))
    here = workers.register([], lease=LEASE, home=city)
    while workers.beat(here, lease=LEASE) and (job := claim(city=city, queue=queue, worker_id=here.id)):
        run_job(Run(job))
    workers.leave(here)
