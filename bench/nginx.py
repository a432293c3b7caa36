"""nginx with deploy/linux/nginx.conf over TLS, as the tests and ``script/bench load`` use it."""

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from .browser import HOST

CONFIGURATION = Path(__file__).resolve().parent.parent / "deploy" / "linux" / "nginx.conf"


@dataclass(frozen=True)
class Ports:
    tls: int
    plain: int


def program() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


def trusting() -> ssl.SSLContext:
    """Accept the self-signed certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@contextmanager
def proxying(folder: Path, upstream: str, *, root: Path) -> Iterator[Ports]:
    """Run nginx before ``upstream``, as in upstream.conf. ``root`` is the folder with the releases."""
    ports = configured(folder, upstream, root=root)
    running = start(folder)
    try:
        wait_until_it_listens(ports.tls, running)
        yield ports
    finally:
        running.terminate()
        running.wait(timeout=20)


def configured(folder: Path, upstream: str, *, root: Path) -> Ports:
    """Write the configuration and a certificate into the folder."""
    ports = Ports(_free_port(), _free_port())
    _write_certificate(folder / "tls")
    _configure(folder, ports, upstream, root)
    return ports


def start(folder: Path) -> subprocess.Popen:
    """Start nginx as it was configured in the folder, in the foreground."""
    found = program()
    if found is None:
        raise SystemExit("nginx is not installed.")
    command = [found, "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf", "-g", "daemon off;"]
    return subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)  # noqa: S603


def _free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return unused.getsockname()[1]


def _write_certificate(folder: Path) -> None:
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


def _configure(folder: Path, ports: Ports, upstream: str, root: Path) -> None:
    """Write the configuration with its paths and ports replaced, and nothing else but what a single client needs."""
    text = CONFIGURATION.read_text()
    replaced = {
        # Bodies are buffered in this folder, which others can't write to.
        "user www-data;\n": "user root;\n" if os.getuid() == 0 else "",
        "/run/nginx.pid": f"{folder}/nginx.pid",
        "/var/log/nginx/error.log": f"{folder}/error.log",
        "/var/cache/nginx/movr": f"{folder}/cache",
        "/etc/nginx/movr/upstream.conf": f"{folder}/upstream.conf",
        "/etc/ssl/movr": f"{folder}/tls",
        "/srv/movr": str(root),
        "listen 80 default_server;": f"listen 127.0.0.1:{ports.plain};",
        "listen [::]:80 default_server;": "",
        "listen 443 ssl http2 default_server;": f"listen 127.0.0.1:{ports.tls} ssl http2;",
        "listen [::]:443 ssl http2 default_server;": "",
        # The machine may be busy with other things.
        "proxy_read_timeout 30s;": "proxy_read_timeout 120s;",
        # All requests come from one address, and the limit would refuse them.
        "limit_conn connections 50;": "limit_conn connections 1000;",
    }
    for before, after in replaced.items():
        if before not in text:
            raise LookupError(f"nginx.conf has no {before!r}")
        text = text.replace(before, after)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "".join(f"    {kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    (folder / "upstream.conf").write_text(f"server {upstream} max_fails=0;\n")
    (folder / "nginx.conf").write_text(text.replace("http {\n", "http {\n" + paths, 1))


def wait_until_it_listens(port: int, running: subprocess.Popen) -> None:
    for _attempt in range(100):
        if running.poll() is not None:
            assert running.stderr  # noqa: S101
            raise SystemExit(f"nginx: {running.stderr.read().decode()}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("nginx does not listen.")
