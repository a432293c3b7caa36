import argparse
from contextlib import contextmanager

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from fleet.models import Vehicle
from rides.demo.named import add_guest, guests, log_in_lines, reason_against
from rides.demo.progress import Progress
from rides.demo.seeding import Amounts, Seeding, refresh_statistics

DEFAULTS = {"vehicles": 450, "riders": 90, "rides": 900}
VEHICLES_EACH = 4  # for one allocation
MOST = 10_000_000  # a city has 24 million labels
DEFAULT_SEED = 1


class Command(BaseCommand):
    help = (
        "Puts believable vehicles, riders and rides into all cities. The same seed gives the same data, and what "
        "is there already stays as it is: run it twice, or after an interruption, and it adds what is missing. In "
        "DEBUG there are a rider, an owner and a member of staff to log in as."
    )

    def add_arguments(self, parser):
        for name, default in DEFAULTS.items():
            parser.add_argument(
                f"--{name}",
                type=whole_number,
                default=default,
                metavar="N",
                help=f"how many {name} (default: {default})",
            )
        parser.add_argument(
            "--allocations",
            type=whole_number,
            metavar="N",
            help="how many reservations, bookings and the like (default: one for every four vehicles)",
        )
        parser.add_argument(
            "--seed", type=whole_number, default=DEFAULT_SEED, metavar="S", help="another seed, other data"
        )
        parser.add_argument("--if-empty", action="store_true", help="only where there is no vehicle at all")
        parser.add_argument(
            "--show-logins", action="store_true", help="add nothing, only say who can log in (in DEBUG)"
        )

    def handle(self, *, vehicles, riders, rides, allocations, seed, if_empty, show_logins, verbosity, **options):
        check({"vehicles": vehicles, "riders": riders, "rides": rides, "allocations": allocations or 0}, seed)
        amounts = Amounts(vehicles, riders, rides, vehicles // VEHICLES_EACH if allocations is None else allocations)
        self.verbosity = verbosity
        if not show_logins:
            if if_empty and Vehicle.objects.exists():
                self.say("There are vehicles already: no demo data is added.")
            else:
                self.seed(amounts, seed)
        for line in log_in_lines():
            self.say(line)

    def seed(self, amounts: Amounts, seed: int) -> None:
        now = timezone.now()
        progress = Progress(amounts, self.write, terminal=self.stdout.isatty())
        with unlogged_queries():
            added = self.add_guests(now)
            Seeding(amounts, seed, now, progress.report).add_all()
            progress.finish()
            if added or progress.added.total():
                refresh_statistics()

    def add_guests(self, now) -> int:
        added = 0
        for guest in guests(now):
            reason = reason_against(guest)
            if reason:
                self.say(reason)
            else:
                added += add_guest(guest, now)
        return added

    def say(self, line: str) -> None:
        self.write(f"{line}\n")

    def write(self, text: str) -> None:
        if self.verbosity:
            self.stdout.write(text, ending="")
            self.stdout.flush()


def check(amounts: dict[str, int], seed: int) -> None:
    """Refuse numbers that make no sense, whether typed or given by ``call_command``."""
    for name, number in amounts.items():
        if not isinstance(number, int) or not 0 <= number <= MOST:
            raise CommandError(f"--{name} is a whole number from 0 to {MOST:,}, not {number}.")
    if not isinstance(seed, int):
        raise CommandError(f"--seed is a whole number, not {seed}.")


def whole_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{text}” is not a whole number.") from None


@contextmanager
def unlogged_queries():
    """In DEBUG Django keeps the text of every statement: slow, and gigabytes for a million vehicles."""
    if connection.force_debug_cursor:  # a test wants to see them
        yield
        return
    connection.make_debug_cursor = connection.make_cursor
    try:
        yield
    finally:
        del connection.make_debug_cursor
