"""A real name server on loopback, over UDP, that answers what a test wants: the truth, lies, or nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from people import host_names
from people.host_names import HostNames, Resolver

Records = Mapping[tuple[str, str], list[str]]


class NameServer:
    """`records`: (name, type) → texts. `silent`: names (their beginnings) that never get an answer."""

    def __init__(self, records: Records, *, silent: tuple[str, ...] = (), ttl: int = 300) -> None:
        self.records = dict(records)
        self.silent = silent
        self.ttl = ttl
        self.asked: list[tuple[str, str]] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def resolver(self) -> Resolver:
        return Resolver(["127.0.0.1"], self.port)

    def names(self) -> HostNames:
        return HostNames(self.resolver())

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            data, peer = self._socket.recvfrom(4096)
            if not data:
                return
            question = dns.message.from_wire(data)
            name = question.question[0].name.to_text(omit_final_dot=True).lower()
            kind = question.question[0].rdtype.name
            self.asked.append((name, kind))
            if not name.startswith(self.silent or ("\0",)):
                self._socket.sendto(self._answer(question, name, kind), peer)

    def _answer(self, question: dns.message.Message, name: str, kind: str) -> bytes:
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        texts = self.records.get((name, kind), [])
        if texts:
            answer.answer.append(dns.rrset.from_text(f"{name}.", self.ttl, "IN", kind, *texts))
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer.to_wire(max_size=65_535)


def take_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for names waits, and a look-up lasts, as long as a busy machine needs."""
    monkeypatch.setattr(HostNames.of, "__defaults__", (60.0,))
    monkeypatch.setattr(host_names, "LOOKUP_SECONDS", 60.0)


def reverse(address: str) -> str:
    """`192.0.2.7` → `7.2.0.192.in-addr.arpa`."""
    return ".".join(reversed(address.split("."))) + ".in-addr.arpa"
