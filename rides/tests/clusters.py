"""A PostgreSQL server of the tests' own, to be stopped, started and filled without disturbing anybody."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest
from django.core.management import call_command
from django.db import connection

from movr_project.tests.databases import stand_in
from script.cockroach_stand_in import make_stand_in

ROLE = "movr"
MAX_CONNECTIONS = 20
OWNER = "postgres"  # the server refuses to run as root
CONFIGURATION = f"""
listen_addresses = ''
max_connections = {MAX_CONNECTIONS}
shared_buffers = 16MB
fsync = off  # the machine stays up: what was committed survives the server, and nobody waits for a disk
"""


class Cluster:
    """Reached through a socket in a folder that nobody else knows, so no port can be taken."""

    def __init__(self, folder: Path, programs: Path):
        self.folder = folder
        self.programs = programs
        self.settings = {"HOST": str(folder), "PORT": "", "NAME": "postgres", "USER": ROLE, "PASSWORD": ""}

    def create(self) -> None:
        if os.geteuid() == 0:
            shutil.chown(self.folder, OWNER)
        arguments = ["--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", f"--username={ROLE}"]
        self._run("initdb", "-D", str(self.folder / "data"), *arguments)
        with (self.folder / "data/postgresql.conf").open("a") as file:
            file.write(f"{CONFIGURATION}unix_socket_directories = '{self.folder}'\n")

    def start(self) -> None:
        self._pg_ctl("start", "-l", str(self.folder / "log"))

    def stop(self, mode: str = "fast") -> None:
        """``fast`` says good-bye and writes everything down; ``immediate`` is as good as pulling the plug."""
        self._pg_ctl("stop", "-m", mode)

    def connect(self) -> psycopg2.extensions.connection:
        return psycopg2.connect(host=str(self.folder), user=ROLE, dbname="postgres")

    def _pg_ctl(self, verb: str, *arguments: str) -> None:
        self._run("pg_ctl", verb, "-w", "-t", "30", "-D", str(self.folder / "data"), *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        become = ["runuser", "-u", OWNER, "--"] if os.geteuid() == 0 else []
        command = [*become, str(self.programs / program), *arguments]
        # The server inherits where pg_ctl writes: a pipe would never end.
        with (self.folder / "output").open("w") as output:
            done = subprocess.run(command, cwd=self.folder, stdout=output, stderr=output, timeout=60)
        assert done.returncode == 0, (self.folder / "output").read_text()


def programs_of_postgresql() -> Path | None:
    """Where ``initdb`` and ``pg_ctl`` are; Debian keeps them off the PATH."""
    folders = [Path(folder) for folder in os.get_exec_path()]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@contextmanager
def temporary_cluster() -> Iterator[Cluster]:
    """A running, empty cluster. Skips where none can be made."""
    programs = programs_of_postgresql()
    if programs is None:
        pytest.skip("PostgreSQL's initdb is not installed here")
    if os.geteuid() == 0 and not shutil.which("runuser"):
        pytest.skip("PostgreSQL does not run as root, and there is no runuser")
    # Not pytest's own folder: the server's user could not enter it.
    folder = Path(tempfile.mkdtemp(prefix="movr-cluster-"))
    cluster = Cluster(folder, programs)
    try:
        cluster.create()
        cluster.start()
        if stand_in:
            make_stand_in(f"postgresql:///?host={folder}&user={ROLE}", stand_in)
        yield cluster
    finally:
        if (folder / "data/postmaster.pid").exists():
            cluster.stop("immediate")
        shutil.rmtree(folder)


@contextmanager
def served_by(cluster: Cluster) -> Iterator[None]:
    """Every connection that is made within the block goes to the cluster."""
    settings = connection.settings_dict  # the same object in all threads
    before = {name: settings[name] for name in cluster.settings}
    connection.close()
    settings.update(cluster.settings)
    try:
        yield
    finally:
        connection.close()
        settings.update(before)


@pytest.fixture(scope="module")
def migrated_cluster(django_db_setup, django_db_blocker):
    with temporary_cluster() as cluster, django_db_blocker.unblock():
        with served_by(cluster):
            call_command("migrate", verbosity=0)
        yield cluster


@pytest.fixture
def cluster(migrated_cluster, transactional_db):
    """A cluster that serves this test. It keeps the rows of the test before: nobody minds."""
    with served_by(migrated_cluster):
        yield migrated_cluster
