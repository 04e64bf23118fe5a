from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psycopg
from sqlalchemy import Connection, text

CHANNEL = "ingest"
DUE = "ingest.due"
"""The key of a connection's `info` under which a transaction tells that something has become due."""


class SocketBell:
    """Wakes the workers of one machine: each listens on a Unix datagram socket in a folder beside the SQLite file."""

    def __init__(self, store: Path) -> None:
        self._folder = Path(f"{store}.bells")
        self._folder_fd: int | None = None
        self._sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sender.setblocking(False)

    def ring(self) -> None:
        """Wake every worker; costs nothing where there is none."""
        with suppress(OSError):
            for name in os.listdir(self._folder):  # noqa: PTH208 - names alone, on the hot path
                try:
                    self._sender.sendto(b"!", self._address(name))
                except ConnectionRefusedError:  # its worker died
                    (self._folder / name).unlink(missing_ok=True)
                except (BlockingIOError, FileNotFoundError):
                    pass  # it is awake already; or it has just stopped

    def close(self) -> None:
        """Ring no more."""
        self._sender.close()
        if self._folder_fd is not None:
            os.close(self._folder_fd)
            self._folder_fd = None

    def listen(self, wake: Callable[[], None], stop: threading.Event) -> None:
        """Call `wake` at each ring, until `stop`. Where no socket can be made, on a full disk, it tries again."""
        while not stop.is_set():
            with suppress(OSError):
                self._listen(wake, stop)
            stop.wait(0.5)

    def _listen(self, wake: Callable[[], None], stop: threading.Event) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{os.getpid()}-{threading.get_ident()}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ears:
            (self._folder / name).unlink(missing_ok=True)
            ears.bind(self._address(name))
            ears.settimeout(0.5)
            try:
                while not stop.is_set():
                    with suppress(TimeoutError):
                        ears.recv(16)
                        wake()
            finally:
                (self._folder / name).unlink(missing_ok=True)

    def _address(self, name: str) -> str:
        path = str(self._folder / name)
        if len(path.encode()) < 100:
            return path
        if self._folder_fd is None:  # the kernel takes 107 bytes; through a descriptor any folder is short
            self._folder_fd = os.open(self._folder, os.O_DIRECTORY | os.O_CLOEXEC)
        return f"/proc/self/fd/{self._folder_fd}/{name}"


class NotifyBell:
    """Wakes the workers of all machines by PostgreSQL's NOTIFY, on a connection of its own."""

    def __init__(self, url: str) -> None:
        self._url = url

    def ring(self) -> None:
        """Nothing: `notify` rings inside the transaction."""

    def close(self) -> None:
        """Nothing: only `listen` has a connection, and closes it."""

    def listen(self, wake: Callable[[], None], stop: threading.Event) -> None:
        """Call `wake` at each notice, until `stop`; a lost connection is made anew."""
        while not stop.is_set():
            with suppress(psycopg.Error), psycopg.connect(self._url, autocommit=True, connect_timeout=5) as connection:
                connection.execute(f"LISTEN {CHANNEL}")
                wake()  # what came while nobody listened
                while not stop.is_set():
                    for _ in connection.notifies(timeout=0.5, stop_after=1):
                        wake()
            stop.wait(0.5)


Bell = SocketBell | NotifyBell


def notify(connection: Connection) -> None:
    """Ring once this transaction is committed: something has become due."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"NOTIFY {CHANNEL}"))
    else:
        connection.info[DUE] = True
