"""Backups of the database, and restoring them into an empty one."""

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from django.db import connection

SUFFIXES = {"postgresql": ".dump", "sqlite": ".sqlite3"}
ENCRYPTED = ".gpg"


class BackupFailed(Exception):
    """A sentence for the operator."""


def back_up(folder: Path, *, keep: int, recipient: Path | None = None) -> Path:
    """Write the database as it is now to a new file, and remove all but the newest ``keep`` files of the folder.

    With a ``recipient``, a file with a public key of GnuPG, only the owner of its private key can read the backup.
    Work goes on meanwhile: both engines read one snapshot.
    """
    suffix = _suffix() + (ENCRYPTED if recipient else "")
    path = folder / f"movr-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}{suffix}"
    partial = path.with_name(f".{path.name}.partial")
    try:
        with _dumped() as dump:
            if recipient:
                _gpg("--encrypt", "--recipient-file", str(recipient), "--output", str(partial), stdin=dump)
            else:
                with partial.open("wb") as file:
                    shutil.copyfileobj(dump, file)
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
    for old in sorted(folder.glob("movr-*"))[:-keep]:
        old.unlink()
    return path


def restore(path: Path) -> None:
    """Fill the empty database with a backup."""
    if _suffix() not in path.suffixes:
        raise BackupFailed(f"{path.name} is not a backup of this kind of database.")
    if connection.introspection.table_names():
        raise BackupFailed("The database is not empty. Create a new one, and name it in DATABASE_URL.")
    connection.close()
    with _opened(path) as dump:
        if connection.vendor == "sqlite":
            _restore_sqlite(dump)
        else:
            options = ["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]
            _run(*_postgres("pg_restore"), *options, stdin=dump)


def _suffix() -> str:
    if connection.vendor not in SUFFIXES:
        raise BackupFailed("Use CockroachDB's own BACKUP and RESTORE: see docs/operations.md.")
    return SUFFIXES[connection.vendor]


@contextmanager
def _dumped() -> Iterator[BinaryIO]:
    """Yield a stream of the database's content."""
    if connection.vendor == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "copy"
            _copy_sqlite(str(connection.settings_dict["NAME"]), str(copy))
            with copy.open("rb") as file:
                yield file
    else:
        with _output(*_postgres("pg_dump"), "--format=custom", "--no-owner", "--no-privileges") as stream:
            yield stream


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Yield a backup's content, decrypted with a private key of the person who runs this."""
    if path.suffix == ENCRYPTED:
        with _output("gpg", "--batch", "--quiet", "--decrypt", str(path)) as stream:
            yield stream
    else:
        with path.open("rb") as file:
            yield file


def _restore_sqlite(dump: BinaryIO) -> None:
    with tempfile.NamedTemporaryFile() as copy:
        shutil.copyfileobj(dump, copy)
        copy.flush()
        with closing(sqlite3.connect(copy.name)) as database:
            try:
                (found,) = database.execute("PRAGMA quick_check").fetchone()
            except sqlite3.DatabaseError as error:
                raise BackupFailed(f"The backup is damaged: {error}.") from error
        if found != "ok":
            raise BackupFailed(f"The backup is damaged: {found}")
        _copy_sqlite(copy.name, str(connection.settings_dict["NAME"]))


def _copy_sqlite(source: str, target: str) -> None:
    with closing(sqlite3.connect(source)) as from_, closing(sqlite3.connect(target)) as to:
        from_.backup(to)


def _postgres(program: str) -> list[str]:
    """Return a client program with the connection's options. The password is in the environment: see ``_run``."""
    (_psql, *options, name), _environment = _client()
    return [program, *options, f"--dbname={name}"]


def _client() -> tuple[list[str], dict[str, str] | None]:
    return connection.client.settings_to_cmd_args_env(connection.settings_dict, [])


def _environment() -> dict[str, str]:
    own = _client()[1] if connection.vendor == "postgresql" else None
    return os.environ | (own or {})


def _gpg(*arguments: str, stdin: BinaryIO) -> None:
    # Recipients in files need no keyring, and with a home of its own gpg reads nobody's settings.
    with tempfile.TemporaryDirectory() as home:
        _run("gpg", "--batch", "--quiet", "--homedir", home, "--trust-model", "always", *arguments, stdin=stdin)


def _run(*command: str, stdin: BinaryIO) -> None:
    result = subprocess.run(  # noqa: S603
        command, stdin=stdin, env=_environment(), capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise BackupFailed(f"{command[0]}: {result.stderr.strip()}")


@contextmanager
def _output(*command: str) -> Iterator[BinaryIO]:
    """Yield what a program writes. Raises ``BackupFailed`` if it fails, even after its last byte."""
    with tempfile.TemporaryFile() as errors:
        with subprocess.Popen(command, env=_environment(), stdout=subprocess.PIPE, stderr=errors) as process:  # noqa: S603
            assert process.stdout  # noqa: S101
            yield process.stdout
        if process.returncode:
            errors.seek(0)
            raise BackupFailed(f"{command[0]}: {errors.read().decode(errors='replace').strip()}")
