from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from ...services import delete_old_events


class Command(BaseCommand):
    help = "Delete vehicle events older than VEHICLE_EVENT_RETENTION_DAYS, except each vehicle's latest. Run from cron."

    def handle(self, *args: Any, verbosity: int, **options: Any) -> None:
        number = delete_old_events(days=settings.VEHICLE_EVENT_RETENTION_DAYS)
        if verbosity:
            self.stdout.write(f"Vehicle events deleted: {number:,}.")
