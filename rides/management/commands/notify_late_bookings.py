from typing import Any

from django.core.management.base import BaseCommand

from ...late_bookings import notify_late_bookings


class Command(BaseCommand):
    help = (
        "Notify people whose booking has started while the vehicle is still in use. Run every few minutes, from cron."
    )

    def handle(self, *args: Any, verbosity: int, **options: Any) -> None:
        number = notify_late_bookings()
        if verbosity:
            self.stdout.write(f"Bookings whose vehicle is still in use: {number:,}.")
