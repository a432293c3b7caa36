"""The drill: back up under load, lose the database, restore it elsewhere. On SQLite and PostgreSQL."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing, nullcontext
from io import BytesIO

import psycopg2
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from operations import backups
from operations.management.commands import restore

from . import servers
from .servers import environment

pytestmark = [pytest.mark.xdist_group("deployment"), pytest.mark.postgresql_does]

# Starts and ends rides and prints each one that is acknowledged, until a line arrives. Then removes an account.
RIDER = """
import select, sys
from cities.registry import registry
from accounts.models import User
from accounts.services import remove_account
from fleet.tests.factories import VehicleFactory
from rides.services import end_ride, start_ride
from accounts.tests.factories import UserFactory
from uuid import uuid4

city = registry["paris"]
rider, leaver = UserFactory(city="paris"), UserFactory(city="paris")
vehicle = VehicleFactory(city="paris", number=103)
print(leaver.id, flush=True)
while not select.select([sys.stdin], [], [], 0)[0]:
    ride = start_ride(rider=rider, city=city, vehicle_city="paris", vehicle_id=vehicle.id, token=str(uuid4()))
    print(ride.id, flush=True)
    end_ride(city="paris", ride_id=ride.id, rider=rider, end_location="The station")
remove_account(user=leaver)
"""


@pytest.fixture
def key(tmp_path):
    """A key pair. Return the file with the public key and the folder with the private one."""
    if not shutil.which("gpg"):
        pytest.skip("GnuPG is not installed")
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--batch", "--quiet", "--homedir", home]
    subprocess.run([*gpg, "--passphrase", "", "--quick-generate-key", "ops@movr.example", "future-default"], check=True)
    public = tmp_path / "backup.pub"
    public.write_bytes(subprocess.check_output([*gpg, "--armor", "--export"]))
    yield public, home
    subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)


@pytest.fixture
def other_database(tmp_path, settings):
    """An empty database on the tested engine."""
    if connection.vendor == "sqlite":
        yield f"sqlite:///{tmp_path / 'restored.sqlite3'}"
    else:
        yield from servers.postgres_database(settings.DATABASE_URL)


def ask(url, sql):
    """Return the first column of a statement's rows."""
    is_sqlite = url.startswith("sqlite")
    with closing(sqlite3.connect(url.removeprefix("sqlite:///")) if is_sqlite else psycopg2.connect(url)) as database:
        cursor = database.cursor()
        cursor.execute(sql)
        return [str(row[0]).replace("-", "") for row in cursor.fetchall()]


def script(name, argument, **variables):
    """Run a script like an operator. It needs the database's own programs."""
    known = environment(**variables)
    known["PATH"] = os.environ["PATH"]
    command = [sys.executable, "manage.py", name, argument]
    return subprocess.run(command, cwd=servers.ROOT, env=known, capture_output=True, text=True, timeout=240)


def test_nothing_acknowledged_before_a_backup_is_lost_and_who_left_stays_away(released, other_database, key, tmp_path):
    public, private = key
    folder = tmp_path / "backups"
    folder.mkdir()
    variables = released | {
        "BACKUP_RECIPIENT": str(public),
        "REMOVED_ACCOUNTS_FILE": str(tmp_path / "removed"),
        "PHOTO_STORAGE": str(tmp_path / "photos"),
        "RIDE_STARTS_PER_HOUR": "100000",
        "GNUPGHOME": str(private),
        "DEBUG": "off",
    }
    riding = subprocess.Popen(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", RIDER],
        cwd=servers.ROOT,
        env=environment(**variables),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    photo = tmp_path / "photos" / "paris" / "parked.jpg"
    photo.parent.mkdir(parents=True)
    photo.write_bytes(b"a parked scooter")
    leaver = riding.stdout.readline().strip()
    acknowledged = [riding.stdout.readline().strip() for _number in range(3)]
    made = script("backup", folder, **variables)
    _rest, errors = riding.communicate("stop\n", timeout=120)
    assert (made.returncode, riding.returncode) == (0, 0), f"{made.stderr}\n{errors}"
    (photos,) = folder.glob(f"*{backups.PHOTOS}.gpg")
    (backup,) = set(folder.iterdir()) - {photos}
    assert backup.suffix == ".gpg"

    elsewhere = {"DATABASE_URL": other_database, "PHOTO_STORAGE": str(tmp_path / "restored")}
    restored = script("restore", backup, **(variables | elsewhere))
    assert restored.returncode == 0, restored.stderr
    assert "Accounts removed again: 1." in restored.stdout
    assert "Everything is consistent" in restored.stdout
    there = ask(other_database, "SELECT id FROM rides")
    assert {id_.replace("-", "") for id_ in acknowledged} <= set(there)
    assert (tmp_path / "restored" / "paris" / "parked.jpg").read_bytes() == b"a parked scooter"
    gone = ask(other_database, "SELECT id FROM users WHERE email IS NULL AND NOT is_active")
    assert leaver.replace("-", "") in gone

    again = script("restore", backup, **(variables | elsewhere))
    assert again.returncode == 1
    assert "The database is not empty" in again.stderr


def test_only_the_newest_are_kept(tmp_path, monkeypatch, photo_folder):
    monkeypatch.setattr(backups, "_dumped", lambda: nullcontext(BytesIO(b"rows")))
    others = [tmp_path / name for name in ("movr-2025-before-upgrade.dump", "movr-removed-accounts", "notes.txt")]
    for other in others:
        other.touch()
    photo_folder.mkdir()
    made = [backups.back_up(tmp_path, keep=2) for _number in range(4)]
    kept = [path for path in sorted(tmp_path.glob("movr-*")) if path not in others]
    assert [path for path in kept if backups.PHOTOS not in path.name] == made[2:]
    assert len(list(tmp_path.glob(f"*{backups.PHOTOS}"))) == 2
    assert all(other.exists() for other in others)


def test_a_failed_backup_leaves_no_file_and_removes_none(tmp_path, monkeypatch):
    earlier = tmp_path / "movr-20260101T000000.dump"
    earlier.touch()
    monkeypatch.setattr(backups, "_dumped", lambda: backups._output("sh", "-c", "echo half; echo why >&2; exit 3"))
    with pytest.raises(backups.BackupFailed, match="why"):
        backups.back_up(tmp_path, keep=1)
    assert list(tmp_path.iterdir()) == [earlier]


@pytest.mark.any_engine
@pytest.mark.django_db
@pytest.mark.parametrize(("content", "reason"), [(b"x" * 5000, "invalid header"), (b"", "empty file")])
def test_accounts_are_removed_again_even_if_photos_are_damaged(tmp_path, monkeypatch, capsys, content, reason):
    monkeypatch.setattr(restore, "restore", lambda file: None)
    backup = tmp_path / "movr-1.sqlite3"
    (tmp_path / f"movr-1{backups.PHOTOS}").write_bytes(content)
    with pytest.raises(CommandError, match=f"The photos were not restored: .*{reason}"):
        call_command("restore", backup)
    assert "Accounts removed again: 0." in capsys.readouterr().out


@pytest.mark.any_engine
def test_what_gpg_says_is_the_reason():
    with (
        pytest.raises(backups.BackupFailed, match="No secret key"),
        backups._output("sh", "-c", "echo No secret key >&2; exit 2") as stream,
    ):
        backups._unpack(stream)


@pytest.mark.any_engine
def test_a_damaged_file_is_not_restored(tmp_path):
    broken = tmp_path / "movr-1.sqlite3"
    broken.write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    with broken.open("rb") as file, pytest.raises(backups.BackupFailed, match="damaged"):
        backups._restore_sqlite(file)


def test_another_engines_backup_is_refused(tmp_path):
    with pytest.raises(backups.BackupFailed, match="not a backup of this kind"):
        backups.restore(tmp_path / f"movr-1{'.dump' if connection.vendor == 'sqlite' else '.sqlite3'}")
