"""The commits to compare, each in its own processes with its own database."""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .browser import ORIGIN
from .databases import own_database

ROOT = Path(__file__).resolve().parent.parent
HERE = "here"
REQUIREMENTS = "requirements.txt"
# The benchmarks come from this tree, the product from the side's.
WORKER = """
import sys
bench, side = sys.argv[1:]
sys.path.insert(0, bench)
import bench
sys.path[0] = side
from bench.worker import main
main()
"""
# Like the side's collectstatic, without compressed copies: they take most of the time and no page needs them.
COLLECT = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "movr_project.settings"
from django.conf import settings
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
django.setup()
from django.core.management import call_command
call_command("collectstatic", interactive=False, verbosity=0)
"""
# A server's settings, except limits that only affect people who repeat everything a hundred times.
SETTINGS = {
    "DEBUG": "off",
    "SECRET_KEY": "known-to-everyone-" * 4,
    "SITE_URL": ORIGIN,
    "EMAIL_URL": "dummymail://",
    "LOG_LEVEL": "INFO",
    "RESERVATION_COOLDOWN_MINUTES": "0",
    "MAX_BOOKINGS": "1000",
    "MAX_BOOKED_HOURS": "100000",
    "RIDE_STARTS_PER_HOUR": "100000",
}


class CommandFailed(SystemExit):
    """One of a side's commands failed. The message is its output."""


@dataclass(frozen=True)
class Amounts:
    """The amounts for each side's own ``seed_demo``."""

    vehicles: int
    riders: int
    rides: int

    def arguments(self) -> list[str]:
        return [f"--vehicles={self.vehicles}", f"--riders={self.riders}", f"--rides={self.rides}"]


class Worker:
    """The driver's end of ``bench.worker``."""

    def __init__(self, process: subprocess.Popen):
        self.process = process

    def ask(self, do: str, **arguments: Any) -> Any:
        assert self.process.stdin  # noqa: S101
        assert self.process.stdout  # noqa: S101
        self.process.stdin.write(json.dumps({"do": do} | arguments) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("A worker exited. Its output is above.")
        answer = json.loads(line)
        if "error" in answer:
            raise SystemExit(answer["error"])
        return answer["answer"]


@dataclass(frozen=True)
class Side:
    name: str
    tree: Path
    python: Path
    folder: Path
    database: str

    @cached_property
    def environment(self) -> dict[str, str]:
        """Return its processes' environment: no developer settings except PostgreSQL's address."""
        mine = {name: os.environ[name] for name in os.environ if name in {"HOME", "PATH"} or name.startswith("PG")}
        own = {"DATABASE_URL": self.database, "STATIC_ROOT": str(self.folder / "static"), "LANG": "C.UTF-8"}
        return mine | SETTINGS | own

    def manage(self, *arguments: str) -> str:
        """Run its manage.py."""
        return self._run("manage.py", *arguments)

    def _run(self, *arguments: str) -> str:
        """Run its Python. Exit on failure."""
        result = subprocess.run(  # noqa: S603
            [str(self.python), *arguments],
            cwd=self.tree,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise CommandFailed(f"{self.name}: {arguments[:2]} failed.\n{result.stdout}{result.stderr}")
        return result.stdout

    def prepare(self) -> None:
        self.manage("migrate", "--verbosity=0")
        self._run("-c", COLLECT)

    def seed(self, amounts: Amounts) -> None:
        self.manage("seed_demo", "--verbosity=0", *amounts.arguments())

    @contextmanager
    def worker(self) -> Iterator[Worker]:
        command = [str(self.python), "-P", "-c", WORKER, str(ROOT), str(self.tree)]
        process = subprocess.Popen(  # noqa: S603
            command, cwd=self.tree, env=self.environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        with process:
            try:
                yield Worker(process)
            finally:
                process.terminate()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--against", metavar="COMMIT", help="another commit to compare with, measured in turn")
    parser.add_argument(
        "--database", metavar="URL", help="sqlite, or a PostgreSQL server on which to create and drop databases"
    )


@contextmanager
def sides(*, against: str | None, server: str) -> Iterator[list[Side]]:
    """Yield this tree and, if requested, another commit: migrated and empty."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="movr-bench-")))
        trees = {HERE: ROOT}
        if against:
            trees[against] = stack.enter_context(checked_out(against, folder / "tree"))
        made = []
        for number, (name, tree) in enumerate(trees.items()):
            own = folder / str(number)
            own.mkdir()
            database = stack.enter_context(own_database(server, own))
            side = Side(name, tree, python_of(tree), own, database)
            say(f"{name}: preparing")
            side.prepare()
            made.append(side)
        yield made


@contextmanager
def checked_out(commit: str, tree: Path) -> Iterator[Path]:
    git("worktree", "add", "--quiet", "--detach", str(tree), commit)
    try:
        yield tree
    finally:
        git("worktree", "remove", "--force", str(tree))


def git(*arguments: str) -> str:
    command = [shutil.which("git") or "git", "-C", str(ROOT), *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if result.returncode:
        raise SystemExit(f"git {arguments[0]}: {result.stderr.strip()}")
    return result.stdout.strip()


def python_of(tree: Path) -> Path:
    """Return this Python or, if the tree has other requirements, one installed by its own script/bootstrap."""
    if (tree / REQUIREMENTS).read_text() == (ROOT / REQUIREMENTS).read_text():
        return Path(sys.executable)
    subprocess.run([tree / "script" / "bootstrap", "--runtime"], cwd=tree, check=True)  # noqa: S603
    return tree / ".venv" / "bin" / "python"


def commit_here() -> str:
    """Return this tree's revision for a table's heading, with a plus sign if files differ from it."""
    try:
        return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain") else "")
    except SystemExit:
        return "no commit"


def say(text: str) -> None:
    """Report progress on standard error, as the table goes to standard output."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
