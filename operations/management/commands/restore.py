from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.removals import noted_removals, remove_again

from ...backups import BackupFailed, restore, restore_photos


class Command(BaseCommand):
    help = (
        "Restore a backup into the empty database of DATABASE_URL and photos into PHOTO_STORAGE, migrate it, remove "
        "the accounts in REMOVED_ACCOUNTS_FILE again, and check its integrity."
    )

    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            restore(file)
        except (BackupFailed, OSError) as error:
            raise CommandError(str(error)) from error
        failure = self._restore_photos(file)
        call_command("migrate", interactive=False, verbosity=0, stdout=self.stdout)
        removed, refused = remove_again(noted_removals())
        self.stdout.write(f"Restored. Accounts removed again: {removed}.")
        for id_ in refused:
            self.stdout.write(f"{id_} was removed later, but rides or owns vehicles in the backup. Remove it by hand.")
        call_command("check_integrity", stdout=self.stdout)
        if failure:
            raise CommandError(failure)

    def _restore_photos(self, file: Path) -> str:
        """Return what went wrong. Whatever it is, removed accounts must be removed again."""
        try:
            restore_photos(file)
        except Exception as error:
            failure = f"The photos were not restored: {error}"
            self.stderr.write(failure)
            return failure
        return ""
