"""Round trips to a database server, counted on the wire."""

import select
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from django.db import connection


class Relay:
    """Stands between us and the server, and counts how often we speak and then wait for an answer.

    So BEGIN, COMMIT and savepoints count, which no wrapper around ``execute()`` sees.
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
                # The client first: an answer is never ahead of the question it belongs to.
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
    """Our connection goes through a relay whose ``round_trips`` begin at 0 once it is connected.

    Needs a test with ``transaction=True``, as it connects anew.
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
