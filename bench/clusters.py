"""PostgreSQL servers to stop, kill and start without affecting others."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg2

ROLE = "movr"
MAX_CONNECTIONS = 20
OWNER = "postgres"  # the server refuses to run as root
CONFIGURATION = f"""
listen_addresses = ''
max_connections = {MAX_CONNECTIONS}
shared_buffers = 16MB
fsync = off  # commits need to survive the server only, not the machine
"""


class Unavailable(Exception):
    """No server can be created on this machine. The message says what is missing."""


class Cluster:
    """A server that listens only on a socket in a private folder, so that ports can't conflict."""

    def __init__(self, folder: Path, programs: Path):
        self.folder = folder
        self.programs = programs
        self.settings = {"HOST": str(folder), "PORT": "", "NAME": "postgres", "USER": ROLE, "PASSWORD": ""}

    @property
    def url(self) -> str:
        return f"postgres://{ROLE}@/postgres?{urlencode({'host': self.folder})}"

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

    def start_in_foreground(self) -> subprocess.Popen:
        """Start it as a process of ours, which is its postmaster."""
        with (self.folder / "log").open("a") as log:
            return subprocess.Popen(  # noqa: S603
                [self.programs / "postgres", "-D", self.folder / "data"],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **_as_owner(),
            )

    def connect(self) -> psycopg2.extensions.connection:
        return psycopg2.connect(host=str(self.folder), user=ROLE, dbname="postgres")

    def _pg_ctl(self, verb: str, *arguments: str) -> None:
        self._run("pg_ctl", verb, "-w", "-t", "30", "-D", str(self.folder / "data"), *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        # The server inherits pg_ctl's output: a pipe would never be closed.
        with (self.folder / "output").open("w") as output:
            done = subprocess.run(  # noqa: S603
                [self.programs / program, *arguments],
                cwd=self.folder,
                stdout=output,
                stderr=output,
                timeout=60,
                check=False,
                **_as_owner(),
            )
        if done.returncode:
            raise RuntimeError((self.folder / "output").read_text())


def _as_owner() -> dict[str, Any]:
    return {"user": OWNER, "group": OWNER, "extra_groups": []} if os.geteuid() == 0 else {}


def programs_of_postgresql() -> Path | None:
    """Return the folder of ``initdb`` and ``pg_ctl``, which Debian doesn't put on the PATH."""
    folders = [Path(folder) for folder in os.get_exec_path()]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@contextmanager
def empty_cluster() -> Iterator[Cluster]:
    """Yield a cluster that isn't running. Raise ``Unavailable`` if none can be created."""
    programs = programs_of_postgresql()
    if programs is None:
        raise Unavailable("PostgreSQL's initdb is not installed.")
    # Not a folder of root's, which the server's user can't enter.
    folder = Path(tempfile.mkdtemp(prefix="movr-cluster-"))
    cluster = Cluster(folder, programs)
    try:
        cluster.create()
        yield cluster
    finally:
        if (folder / "data/postmaster.pid").exists():
            cluster.stop("immediate")
        shutil.rmtree(folder)
