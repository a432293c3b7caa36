from typing import Any

from django.core.management.base import BaseCommand

from ...services.no_shows import notify_released_bookings


class Command(BaseCommand):
    help = "Notify people whose booking was released because they did not come. Run every few minutes, from cron."

    def handle(self, *args: Any, verbosity: int, **options: Any) -> None:
        number = notify_released_bookings()
        if verbosity:
            self.stdout.write(f"Bookings released within the last day: {number:,}.")
