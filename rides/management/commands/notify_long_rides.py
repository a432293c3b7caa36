from typing import Any

from django.core.management.base import BaseCommand

from ...long_rides import notify_long_rides


class Command(BaseCommand):
    help = "Notify people who have been riding for longer than RIDE_WARNING_HOURS. Run every hour or so, from cron."

    def handle(self, *args: Any, verbosity: int, **options: Any) -> None:
        number = notify_long_rides()
        if verbosity:
            self.stdout.write(f"Long rides: {number:,}.")
