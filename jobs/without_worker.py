"""E-mails don't wait for a worker: without one, the web process sends them after the commit."""

import logging
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import timedelta

from django.conf import settings
from django.db import connection

from movr_project.logs import log_event

from .declarations import MAIL_QUEUE
from .running import Run, run_job
from .services import workers
from .services.queue import claim

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=10)  # longer than sending takes: a web process has no heartbeat

# One thread is enough for one mail server. It starts with the first e-mail, after gunicorn has forked.
_background = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


def run_without_worker(city: str) -> None:
    """Run the e-mails that wait in a city, unless a worker does.

    In the background, so that response times don't depend on the mail server or reveal known addresses.
    """
    if settings.MAIL_IN_BACKGROUND:
        _background.submit(copy_context().run, _in_background, city)  # copies the request's id for the log
    else:
        _try_to_run_waiting(city)


def _in_background(city: str) -> None:
    try:
        _try_to_run_waiting(city)
    finally:
        connection.close()


def _try_to_run_waiting(city: str) -> None:
    try:
        _run_waiting(city)
    except Exception as error:  # the e-mails wait for the next one, or a worker
        log_event(logger, "mails_left_waiting", level=logging.ERROR, error=type(error).__name__)


def _run_waiting(city: str) -> None:
    if workers.is_served(city):
        return
    workers.take_over([city])  # from web processes that died
    here = workers.register([], lease=LEASE, home=city)
    while job := claim(city=city, queue=MAIL_QUEUE, worker_id=here.id):
        run_job(Run(job))
    workers.leave(here)
