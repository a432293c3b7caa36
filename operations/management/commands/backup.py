import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ...backups import BackupFailed, back_up


class Command(BaseCommand):
    help = (
        "Write a backup of the database and of photos into a folder, encrypted for BACKUP_RECIPIENT if that is set. "
        "Keeps the newest BACKUP_KEEP. Prints the path of the database's. Safe to run at any time."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        recipient = Path(settings.BACKUP_RECIPIENT) if settings.BACKUP_RECIPIENT else None
        os.umask(0o077)
        try:
            path = back_up(folder, keep=settings.BACKUP_KEEP, recipient=recipient)
        except (BackupFailed, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(str(path))
