"""From where a request comes: the peer's address, or what a trusted proxy in front says of it.

Pure but for `client_address`, which web threads ask. Only X-Forwarded-For counts, and only what trusted
proxies themselves have added to it: each proxy appends the address it was asked from, so the list is read
from its right end for as long as the one who spoke is trusted. Whatever stands further left was typed by the
client. `Forwarded` (RFC 7239) is not believed: a proxy that writes the one header hands on the other as it
came, so that believing both would believe the client.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from flask import current_app, request

from settings import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
HEADER = "X-Forwarded-For"
TRUSTED = "KODO_TRUSTED_PROXIES"  # in the application's configuration
MAX_HOPS = 20  # of a header that a client may fill as it likes


def address_of(text: str) -> Address | None:
    """One address, however it is written: with a port, in brackets, with a zone, IPv4 mapped into IPv6.

    None for what is none ("unknown", a Unix socket's name).
    """
    plain = text.strip()
    if plain.startswith("["):
        plain = plain[1:].partition("]")[0]
    elif plain.count(":") == 1:
        plain = plain.partition(":")[0]
    try:
        address = ipaddress.ip_address(plain.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def is_within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def address_behind(peer: str, forwarded_for: Iterable[str], trusted: tuple[Network, ...]) -> str:
    """The address that the request came from first, as far as trusted proxies tell.

    `peer`: the socket's other end; `forwarded_for`: the header's lines in the order they came. Where a proxy
    tells nothing that is an address, it is the proxy's own. "" if even the peer has none.
    """
    known = address_of(peer)
    if known is None:
        return ""
    told = ",".join(forwarded_for).rsplit(",", MAX_HOPS)[-MAX_HOPS:] if is_within(known, trusted) else []
    while told and is_within(known, trusted):
        before = address_of(told.pop())
        if before is None:
            break
        known = before
    return str(known)


def client_address() -> str:
    """Of the request that is being answered: canonical text (`192.0.2.7`, `2001:db8::7`), or ""."""
    lines = request.headers.getlist(HEADER)
    return address_behind(request.remote_addr or "", lines, current_app.config[TRUSTED])
