"""UDP sockets for publishers' media, within the port range of the settings.

Called by the tap when a peer gathers its candidates, on the recorder's event loop; the event loop's
transport owns the socket afterwards.
"""

from __future__ import annotations

import errno
import random
import socket

# An IDR of a large picture comes as a burst of some hundred packets.
BUFFER_BYTES = 1024 * 1024


class NoFreePort(OSError):
    """Every port of the range is taken on this address."""


def bound_socket(address: str, ports: tuple[int, int] | None) -> socket.socket:
    """A non-blocking UDP socket on `address`, at a random free port of `ports` (both included) or at any.

    Raises NoFreePort; OSError if the address cannot be bound at all.
    """
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        _bind(sock, address, ports)
    except BaseException:
        sock.close()
        raise
    return sock


def _bind(sock: socket.socket, address: str, ports: tuple[int, int] | None) -> None:
    if ports is None:
        sock.bind((address, 0))
        return
    # Not for secrecy: a port just given back may still get a former peer's packets.
    for port in random.sample(range(ports[0], ports[1] + 1), ports[1] - ports[0] + 1):
        try:
            sock.bind((address, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return
    raise NoFreePort(f"no free port from {ports[0]} to {ports[1]} on {address}")
