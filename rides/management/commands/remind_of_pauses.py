from typing import Any

from django.core.management.base import BaseCommand

from ...pause_reminders import remind_of_pauses


class Command(BaseCommand):
    help = "Remind riders whose pause ends soon. Run every minute, from cron."

    def handle(self, *args: Any, verbosity: int, **options: Any) -> None:
        number = remind_of_pauses()
        if verbosity:
            self.stdout.write(f"Pauses that end soon: {number:,}.")
