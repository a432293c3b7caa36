"""``script/bench pages`` and ``script/bench riders``, with tiny runs in processes of their own."""

import ast
import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from argparse import Namespace
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from django.conf import settings
from django.db import connection

from bench.day import _arrivals
from bench.html import NotFound, Page
from bench.killing import Record, Witness, missing, unexpected
from bench.load import Reply, Rider, Tally
from bench.pages import Page as Measured
from bench.sides import checked_out
from bench.units import Unit

ROOT = Path(settings.BASE_DIR)
DATABASE = os.environ["DATABASE_URL"] if connection.vendor == "postgresql" else "sqlite"
# In one worker, as each of them uses both cores of a small machine.
pytestmark = [pytest.mark.xdist_group("deployment"), pytest.mark.any_engine]
committed = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="there are no commits here")


def bench(*arguments):
    command = [sys.executable, "-m", "bench", *arguments]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stdout + result.stderr
    return result


def rows(text):
    """Return the rows of a Markdown table by their first cell."""
    cells = [[cell.strip() for cell in line.strip("| ").split("|")] for line in text.splitlines() if line[:1] == "|"]
    heads, _line, *rest = cells
    return {row[0]: dict(zip(heads, row, strict=True)) for row in rest}


def test_without_a_name_it_lists_all_benchmarks():
    listed = bench().stdout
    for name in (
        "pages",
        "riders",
        "kill",
        "jobs",
        "readers",
        "tabs",
        "feeds",
        "locality",
        "regions",
        "map",
        "calendar",
        "community",
    ):
        assert re.search(rf"^    {name}\s+\w", listed, re.MULTILINE)


@committed
def test_pages_beside_another_commit():
    small = ["--vehicles=100", "--riders=20", "--rides=40"]
    table = rows(bench("pages", "--repeat=1", "--against=HEAD", "--only=help", "--only=ride", *small).stdout)
    assert {"bare view", "help", "start a ride", "end a ride", "ride page, open"} <= set(table)
    assert "profile" not in table
    for row in table.values():
        assert float(row["ms"]) > 0
        assert float(row["ms HEAD"]) > 0
    assert table["bare view"]["× bare"] == "1.0"  # noqa: RUF001
    assert float(table["help"]["here / HEAD"]) > 0
    statements, _other = table["help"]["statements"].split(" / ")
    assert int(statements) >= 1
    nodes, _other = table["help"]["template nodes"].split(" / ")
    assert int(nodes) > 10


@committed
def test_the_other_commit_is_checked_out_for_the_run_alone(tmp_path):
    with checked_out("HEAD", tmp_path / "tree") as tree:
        assert (tree / "manage.py").is_file()
    assert not tree.exists()
    assert str(tree) not in subprocess.check_output(["git", "worktree", "list"], cwd=ROOT, text=True)


@pytest.mark.skipif(connection.vendor not in {"sqlite", "postgresql"}, reason="it makes databases on these")
class TestRiders:
    small = ("--database", DATABASE, "--vehicles=20", "--seconds=2", "--runs=1")

    def test_each_on_a_vehicle_of_their_own(self):
        result = bench("riders", "--riders=1,2", *self.small)
        table = rows(result.stdout)
        assert set(table) == {"1", "2"}
        assert table["1"]["5xx"] == "0"
        assert table["1"]["refused"] == "0"
        assert float(table["1"]["start ms"].split(" / ")[0]) > 0
        assert "Everything is consistent" in result.stderr

    def test_all_on_one(self):
        result = bench("riders", "--riders=3", "--one-vehicle", *self.small)
        row = rows(result.stdout)["3"]
        assert row["rides of simultaneous starts"] == "1"
        assert row["5xx"] == "0"
        assert "Everything is consistent" in result.stderr


class TestKill:
    """The parts of ``kill``. All of it takes minutes."""

    def test_what_was_killed_is_started_again_with_its_whole_group(self):
        starts = []

        def start():
            starts.append(subprocess.Popen(["sh", "-c", "sleep 1000 & wait"], start_new_session=True))
            return starts[-1]

        with Unit("web server", start, restart_seconds=0).running() as unit:
            unit.kill()
            starts[0].wait()
            deadline = time.monotonic() + 60
            while len(starts) < 2 and time.monotonic() < deadline:
                time.sleep(0.01)
        assert [process.wait() for process in starts] == [-signal.SIGKILL, -signal.SIGTERM]

    def test_it_finds_what_was_lost_and_other_errors_than_those_of_a_restart(self):
        statuses = {"nginx": Counter([200, 302, 404, 502, 503, 500, 0]), "database": Counter([0])}
        record = Record(starts=3, ended={"a", "b"}, statuses=statuses)
        assert list(missing(record, {"a", "c"})) == [
            "3 starts were acknowledged, and only 2 rides exist.",
            "Ride b was ended, and is not.",
        ]
        assert list(unexpected(record)) == [
            "1 × 500 after nginx was killed.",  # noqa: RUF001
            "1 × no connection after database was killed.",  # noqa: RUF001
        ]

    def test_a_ride_that_is_gone_after_it_was_acknowledged_is_lost(self, monkeypatch):
        replies = iter([Reply(302, "/rides/"), Reply(503), Reply(200, body=b"No ride is open.")])

        async def ask(*args):
            return next(replies)

        witness = Witness(Rider(0, {}, "/v/"), record := Record())
        monkeypatch.setattr(witness.connection, "ask", ask)
        for action, method in (("start", "POST"), ("ride page", "GET"), ("ride page", "GET")):
            asyncio.run(witness.timed(action, Tally(), 0, method, "/rides/"))
        assert (record.starts, record.lost) == (1, 1)


def test_the_failure_is_reported():
    command = [sys.executable, "-m", "bench", "pages", "--against=no-such-commit"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.returncode == 1
    assert "no-such-commit" in result.stderr


class TestPage:
    """Parse a page like a browser."""

    def test_a_button_sends_its_form_to_its_own_address(self):
        page = Page(
            """<form action="/rides/start/x/"><input type="hidden" name="token" value="a">
            <button>Start</button><button formaction="/x/reserve/" name="n" value="v">Reserve</button></form>""",
            "https://movr.example/vehicles/",
        )
        start, reserve = page.submit("start"), page.submit("reserve")
        assert (start.url, start.fields) == ("https://movr.example/rides/start/x/", {"token": "a"})
        assert reserve.fields == {"token": "a", "n": "v"}

    def test_a_button_may_be_outside_its_form(self):
        page = Page(
            """<button form="act" formaction="/start/">Start</button>
            <form id="act" action="/"><input name="token" value="a"></form>""",
            "/vehicles/",
        )
        assert page.submit("start").fields == {"token": "a"}

    def test_a_disabled_button_sends_nothing(self):
        with pytest.raises(NotFound):
            Page('<form action="/start/"><button disabled>Start</button></form>', "/").submit("start")

    def test_fields_are_submitted_as_displayed(self):
        page = Page(
            """<form action="/book/"><input name="starts" value="noon"><input type="checkbox" name="no">
            <input type="checkbox" name="yes" checked><textarea name="note">Hi</textarea>
            <select name="length"><option value="1">1<option value="2" selected>2</select><button>Book</button></form>
            """,
            "/",
        )
        assert page.submit("book").fields == {"starts": "noon", "yes": "on", "note": "Hi", "length": "2"}


def test_spread_is_the_middle_half():
    assert Measured(times_ms=[1, 2, 3, 4, 100]).spread == "2.0–4.0"  # noqa: RUF001
    assert Measured(times_ms=[1]).spread == ""


def test_percentiles_of_a_run():
    tally = Tally(ms={"start": [float(ms) for ms in range(101)], "end": []})
    assert tally.percentile("start", 95) == 95
    assert tally.percentile("end", 95) == 0


def test_benchmarks_import_no_tests():
    for path in (ROOT / "bench").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert ".tests" not in (node.module or ""), path


def test_a_days_visitors_come_mostly_in_the_morning_and_in_the_evening():
    options = Namespace(vehicles=500, seconds=24)
    times = list(_arrivals(Random(1), 1000, options))  # each second is an hour
    assert times == sorted(times)
    assert 700 < len(times) < 960  # 833 on average: 3,000 a day, a thousand times as fast
    evening, night = (sum(from_ <= at < to for at in times) for from_, to in ((16, 19), (0, 5)))
    assert evening > 3 * night
