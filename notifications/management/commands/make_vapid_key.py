from typing import Any

from django.core.management.base import BaseCommand

from ...push.keys import new_private_key


class Command(BaseCommand):
    help = (
        "Print a new VAPID_PRIVATE_KEY, for Web Push. Replacing a key ends what people have turned on with the old one."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"VAPID_PRIVATE_KEY={new_private_key()}")
