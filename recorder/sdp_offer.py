"""Checks of a WHIP offer, and what is made of it before aiortc sees it.

Pure text in, values out (RFC 8866, RFC 9725 4.2); used by `WhipPeer.accept` in the recorder. The offer
is narrowed to H.264 with its retransmissions and to Opus. aiortc knows few H.264 profiles: it is shown
one that it knows, and the answer gets back what the publisher wrote, so every profile passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

MAX_OFFER_BYTES = 64 * 1024
MAX_FRAGMENT_BYTES = 16 * 1024
MAX_SECTIONS = 8
MAX_LINE_CHARACTERS = 4_096
# Baseline, Main, High (H.264 A.2): what WebRTC senders use without B-frames.
ACCEPTED_PROFILES = (0x42, 0x4D, 0x64)
# RFC 6184 8.1: what a missing profile-level-id means, and the fmtp that aiortc negotiates.
DEFAULT_PROFILE = "42000a"
SHOWN_PROFILE = "42e01f"
SENDING = ("sendonly", "sendrecv")
DIRECTIONS = ("sendonly", "sendrecv", "recvonly", "inactive")
FINGERPRINTS = ("sha-256", "sha-384", "sha-512")
# Lines that would negotiate what the recorder does not use: header extensions cost bytes in every
# packet, simulcast costs uplink, and aioice must not conclude that no candidate will follow.
LEFT_OUT = ("a=extmap", "a=simulcast:", "a=rid:", "a=end-of-candidates", "a=ssrc-group:SIM", "a=bundle-only")


class OfferRejected(Exception):
    """An offer or candidate that cannot be accepted: `status` is HTTP's, the rest is for people."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(f"{status} {title}: {detail}")
        self.status = status
        self.title = title
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Offer:
    """`text`: the narrowed offer. `kinds`, `mids`: its sections in order. `h264`: payload type → fmtp.

    `repairs`: RTX payload type → the H.264 one it repairs. `ice_ufrags`: of every section.
    """

    text: str
    kinds: tuple[str, ...]
    mids: tuple[str, ...]
    h264: dict[int, str]
    repairs: dict[int, int]
    opus: dict[int, str]
    ice_ufrags: frozenset[str]


@dataclass(slots=True)
class _Section:
    """One m-line with its attributes. `kind`: audio or video."""

    kind: str
    port: int
    protocol: str
    payload_types: list[int]
    lines: list[str]

    def values(self, name: str) -> list[str]:
        prefix = f"a={name}:"
        return [line[len(prefix) :] for line in self.lines if line.startswith(prefix)]

    def per_payload_type(self, name: str) -> dict[int, str]:
        pairs = (value.partition(" ") for value in self.values(name))
        return {int(head): tail.strip() for head, _, tail in pairs if head.isdecimal()}

    @property
    def sends(self) -> bool:
        said = [line[2:] for line in self.lines if line[2:] in DIRECTIONS]
        return (said[-1] if said else "sendrecv") in SENDING and self.port != 0


def check_offer(sdp: str) -> Offer:
    """Raises OfferRejected: 413 too large, 400 malformed, 422 nothing that can be recorded."""
    if len(sdp.encode("utf-8", "replace")) > MAX_OFFER_BYTES:
        raise OfferRejected(413, "Offer too large", f"An offer may have {MAX_OFFER_BYTES // 1024} kB.")
    session, sections = _split(sdp)
    _check_transport(session, sections)
    _check_tracks(sections)
    h264, repairs, opus = _usable_codecs(sections)
    kept = {**h264, **opus}
    text = [line for line in session if not line.startswith(LEFT_OUT)]
    for section in sections:
        text += _narrowed(section, [*_ordered(section, h264, kept), *_repairs_of(section, repairs)])
    ufrags = {u for s in sections for u in s.values("ice-ufrag")} | set(_session_values(session, "ice-ufrag"))
    return Offer(
        "\r\n".join(text) + "\r\n",
        tuple(s.kind for s in sections),
        tuple(s.values("mid")[0] for s in sections),
        h264,
        repairs,
        opus,
        frozenset(ufrags),
    )


def finished_answer(answer: str, offer: Offer, start_kilobits: int) -> str:
    """The answer of aiortc with the publisher's own H.264 parameters and the bit rate to start with."""
    lines = []
    for line in answer.split("\r\n"):
        head, _, _ = line.partition(" ")
        number = head.removeprefix("a=fmtp:")
        if head.startswith("a=fmtp:") and number.isdecimal() and int(number) in offer.h264:
            fmtp = offer.h264[int(number)]
            lines.append(f"{head} {fmtp}{';' if fmtp else ''}x-google-start-bitrate={start_kilobits}")
        else:
            lines.append(line)
        if line.startswith("a=rtpmap:") and "opus/" in line.lower():
            lines += _opus_fmtp(line, offer)
    return "\r\n".join(lines)


def _opus_fmtp(rtpmap: str, offer: Offer) -> list[str]:
    """Stereo is encoded by browsers only if the answer asks for it (RFC 7587 7.1)."""
    number = rtpmap.removeprefix("a=rtpmap:").split(" ")[0]
    offered = offer.opus.get(int(number), "")
    wanted = [p for p in offered.replace(" ", "").split(";") if p in ("stereo=1", "useinbandfec=1")]
    return [f"a=fmtp:{number} {';'.join(wanted)}"] if wanted else []


def _malformed(detail: str) -> OfferRejected:
    return OfferRejected(400, "Malformed offer", detail)


def _unusable(detail: str) -> OfferRejected:
    return OfferRejected(422, "No usable media", detail)


def _split(sdp: str) -> tuple[list[str], list[_Section]]:
    lines = [line.strip() for line in sdp.replace("\r\n", "\n").split("\n") if line.strip()]
    if not lines or lines[0] != "v=0":
        raise _malformed("The body is not SDP: it does not begin with v=0.")
    if any(len(line) > MAX_LINE_CHARACTERS or line[1:2] != "=" or not line.isprintable() for line in lines):
        raise _malformed("A line is not of the form letter=value.")
    starts = [i for i, line in enumerate(lines) if line.startswith("m=")]
    if len(starts) > MAX_SECTIONS:
        raise _malformed(f"There are {len(starts)} m-lines; at most {MAX_SECTIONS} are looked at.")
    if not starts:
        raise _unusable("The offer has neither sound nor picture.")
    ends = [*starts[1:], len(lines)]
    return lines[: starts[0]], [_section(lines[a:b]) for a, b in zip(starts, ends, strict=True)]


def _section(lines: list[str]) -> _Section:
    fields = lines[0][2:].split()
    if len(fields) < 4 or not fields[1].isdecimal():
        raise _malformed(f"Not an m-line: {lines[0][:80]!r}")
    kind, port, protocol, *formats = fields
    if kind not in ("audio", "video"):
        raise _unusable(f"Only sound and picture can be published, not {kind[:20]!r}.")
    if not all(f.isdecimal() and int(f) < 128 for f in formats):
        raise _malformed("A payload type is not a number below 128.")
    return _Section(kind, int(port), protocol, [int(f) for f in formats], lines[1:])


def _session_values(session: list[str], name: str) -> list[str]:
    prefix = f"a={name}:"
    return [line[len(prefix) :] for line in session if line.startswith(prefix)]


def _check_transport(session: list[str], sections: list[_Section]) -> None:
    """What aiortc would stumble over: ICE, DTLS, bundle and rtcp-mux (RFC 9725 4.4)."""
    for section in sections:
        for name in ("ice-ufrag", "ice-pwd", "setup", "fingerprint"):
            if not section.values(name) and not _session_values(session, name):
                raise _malformed(f"a={name} is missing.")
        prints = section.values("fingerprint") + _session_values(session, "fingerprint")
        if not any(p.lower().startswith(FINGERPRINTS) and len(p.split()) == 2 for p in prints):
            raise _malformed("There is no fingerprint by SHA-256.")
        if "a=rtcp-mux" not in section.lines and "a=rtcp-mux-only" not in section.lines:
            raise _unusable("RTP and RTCP must share a port (a=rtcp-mux).")
    mids = [m for s in sections for m in s.values("mid")]
    if len(mids) != len(sections) or len(set(mids)) != len(mids):
        raise _malformed("Every m-line needs an a=mid of its own.")
    bundles = [v.split()[1:] for v in _session_values(session, "group") if v.split()[:1] == ["BUNDLE"]]
    if len(sections) > 1 and (not bundles or not set(mids) <= set(bundles[0])):
        raise _unusable("Sound and picture must share one transport (a=group:BUNDLE).")


def _check_tracks(sections: list[_Section]) -> None:
    for kind in ("audio", "video"):
        if sum(s.kind == kind for s in sections) > 1:
            raise _unusable(f"One {kind} track can be published, not several.")
    if not any(s.sends for s in sections):
        raise _unusable("The offer sends nothing (a=sendonly).")
    numbers = [n for s in sections for n in s.payload_types]
    if len(set(numbers)) != len(numbers):
        raise _unusable("A payload type is used twice.")


def _usable_codecs(sections: list[_Section]) -> tuple[dict[int, str], dict[int, int], dict[int, str]]:
    h264: dict[int, str] = {}
    repairs: dict[int, int] = {}
    opus: dict[int, str] = {}
    for section in sections:
        names = section.per_payload_type("rtpmap")
        parameters = section.per_payload_type("fmtp")
        for number in section.payload_types:
            name, fmtp = names.get(number, "").lower(), parameters.get(number, "")
            if section.kind == "video" and name == "h264/90000" and _profile(fmtp) in ACCEPTED_PROFILES:
                h264[number] = fmtp
            elif section.kind == "audio" and name == "opus/48000/2":
                opus[number] = fmtp
            elif section.kind == "video" and name == "rtx/90000":
                apt = _parameter(fmtp, "apt")
                repairs[number] = int(apt) if apt.isdecimal() else -1
        if section.kind == "video" and not h264:
            raise _unusable("The picture must be H.264 in Baseline, Main or High profile.")
        if section.kind == "audio" and not opus:
            raise _unusable("The sound must be Opus.")
    return h264, {rtx: apt for rtx, apt in repairs.items() if apt in h264}, opus


def _parameter(fmtp: str, name: str) -> str:
    for item in fmtp.split(";"):
        key, _, value = item.strip().partition("=")
        if key.lower() == name:
            return value.strip()
    return ""


def _profile(fmtp: str) -> int:
    text = _parameter(fmtp, "profile-level-id") or DEFAULT_PROFILE
    try:
        return int(text, 16) >> 16 if len(text) == 6 else -1
    except ValueError:
        return -1


def _ordered(section: _Section, h264: dict[int, str], kept: dict[int, str]) -> list[int]:
    """As offered, but fragmenting packetization first: without it a large picture cannot be sent."""
    numbers = [n for n in section.payload_types if n in kept]
    return sorted(numbers, key=lambda n: n in h264 and _parameter(h264[n], "packetization-mode") != "1")


def _repairs_of(section: _Section, repairs: dict[int, int]) -> list[int]:
    return [n for n in section.payload_types if n in repairs]


def _narrowed(section: _Section, numbers: list[int]) -> list[str]:
    """The section with these payload types only, in this order."""
    formats = " ".join(map(str, numbers))
    # Port 0 with a=bundle-only (RFC 9143 6) is an ordinary section to aiortc.
    lines = [f"m={section.kind} {section.port or 9} {section.protocol} {formats}"]
    names = section.per_payload_type("rtpmap")
    for line in section.lines:
        if line.startswith(("a=rtpmap:", "a=fmtp:", "a=rtcp-fb:")) or line.startswith(LEFT_OUT):
            continue
        if line.startswith("a=candidate:") and not usable_candidate(line[12:]):
            continue
        lines.append(line)
    for number in numbers:
        lines.append(f"a=rtpmap:{number} {names[number]}")
        lines += _shown_parameters(section, number, names[number])
    if not section.values("rtcp-mux") and "a=rtcp-mux" not in lines:
        lines.append("a=rtcp-mux")
    return lines


def _shown_parameters(section: _Section, number: int, name: str) -> list[str]:
    feedback = [
        f"a=rtcp-fb:{number} {value.partition(' ')[2]}"
        for value in section.values("rtcp-fb")
        if value.partition(" ")[0] in ("*", str(number))
    ]
    if name.lower().startswith("h264/"):
        fmtp = f"level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={SHOWN_PROFILE}"
        return [*feedback, f"a=fmtp:{number} {fmtp}"]
    if name.lower().startswith("rtx/"):
        return [*feedback, f"a=fmtp:{number} {section.per_payload_type('fmtp')[number]}"]
    return feedback


def usable_candidate(text: str) -> bool:
    """UDP with a plain address: mDNS names (browsers) resolve late or never, and are learnt anyway.

    A publisher's own checks reveal its address (peer-reflexive, RFC 8445 7.3.1.3).
    """
    fields = text.split()
    return (
        len(fields) >= 8
        and fields[1] == "1"
        and fields[2].lower() == "udp"
        and not fields[4].endswith(".local")
        and fields[3].isdecimal()
        and fields[5].isdecimal()
        and int(fields[5]) < 65_536
        and fields[6] == "typ"
    )


def check_fragment(fragment: str, offer: Offer) -> tuple[str, ...]:
    """The usable candidates of a trickle fragment (RFC 8840 9.2), without `a=candidate:`.

    Raises OfferRejected: 413 too large, 400 malformed, 422 another ufrag (an ICE restart).
    """
    if len(fragment.encode("utf-8", "replace")) > MAX_FRAGMENT_BYTES:
        raise OfferRejected(413, "Fragment too large", f"It may have {MAX_FRAGMENT_BYTES // 1024} kB.")
    lines = [line.strip() for line in fragment.replace("\r\n", "\n").split("\n") if line.strip()]
    if not lines or any(line[1:2] != "=" or not line.isprintable() for line in lines):
        raise OfferRejected(400, "Malformed fragment", "A line is not of the form letter=value.")
    ufrags = {line[12:] for line in lines if line.startswith("a=ice-ufrag:")}
    if ufrags - offer.ice_ufrags:
        raise OfferRejected(422, "ICE restart", "ICE restarts are not supported; publish anew.")
    return tuple(
        line[12:] for line in lines if line.startswith("a=candidate:") and usable_candidate(line[12:])
    )


def with_announced_address(answer: str, address: str) -> str:
    """The answer with `address` (NAT) before each host candidate of its IP version, at the same port."""
    version = ip_address(address).version
    lines: list[str] = []
    for line in answer.split("\r\n"):
        fields = line.split(" ")
        if line.startswith("a=candidate:") and fields[7] == "host" and _version(fields[4]) == version:
            priority = str(min(int(fields[3]) + 1, 0x7FFFFFFF))
            lines.append(" ".join(["a=candidate:announced", *fields[1:3], priority, address, *fields[5:]]))
        lines.append(line)
    return "\r\n".join(lines)


def _version(address: str) -> int:
    try:
        return ip_address(address).version
    except ValueError:
        return 0
