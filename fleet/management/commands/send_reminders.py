from typing import Any

from django.core.management.base import BaseCommand

from ...services.reminders import send_reminders


class Command(BaseCommand):
    help = "Remind people before their booking begins and before their reservation ends. Run every minute, from cron."

    def handle(self, *args: Any, verbosity: int, **options: Any) -> None:
        number = send_reminders()
        if verbosity:
            self.stdout.write(f"Reminders sent: {number:,}.")
