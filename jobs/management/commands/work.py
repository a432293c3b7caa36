import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from movr_project.metrics import serve_counters

from ...worker import Worker, cities_of


class Command(BaseCommand):
    help = "Run jobs and the schedule until stopped. Any number of workers may run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--threads", type=int, default=settings.JOB_THREADS, help="jobs at the same time (JOB_THREADS)"
        )
        parser.add_argument(
            "--region", action="append", default=[], help="serve only the cities of this region (repeatable)"
        )

    def handle(self, *args: Any, threads: int, region: list[str], **options: Any) -> None:
        cities = cities_of(region)
        if not cities:
            raise CommandError("No city is in that region.")
        if threads < 1:
            raise CommandError("--threads must be at least 1.")
        if settings.WORKER_METRICS_PORT:
            serve_counters(settings.WORKER_METRICS_PORT)
        worker = Worker(cities=cities, threads=threads)
        for number in (signal.SIGTERM, signal.SIGINT):
            # In a thread: the signal may interrupt the loop while it holds the lock that stopping needs.
            signal.signal(number, lambda *_: threading.Thread(target=worker.stop).start())
        worker.run()
