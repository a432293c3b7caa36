from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from ...services import delete_old_notifications


class Command(BaseCommand):
    help = "Delete notifications that were read more than NOTIFICATION_RETENTION_DAYS ago. Run from cron, once a day."

    def handle(self, *args: Any, verbosity: int, **options: Any) -> None:
        number = delete_old_notifications(days=settings.NOTIFICATION_RETENTION_DAYS)
        if verbosity:
            self.stdout.write(f"Notifications deleted: {number:,}.")
