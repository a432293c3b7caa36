from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from accounts.notices import forget_notices


class Command(BaseCommand):
    help = "Deletes notices that were read more than NOTICE_RETENTION_DAYS ago. For cron, once a day."

    def handle(self, *args: Any, verbosity: int, **options: Any) -> None:
        number = forget_notices(days=settings.NOTICE_RETENTION_DAYS)
        if verbosity:
            self.stdout.write(f"Notices deleted: {number:,}.")
