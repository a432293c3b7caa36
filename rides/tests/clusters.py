"""A PostgreSQL server for tests to stop, start and fill without affecting others."""

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
fsync = off  # commits need to survive the server only, not the machine
"""


class Cluster:
    """A server that listens only on a socket in a private folder, so that ports can't conflict."""

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
        """Stop it: ``fast`` shuts down cleanly, ``immediate`` is like a crash."""
        self._pg_ctl("stop", "-m", mode)

    def connect(self) -> psycopg2.extensions.connection:
        return psycopg2.connect(host=str(self.folder), user=ROLE, dbname="postgres")

    def _pg_ctl(self, verb: str, *arguments: str) -> None:
        self._run("pg_ctl", verb, "-w", "-t", "30", "-D", str(self.folder / "data"), *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        become = ["runuser", "-u", OWNER, "--"] if os.geteuid() == 0 else []
        command = [*become, str(self.programs / program), *arguments]
        # The server inherits pg_ctl's output: a pipe would never be closed.
        with (self.folder / "output").open("w") as output:
            done = subprocess.run(command, cwd=self.folder, stdout=output, stderr=output, timeout=60)
        assert done.returncode == 0, (self.folder / "output").read_text()


def programs_of_postgresql() -> Path | None:
    """Return the folder of ``initdb`` and ``pg_ctl``, which Debian doesn't put on the PATH."""
    folders = [Path(folder) for folder in os.get_exec_path()]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@contextmanager
def temporary_cluster() -> Iterator[Cluster]:
    """Yield a running, empty cluster. Skip the test if none can be created."""
    programs = programs_of_postgresql()
    if programs is None:
        pytest.skip("PostgreSQL's initdb is not installed here")
    if os.geteuid() == 0 and not shutil.which("runuser"):
        pytest.skip("PostgreSQL does not run as root, and there is no runuser")
    # Not pytest's own folder, which the server's user can't enter.
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
    """Redirect new connections to the cluster during the block."""
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
    """A cluster for this test. It keeps rows of earlier tests, which do no harm."""
    with served_by(migrated_cluster):
        yield migrated_cluster
