import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

PAUSE_SECONDS = 1.0


class Command(BaseCommand):
    help = "Wait until the database accepts connections, at most DATABASE_WAIT_SECONDS (60)."

    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        deadline = time.monotonic() + settings.DATABASE_WAIT_SECONDS
        while True:
            try:
                connection.ensure_connection()
            except OperationalError as error:
                if time.monotonic() + PAUSE_SECONDS > deadline:
                    # Only the type: the message has the server's name and address.
                    raise CommandError("The database did not accept a connection in time.") from error
                time.sleep(PAUSE_SECONDS)
            else:
                connection.close()
                return
