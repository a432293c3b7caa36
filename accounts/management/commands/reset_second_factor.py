from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ...models import User
from ...two_factor import services as second_factor


class Command(BaseCommand):
    help = "Reset a user's two-factor authentication, for the last superuser to lose their app and recovery codes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("login", help="username or e-mail address")

    def handle(self, *args: Any, login: str, **options: Any) -> None:
        user = User.objects.identified_by(login).first()
        if user is None:
            raise CommandError(f"No user has the username or e-mail address {login}.")
        second_factor.reset(user=user, by=None)
        self.stdout.write(f"{user} will set up two-factor authentication again at their next log-in.")
