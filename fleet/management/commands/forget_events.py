from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from fleet.services import forget_events


class Command(BaseCommand):
    help = "Deletes vehicle events older than VEHICLE_EVENT_RETENTION_DAYS, but for each vehicle's last. For cron."

    def handle(self, *args: Any, verbosity: int, **options: Any) -> None:
        number = forget_events(days=settings.VEHICLE_EVENT_RETENTION_DAYS)
        if verbosity:
            self.stdout.write(f"Vehicle events deleted: {number:,}.")
