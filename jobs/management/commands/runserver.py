from typing import Any

from django.core.management.base import CommandParser
from whitenoise.runserver_nostatic.management.commands.runserver import Command as WhiteNoiseCommand

from ...worker import Worker, cities_of, running_in_background


class Command(WhiteNoiseCommand):
    help = "Serve MovR for development. With --worker, also run jobs and the schedule in this process."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--worker", action="store_true", help="also run jobs and the schedule")

    def inner_run(self, *args: Any, worker: bool, **options: Any) -> None:
        if not worker:
            return super().inner_run(*args, **options)
        with running_in_background(Worker(cities=cities_of([]), threads=2)):
            return super().inner_run(*args, **options)
