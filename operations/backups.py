"""Backups of the database and of photos in a folder, and restoring them into an empty database."""

import os
import re
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, BinaryIO

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.db import connection

from photos.models import photo_storage

SUFFIXES = {"postgresql": ".dump", "sqlite": ".sqlite3"}
PHOTOS = ".photos.tar"
ENCRYPTED = ".gpg"
BACKUP_NAME = re.compile(r"movr-\d{8}T\d{6}\.\d{6}Z\.(dump|sqlite3|photos\.tar)(\.gpg)?")


class BackupFailed(Exception):
    """A sentence for the operator."""


def back_up(folder: Path, *, keep: int, recipient: Path | None = None) -> Path:
    """Write the database as it is now to a new file, and remove all but the newest ``keep`` backups of the folder.

    If photos are kept in a folder, a second file beside it contains them. With a ``recipient``, a file with a public
    key of GnuPG, only the owner of its private key can read the backup. Work goes on meanwhile: both engines read one
    snapshot.
    """
    path = folder / f"movr-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}{_suffix()}{ENCRYPTED if recipient else ''}"
    with _new_file(path, recipient) as file, _dumped() as dump:
        shutil.copyfileobj(dump, file)
    # After the database, so that the photos that it knows of are there.
    if photos := _photo_folder():
        with _new_file(_photos_of(path), recipient) as file:
            _pack(photos, file)
    _remove_old(folder, keep)
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


def restore_photos(path: Path) -> None:
    """Add the photos that belong to a backup of the database, if there are any. Existing ones are kept."""
    if (photos := _photos_of(path)).exists():
        with _opened(photos) as file:
            _unpack(file)


def _photos_of(path: Path) -> Path:
    """Return the file with the photos that belong to a backup of the database."""
    return path.with_name(path.name.replace(_suffix(), PHOTOS))


def _remove_old(folder: Path, keep: int) -> None:
    backups: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if BACKUP_NAME.fullmatch(path.name):
            backups.setdefault(path.name.partition("Z")[0], []).append(path)
    for stamp in list(backups)[:-keep]:
        for path in backups[stamp]:
            path.unlink()


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
def _new_file(path: Path, recipient: Path | None) -> Iterator[IO[bytes]]:
    """Yield a stream to write to. The file appears when all of it is written."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            if recipient:
                with _encrypted(recipient, file) as stream:
                    yield stream
            else:
                yield file
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _encrypted(recipient: Path, file: BinaryIO) -> Iterator[IO[bytes]]:
    """Yield a stream whose content is encrypted into the file."""
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryFile() as errors:
        # Recipients in files need no keyring, and with a home of its own gpg reads nobody's settings.
        command = ["gpg", "--batch", "--quiet", "--homedir", home, "--trust-model", "always"]
        command += ["--encrypt", "--recipient-file", str(recipient)]
        with (
            suppress(BrokenPipeError),  # its error says why
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=file, stderr=errors) as process,  # noqa: S603
        ):
            assert process.stdin  # noqa: S101
            yield process.stdin
        _check(process, errors)


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
        try:
            with subprocess.Popen(command, env=_environment(), stdout=subprocess.PIPE, stderr=errors) as process:  # noqa: S603
                assert process.stdout  # noqa: S101
                yield process.stdout
        except Exception:
            if process.returncode > 0:  # it says more than those who read too little
                _check(process, errors)
            raise
        _check(process, errors)


def _check(process: subprocess.Popen[bytes], errors: BinaryIO) -> None:
    """Raise ``BackupFailed`` with what an ended process has written to ``errors``, if it failed."""
    if process.returncode:
        errors.seek(0)
        raise BackupFailed(f"{process.args[0]}: {errors.read().decode(errors='replace').strip()}")


# --- Photos -------------------------------------------------------------------------------------------


def _photo_folder() -> Path | None:
    """Return the folder with the photos. In S3, they are the operator's to back up."""
    storage = photo_storage()
    folder = Path(storage.location) if isinstance(storage, FileSystemStorage) else None
    return folder if folder and folder.is_dir() else None


def _pack(folder: Path, file: IO[bytes]) -> None:
    with tarfile.open(fileobj=file, mode="w|") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                with suppress(FileNotFoundError):  # deleted meanwhile
                    archive.add(path, arcname=path.relative_to(folder))


def _unpack(file: IO[bytes]) -> None:
    storage = photo_storage()
    with tarfile.open(fileobj=file, mode="r|") as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content and not storage.exists(member.name):
                storage.save(member.name, ContentFile(content.read()))
