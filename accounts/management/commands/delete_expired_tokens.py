from typing import Any

from django.core.management.base import BaseCommand

from ...api_access.retention import delete_expired


class Command(BaseCommand):
    help = (
        "Delete API tokens that ended 30 days ago, and answers kept for requests sent again. Run from cron, once a day."
    )

    def handle(self, *args: Any, verbosity: int, **options: Any) -> None:
        tokens, answers = delete_expired()
        if verbosity:
            self.stdout.write(f"Tokens deleted: {tokens:,}. Answers deleted: {answers:,}.")
