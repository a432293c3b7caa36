"""A database on another machine: a proxy that passes everything on a little later."""

import asyncio
import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from urllib.parse import urlsplit

CHUNK = 65_536  # bytes


@contextmanager
def at_a_distance(url: str, milliseconds: float) -> Iterator[str]:
    """Yield a URL under which the server of ``url`` answers ``milliseconds`` later. Without any, yield ``url``.

    The proxy is a process of its own, which needs some of a core.
    """
    if not milliseconds:
        yield url
        return
    parts = urlsplit(url)
    if not parts.hostname:
        raise SystemExit("Name the server's host: --database postgres://user:pw@host/…")
    here, there = get_context("spawn").Pipe()
    server = parts.hostname, parts.port or 5432
    process = get_context("spawn").Process(target=_run, args=(there, server, milliseconds / 2000), daemon=True)
    process.start()
    try:
        name, _at, _address = parts.netloc.rpartition("@")
        yield parts._replace(netloc=f"{name}@127.0.0.1:{here.recv()}").geturl()
    finally:
        process.terminate()


def _run(driver: Connection, server: tuple[str, int], seconds: float) -> None:
    asyncio.run(_serve(driver, server, seconds))


async def _serve(driver: Connection, server: tuple[str, int], seconds: float) -> None:
    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*server)
        await asyncio.gather(_pass_on(reader, far_writer, seconds), _pass_on(far_reader, writer, seconds))

    listening = await asyncio.start_server(connect, "127.0.0.1", 0)
    driver.send(listening.sockets[0].getsockname()[1])
    await listening.serve_forever()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    """Write what is read, each piece ``seconds`` later."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(CHUNK):
            loop.call_later(seconds, writer.write, data)
    loop.call_later(seconds, writer.close)
