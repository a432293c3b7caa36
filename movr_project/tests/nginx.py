"""A deployed MovR behind nginx, over TLS."""

import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench import nginx

from .servers import HOST, Server


class Proxy(Server):
    """Ask nginx as a browser does. ``stdout`` is the log of the server behind it."""

    def __init__(self, ports: nginx.Ports, stdout: Path):
        super().__init__(ports.tls, HOST, stdout)
        self.plain_port = ports.plain

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=120, context=nginx.trusting())

    def raw_connection(self) -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        return nginx.trusting().wrap_socket(plain, server_hostname=self.host)


@contextmanager
def proxying(folder: Path, upstream: str, *, stdout: Path, root: Path) -> Iterator[Proxy]:
    """Run nginx before ``upstream``. ``root`` is the folder with the releases."""
    if nginx.program() is None:
        pytest.skip("nginx is not installed")
    with nginx.proxying(folder, upstream, root=root) as ports:
        yield Proxy(ports, stdout)
