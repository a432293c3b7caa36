from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from ...services import delete_old_photos


class Command(BaseCommand):
    help = "Delete photos older than PHOTO_RETENTION_DAYS. Run once a day, from cron."

    def handle(self, *args: Any, verbosity: int, **options: Any) -> None:
        number = delete_old_photos(days=settings.PHOTO_RETENTION_DAYS)
        if verbosity:
            self.stdout.write(f"Photos deleted: {number:,}.")
