"""nginx with deploy/linux/nginx.conf, over TLS."""

import http.client
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from .servers import HOST, ROOT, Server, free_port

CONFIGURATION = ROOT / "deploy" / "linux" / "nginx.conf"


class Proxy(Server):
    """Ask nginx as a browser does. ``stdout`` is the log of the server behind it."""

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=20, context=trusting())

    def raw_connection(self) -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        return trusting().wrap_socket(plain, server_hostname=self.host)


def trusting() -> ssl.SSLContext:
    """Accept the test's own certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def program() -> str:
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    return found or pytest.skip("nginx is not installed")


def write_certificate(folder: Path) -> None:
    """Write a self-signed certificate as certbot names them."""
    folder.mkdir()
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    (folder / "fullchain.pem").write_bytes(builder.sign(key, SHA256()).public_bytes(Encoding.PEM))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "privkey.pem").write_bytes(pem)


def configure(folder: Path, *, port: int, plain_port: int, upstream: str, root: Path) -> None:
    """Write the configuration with its paths and ports replaced, and nothing else but what a test needs."""
    text = CONFIGURATION.read_text()
    replaced = {
        # Bodies are buffered in the test's own folder, which others can't write to.
        "user www-data;\n": "user root;\n" if os.getuid() == 0 else "",
        "/run/nginx.pid": f"{folder}/nginx.pid",
        "/var/log/nginx/error.log": f"{folder}/error.log",
        "/var/cache/nginx/movr": f"{folder}/cache",
        "/etc/nginx/movr/upstream.conf": f"{folder}/upstream.conf",
        "/etc/ssl/movr": f"{folder}/tls",
        "/srv/movr": str(root),
        "listen 80 default_server;": f"listen 127.0.0.1:{plain_port};",
        "listen [::]:80 default_server;": "",
        "listen 443 ssl http2 default_server;": f"listen 127.0.0.1:{port} ssl http2;",
        "listen [::]:443 ssl http2 default_server;": "",
        # The test's requests come from one address, and the limit would refuse them.
        "limit_conn connections 50;": "limit_conn connections 500;",
    }
    for before, after in replaced.items():
        assert before in text, before
        text = text.replace(before, after)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "".join(f"    {kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    (folder / "upstream.conf").write_text(f"server {upstream} max_fails=0;\n")
    (folder / "nginx.conf").write_text(text.replace("http {\n", "http {\n" + paths, 1))


@contextmanager
def proxying(folder: Path, upstream: str, *, stdout: Path, root: Path) -> Iterator[Proxy]:
    """Run nginx before ``upstream``, as in upstream.conf. ``root`` is the folder with the releases."""
    found = program()
    proxy = Proxy(free_port(), HOST, stdout)
    proxy.plain_port = free_port()
    write_certificate(folder / "tls")
    configure(folder, port=proxy.port, plain_port=proxy.plain_port, upstream=upstream, root=root)
    command = [found, "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf", "-g", "daemon off;"]
    running = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        _wait_until_it_listens(proxy, running)
        yield proxy
    finally:
        running.terminate()
        running.wait(timeout=20)


def _wait_until_it_listens(proxy: Proxy, running: subprocess.Popen) -> None:
    for _attempt in range(100):
        assert running.poll() is None, running.stderr.read()
        try:
            socket.create_connection(("127.0.0.1", proxy.port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("nginx does not listen")
