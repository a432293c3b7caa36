"""deploy/linux and script/deploy: releases beside each other, behind systemd's socket and nginx.

A stand-in for systemctl restarts gunicorn as movr.service says, and passes it the socket as movr.socket does.
"""

import configparser
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing, contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest

from bench.html import NotFound
from bench.units import listening_at, setting_of, start_with_socket

from . import nginx, servers
from .servers import METRICS_TOKEN, ROOT, environment
from .visitors import Browser, log_in, make_a_rider_and_a_vehicle, ride

pytestmark = [pytest.mark.xdist_group("deployment"), pytest.mark.one_engine]

LINUX = ROOT / "deploy" / "linux"
UNITS = LINUX / "systemd"


class Machine:
    """A server with releases below ``root``, and the one unit that the tests need."""

    def __init__(self, folder: Path, variables: dict[str, str]):
        self.folder = folder
        self.root = folder / "srv"
        self.socket = folder / "web.sock"
        self.env = folder / "env"
        self.stdout = folder / "stdout"
        self.env.write_text("".join(f"{name}={shlex.quote(value)}\n" for name, value in variables.items()))
        self.variables = variables
        self.metrics = folder / "metrics"
        self.metrics.mkdir()
        self.listening = listening_at(self.socket)
        self.web: subprocess.Popen | None = None
        self._write_systemctl()

    def _write_systemctl(self) -> None:
        """Write a program that asks this process to restart the web server, through two named pipes."""
        os.mkfifo(self.folder / "order")
        os.mkfifo(self.folder / "done")
        program = self.folder / "bin" / "systemctl"
        program.parent.mkdir()
        program.write_text(
            "#!/bin/sh\ncase $2 in movr.service) ;; *) exit 0 ;; esac\n"
            f'echo "$1" >"{self.folder}/order"; read -r _ <"{self.folder}/done"\n'
        )
        program.chmod(0o755)

    @contextmanager
    def running(self):
        thread = threading.Thread(target=self._obey)
        thread.start()
        try:
            yield self
        finally:
            (self.folder / "order").write_text("stop\n")
            thread.join()
            self.stop()
            self.listening.close()

    def _obey(self) -> None:
        while (self.folder / "order").read_text().strip() == "restart":
            self.stop()
            self.start()
            (self.folder / "done").write_text("\n")

    def start(self) -> None:
        command = setting_of("systemd/movr.service", "ExecStart").replace("/srv/movr", str(self.root))
        with self.stdout.open("a") as stdout:
            self.web = start_with_socket(
                command,
                self.listening,
                cwd=self.root / "current",
                env=environment(WEB_CONCURRENCY="1", **self.variables, **self._variables_of("movr.service")),
                stdout=stdout,
                stderr=stdout,
            )

    def _variables_of(self, unit: str) -> dict[str, str]:
        text = setting_of(f"systemd/{unit}", "Environment").replace("%i", "1")
        text = text.replace("/run/movr-metrics", str(self.metrics))
        return dict(part.split("=", 1) for part in text.split())

    @contextmanager
    def working(self):
        """Run a worker as its unit does. Yield the file with its log."""
        command = setting_of("systemd/movr-worker@.service", "ExecStart").replace("/srv/movr", str(self.root))
        log = self.folder / "worker"
        with log.open("w") as stdout:
            worker = subprocess.Popen(
                shlex.split(command),
                cwd=self.root / "current",
                env=environment(**self.variables, **self._variables_of("movr-worker@.service")),
                stdout=stdout,
                stderr=stdout,
            )
            try:
                yield log
            finally:
                worker.send_signal(signal.SIGTERM)
                assert worker.wait(timeout=60) == 0, log.read_text()

    def stop(self) -> None:
        if self.web:
            self.web.send_signal(signal.SIGTERM)
            self.web.wait(timeout=40)

    def deploy(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess:
        known = environment(
            MOVR_ROOT=str(self.root), MOVR_ENV=str(self.env), MOVR_SOCKET=str(self.socket), MOVR_USER=_user()
        )
        known["PATH"] = f"{self.folder / 'bin'}{os.pathsep}{known['PATH']}{os.pathsep}/usr/sbin"
        command = [ROOT / "script" / "deploy", *arguments]
        return subprocess.run(command, env=known | variables, capture_output=True, text=True, timeout=300)

    @property
    def current(self) -> str:
        return (self.root / "current").resolve().name


def _user() -> str:
    return subprocess.check_output(["id", "-un"], text=True).strip()


def commit(folder: Path, message: str) -> None:
    known = ["-c", "user.name=Test", "-c", "user.email=test@movr.example", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *known, "commit", "--quiet", "--all", "--message", message], cwd=folder, check=True)


@pytest.fixture(scope="module")
def machine(released, mails, tmp_path_factory):
    """A server whose first release runs. Its packages are those of the tests."""
    for tool in ("git", "curl", "flock", "pgrep"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")
    folder = tmp_path_factory.mktemp("linux")
    variables = {
        "EMAIL_URL": f"filemail:///{mails}",
        "STAFF_SECOND_FACTOR": "off",
        "RIDE_STARTS_PER_HOUR": "1000",
        "METRICS_TOKEN": METRICS_TOKEN,
    }
    machine = Machine(folder, released | variables)
    source = servers.push(folder)
    for largest in source.glob("static/vendor/swagger-ui-*"):
        shutil.rmtree(largest)  # each release would compress it, and no test opens it
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main"], cwd=source, check=True)
    subprocess.run(["git", "add", "--all"], cwd=source, check=True)
    commit(source, "Release")
    machine.source = source
    machine.root.mkdir()
    subprocess.run(["git", "clone", "--quiet", "--mirror", source, machine.root / "repository"], check=True)
    requirements = (source / "requirements.txt").read_bytes()
    checksum, _size = subprocess.check_output(["cksum"], input=requirements).decode().split()
    (machine.root / "venvs").mkdir()
    (machine.root / "venvs" / checksum).symlink_to(sys.prefix)
    with machine.running():
        deployed = machine.deploy("main")
        assert deployed.returncode == 0, f"{deployed.stderr}\n{machine.stdout.read_text()}"
        yield machine


@pytest.fixture(scope="module")
def site(machine, tmp_path_factory):
    folder = tmp_path_factory.mktemp("nginx")
    with nginx.proxying(folder, f"unix:{machine.socket}", stdout=machine.stdout, root=machine.root) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def label(machine):
    return make_a_rider_and_a_vehicle(machine.source, "linus", 101, machine.variables)


def test_a_rider_rides_over_tls(site, label):
    ride(site, "linus", label)


def test_a_worker_sends_what_people_wait_for(machine, site, label, mails):
    with machine.working() as log:
        wait_until(lambda: b"workers: 1 worker" in site.get("/readyz")[1])
        before = set(mails.iterdir())
        Browser(site).submit("/password-reset/", "/password-reset/", email="linus@example.com")
        wait_until(lambda: set(mails.iterdir()) - before)
    assert "movr_project.mail.deliver" in jobs_done(log)
    metrics = site.get("/metrics", Authorization=f"Bearer {METRICS_TOKEN}")[1].decode()
    assert 'movr_mails_total{outcome="sent",template="password_reset"} 1.0' in metrics  # counted by the worker
    assert 'movr_request_seconds_count{status="302",view="accounts:password_reset"}' in metrics


def jobs_done(log: Path) -> list[str]:
    """Return the tasks of the jobs that a process has done."""
    lines = map(json.loads, log.read_text().splitlines())
    return [line["task"] for line in lines if line["event"] == "job" and line["outcome"] == "done"]


def wait_until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, "nothing happens"
        time.sleep(0.05)


class Commuter:
    """Someone who rides again and again in a thread, whatever happens."""

    def __init__(self, browser: Browser, label: str):
        self.browser = browser
        self.label = label
        self.acknowledged: list[str] = []
        self.stop = threading.Event()

    @contextmanager
    def commuting(self):
        thread = threading.Thread(target=self._commute)
        thread.start()
        try:
            yield self
        finally:
            self.stop.set()
            thread.join()

    def _commute(self) -> None:
        while not self.stop.is_set():
            # An error page has no form; neither has the label's while a ride whose start was in doubt is open. A
            # response that had begun may be cut off.
            with suppress(NotFound, OSError, HTTPException):
                self.browser.submit(self.label, "/rides/start/")
            with suppress(NotFound, OSError, HTTPException):
                ended, _body = self.browser.submit("/rides/", "/rides/.+/end/$", end_location="The station")
                if ended.status == 302:
                    self.acknowledged.append(urlsplit(ended.headers["Location"]).path)

    def wait_for_another_ride(self) -> None:
        number, deadline = len(self.acknowledged), time.monotonic() + 60
        while len(self.acknowledged) <= number:
            assert time.monotonic() < deadline, "nobody can ride any more"
            time.sleep(0.05)


def end_all_connections(url: str) -> None:
    """Do what a database does that restarts."""
    if url.startswith("postgres"):
        with closing(psycopg2.connect(url)) as database, database.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


def test_killed_processes_lose_no_acknowledged_ride_and_come_back(machine, site, label):
    commuter = Commuter(log_in(site, "linus"), label)
    with commuter.commuting():
        commuter.wait_for_another_ride()
        (worker, *_others) = subprocess.check_output(["pgrep", "-P", str(machine.web.pid)], text=True).split()
        os.kill(int(worker), signal.SIGKILL)
        commuter.wait_for_another_ride()
        end_all_connections(machine.variables["DATABASE_URL"])
        commuter.wait_for_another_ride()
        machine.web.kill()
        machine.web.wait()
        machine.start()  # as systemd does: Restart=always
        commuter.wait_for_another_ride()
    assert commuter.browser.statuses <= {200, 302, 502, 503}
    assert {commuter.browser.get(ride)[0].status for ride in commuter.acknowledged} == {200}


def test_an_upgrade_and_its_way_back_refuse_no_request(machine, site):
    first = machine.current
    packages = set((machine.root / "venvs").iterdir())
    (machine.root / "venvs" / "1.new").mkdir()  # of a release that is no longer kept
    (machine.root / "venvs" / "1").symlink_to(machine.root / "venvs" / "1.new")
    (machine.source / "templates" / "landing.html").write_text("A new release")
    commit(machine.source, "Upgrade")
    with visiting(site) as answers:
        upgraded = machine.deploy("main")
        second = machine.current
        new_page = site.get("/")[1]
        back = machine.deploy("--roll-back")
    assert (upgraded.returncode, back.returncode) == (0, 0), f"{upgraded.stderr}\n{back.stderr}"
    assert machine.current == first != second
    assert new_page == b"A new release"
    assert b"<html" in site.get("/")[1]
    assert set(answers) == {200}
    assert len(answers) > 1
    assert set((machine.root / "venvs").iterdir()) == packages


@contextmanager
def visiting(site):
    stop, answers = threading.Event(), []

    def visit():
        while not stop.wait(0.05):
            answers.append(site.get("/login/")[0].status)

    thread = threading.Thread(target=visit)
    thread.start()
    try:
        yield answers
    finally:
        stop.set()
        thread.join()


def test_a_release_that_does_not_start_is_replaced_by_the_previous_one(machine, site):
    before = machine.current
    configuration = machine.source / "gunicorn.conf.py"
    working = configuration.read_text()
    configuration.write_text("raise SystemExit('broken')\n")
    commit(machine.source, "Break")
    deployed = machine.deploy("main", MOVR_READY_SECONDS="1")
    configuration.write_text(working)  # for other tests
    commit(machine.source, "Repair")
    assert deployed.returncode == 1
    assert "was not ready" in deployed.stderr
    assert machine.current == before
    assert site.get("/login/")[0].status == 200


def test_a_revision_that_does_not_exist_changes_nothing(machine):
    before = machine.current
    deployed = machine.deploy("no-such-tag")
    assert deployed.returncode == 1
    assert "is no revision" in deployed.stderr
    assert machine.current == before


def test_systemd_finds_nothing_wrong_with_the_units(tmp_path):
    analyze = shutil.which("systemd-analyze") or pytest.skip("systemd is not installed")
    for unit in UNITS.iterdir():
        # Programs that exist here, so that only the units themselves are checked.
        text = re.sub(r"^ExecStart=\S+", f"ExecStart={sys.executable}", unit.read_text(), flags=re.MULTILINE)
        (tmp_path / unit.name.replace("@.", "@1.")).write_text(text)
    restarted = (LINUX / "restart.conf").read_text()  # of other units
    (tmp_path / "restarted.service").write_text(f"{restarted}ExecStart={sys.executable}\n")
    result = subprocess.run([analyze, "verify", *tmp_path.iterdir()], capture_output=True, text=True)
    assert [line for line in result.stderr.splitlines() if str(tmp_path) in line or "movr" in line] == []


def test_every_service_is_confined():
    for unit in UNITS.glob("*.service"):
        for setting in ("NoNewPrivileges=yes", "ProtectSystem=strict", "User=movr", "CapabilityBoundingSet="):
            assert f"{setting}\n" in unit.read_text(), unit.name


def test_supervisors_programs_are_those_of_systemd():
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(LINUX / "supervisor.conf")
    web, worker = parser["program:movr-web"]["command"], parser["program:movr-worker"]["command"]
    for unit, command in {"movr.service": web, "movr-worker@.service": worker}.items():
        assert setting_of(f"systemd/{unit}", "ExecStart").removeprefix("/srv/movr/current/") in command
    assert "/run/movr/web.sock" in web
