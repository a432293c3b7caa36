from typing import Any

from django.core.management.base import BaseCommand

from fleet.services import tell_late_bookings


class Command(BaseCommand):
    help = "Tells people whose booking has begun while somebody still rides the vehicle. For cron, every few minutes."

    def handle(self, *args: Any, verbosity: int, **options: Any) -> None:
        number = tell_late_bookings()
        if verbosity:
            self.stdout.write(f"Bookings whose vehicle is still being ridden: {number:,}.")
