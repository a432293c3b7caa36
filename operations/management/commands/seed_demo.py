import argparse
from contextlib import contextmanager

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from fleet.models import Vehicle

from ...demo.named import add_guest, guests, log_in_lines, reason_against
from ...demo.parts import PARTS
from ...demo.places import add_known_places
from ...demo.progress import Progress
from ...demo.seeding import Amounts, Seeding, refresh_statistics
from ...demo.texts import publish_texts

DEFAULTS = {"vehicles": 450, "riders": 90, "rides": 900}
VEHICLES_EACH = 4  # per allocation
MAX_ROWS = 10_000_000  # a city has 24 million codes
DEFAULT_SEED = 1


class Command(BaseCommand):
    help = (
        "Add realistic vehicles, riders and rides to all cities. The same seed gives the same data. Existing rows "
        "are kept, so running the command again only adds what is missing. In DEBUG it also adds demo accounts: a "
        "rider, an owner and a member of staff."
    )

    def add_arguments(self, parser):
        for name, default in DEFAULTS.items():
            parser.add_argument(
                f"--{name}",
                type=whole_number,
                default=default,
                metavar="N",
                help=f"number of {name} (default: {default})",
            )
        parser.add_argument(
            "--allocations",
            type=whole_number,
            metavar="N",
            help="number of reservations, bookings and other calendar entries (default: one for every four vehicles)",
        )
        parser.add_argument(
            "--seed", type=whole_number, default=DEFAULT_SEED, metavar="S", help="seed of the random data"
        )
        parser.add_argument("--if-empty", action="store_true", help="only if there are no vehicles")
        parser.add_argument(
            "--show-logins", action="store_true", help="add nothing, only list the demo accounts (in DEBUG)"
        )

    def handle(self, *, vehicles, riders, rides, allocations, seed, if_empty, show_logins, verbosity, **options):
        check({"vehicles": vehicles, "riders": riders, "rides": rides, "allocations": allocations or 0}, seed)
        amounts = Amounts(vehicles, riders, rides, vehicles // VEHICLES_EACH if allocations is None else allocations)
        self.verbosity = verbosity
        if not show_logins:
            if if_empty and Vehicle.objects.exists():
                self.say("There are vehicles already, so no demo data was added.")
            else:
                self.seed(amounts, seed)
        for line in log_in_lines():
            self.say(line)

    def seed(self, amounts: Amounts, seed: int) -> None:
        now = timezone.now()
        progress = Progress(amounts, self.write, terminal=self.stdout.isatty())
        with unlogged_queries():
            publish_texts()
            add_known_places()
            added = self.add_guests(now)
            Seeding(amounts, seed, now, progress.report).add_all()
            progress.finish()
            for add_part in PARTS:
                add_part(now)
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
    """Reject invalid amounts, from the command line or ``call_command``."""
    for name, number in amounts.items():
        if not isinstance(number, int) or not 0 <= number <= MAX_ROWS:
            raise CommandError(f"--{name} must be a whole number from 0 to {MAX_ROWS:,}, not {number}.")
    if not isinstance(seed, int):
        raise CommandError(f"--seed must be a whole number, not {seed}.")


def whole_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{text}” is not a whole number.") from None


@contextmanager
def unlogged_queries():
    """Turn off Django's query log of DEBUG: slow, and gigabytes for a million vehicles."""
    if connection.force_debug_cursor:  # a test wants to see the queries
        yield
        return
    connection.make_debug_cursor = connection.make_cursor
    try:
        yield
    finally:
        del connection.make_debug_cursor
