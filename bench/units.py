"""Processes that are started again when they die, as systemd does with the units of deploy/linux."""

import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LINUX = Path(__file__).resolve().parent.parent / "deploy" / "linux"
STOPS_WITHIN_SECONDS = 60


def setting_of(unit: str, name: str) -> str:
    """Return a setting of a file in deploy/linux."""
    found = re.search(rf"^{name}=(.+)$", (LINUX / unit).read_text(), re.MULTILINE)
    if found is None:
        raise LookupError(f"{unit} has no {name}.")
    return found[1]


class Unit:
    """A process with ``Restart=always``, and its group, which stands in for systemd's control group.

    ``start`` must start it in a session of its own.
    """

    def __init__(self, name: str, start: Callable[[], subprocess.Popen], *, restart_seconds: float):
        self.name = name
        self.started_at = 0.0  # by time.perf_counter()
        self._start_process = start
        self._restart_seconds = restart_seconds
        self._stopping = threading.Event()

    @contextmanager
    def running(self) -> Iterator["Unit"]:
        self._start()
        supervisor = threading.Thread(target=self._keep_running)
        supervisor.start()
        try:
            yield self
        finally:
            self._stopping.set()
            with suppress(ProcessLookupError):
                self._process.terminate()
            supervisor.join()

    def kill(self) -> float:
        """Kill the whole group without warning. Return when."""
        killed_at = time.perf_counter()
        self._kill_group()
        return killed_at

    def _start(self) -> None:
        self._process = self._start_process()
        self.started_at = time.perf_counter()

    def _keep_running(self) -> None:
        while not self._stopping.is_set():
            self._process.wait()
            if not self._stopping.is_set():
                self._kill_group()
                if not self._stopping.wait(self._restart_seconds):
                    self._start()
        self._process.terminate()  # if it was started just now
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=STOPS_WITHIN_SECONDS)
        self._kill_group()  # what is left, like systemd

    def _kill_group(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)


def listening_at(path: Path) -> socket.socket:
    """Return a unix socket that waits for connections, like the one of movr.socket."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen(int(setting_of("systemd/movr.socket", "Backlog")))
    return listening


def start_with_socket(command: str, listening: socket.socket, **options: object) -> subprocess.Popen:
    """Start a command that gets the socket as from systemd: as file 3, which LISTEN_FDS and LISTEN_PID announce."""
    return subprocess.Popen(  # noqa: S603
        ["/bin/sh", "-c", f"LISTEN_FDS=1 LISTEN_PID=$$ exec {command}"],
        pass_fds=[3],
        preexec_fn=lambda: os.dup2(listening.fileno(), 3),
        **options,
    )
