from typing import Any

from django.core.management.base import BaseCommand

from ...pause_reminders import notify_ended_pauses


class Command(BaseCommand):
    help = "Notify riders whose pause has ended. Run every few minutes, from cron."

    def handle(self, *args: Any, verbosity: int, **options: Any) -> None:
        number = notify_ended_pauses()
        if verbosity:
            self.stdout.write(f"Pauses that are over: {number:,}.")
