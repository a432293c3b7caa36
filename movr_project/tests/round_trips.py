"""Count round trips to a database server by its network traffic."""

import select
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from django.db import connection


class Relay:
    """A TCP proxy that counts how often the client sends and then waits for a response.

    This includes BEGIN, COMMIT and savepoints, which a wrapper around ``execute()`` doesn't see.
    """

    def __init__(self, connect: Callable[[], socket.socket]):
        self.round_trips = 0
        self._connect = connect
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        Thread(target=self._run, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _run(self) -> None:
        client, _address = self._listener.accept()
        with client, self._connect() as server:
            we_spoke_last = False
            while True:
                # Check the client first: a response never precedes its request.
                for source in select.select([client, server], [], [])[0]:
                    data = source.recv(65536)
                    if not data:
                        return
                    if source is client and not we_spoke_last:
                        self.round_trips += 1
                    we_spoke_last = source is client
                    (server if source is client else client).sendall(data)


@contextmanager
def counted_round_trips() -> Iterator[Relay]:
    """Reconnect through a proxy whose ``round_trips`` start at 0 after connecting.

    Needs a test with ``transaction=True``, as it reconnects.
    """
    connection.ensure_connection()
    server = connection.connection.get_dsn_parameters()
    connection.close()
    before = connection.settings_dict
    relay = Relay(lambda: _connect_to(server.get("host", ""), server["port"]))
    connection.settings_dict = before | {
        "HOST": "127.0.0.1",
        "PORT": relay.port,
        "OPTIONS": before["OPTIONS"] | {"sslmode": "disable", "gssencmode": "disable"},
    }
    try:
        connection.ensure_connection()
        relay.round_trips = 0
        yield relay
    finally:
        connection.close()
        connection.settings_dict = before
        relay.close()


def _connect_to(host: str, port: str) -> socket.socket:
    if host.startswith("/"):
        server = socket.socket(socket.AF_UNIX)
        server.connect(str(Path(host) / f".s.PGSQL.{port}"))
        return server
    return socket.create_connection((host or "localhost", int(port)))
