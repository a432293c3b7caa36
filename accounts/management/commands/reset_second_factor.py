from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import second_factor
from accounts.models import User


class Command(BaseCommand):
    help = "Lets somebody set up a new second factor: for the last superuser who has lost app and recovery codes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("login", help="username or e-mail address")

    def handle(self, *args: Any, login: str, **options: Any) -> None:
        user = User.objects.identified_by(login).first()
        if user is None:
            raise CommandError(f"There is nobody called {login}.")
        second_factor.reset(user=user, by=None)
        self.stdout.write(f"{user} sets up a new second factor at the next log-in.")
