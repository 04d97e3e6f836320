"""SDP offers as real publishers write them, shortened to what matters, for tests."""

CHROMIUM = """v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
a=msid-semantic: WMS s
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:1 1 udp 2113937151 b9f5a3d0-1111-4222-8333-444455556666.local 51234 typ host generation 0
a=candidate:2 1 udp 1677729535 203.0.113.7 51234 typ srflx raddr 0.0.0.0 rport 0 generation 0
a=candidate:3 1 tcp 1518280447 203.0.113.7 9 typ host tcptype active generation 0
a=ice-ufrag:sQ+T
a=ice-pwd:abcdefghijklmnopqrstuvwx
a=ice-options:trickle
a=fingerprint:sha-256 {fingerprint}
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendonly
a=msid:s a
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;stereo=1;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:13 CN/8000
a=rtpmap:110 telephone-event/48000
a=rtpmap:126 telephone-event/8000
a=ssrc:1111 cname:c
m=video 9 UDP/TLS/RTP/SAVPF 96 97 103 104 107 108 109 114 117 118
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:sQ+T
a=ice-pwd:abcdefghijklmnopqrstuvwx
a=ice-options:trickle
a=fingerprint:sha-256 {fingerprint}
a=setup:actpass
a=mid:1
a=extmap:3 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=sendonly
a=msid:s v
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 nack
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:103 H264/90000
a=rtcp-fb:103 goog-remb
a=rtcp-fb:103 transport-cc
a=rtcp-fb:103 ccm fir
a=rtcp-fb:103 nack
a=rtcp-fb:103 nack pli
a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42001f
a=rtpmap:104 rtx/90000
a=fmtp:104 apt=103
a=rtpmap:107 H264/90000
a=rtcp-fb:107 goog-remb
a=rtcp-fb:107 nack
a=rtcp-fb:107 nack pli
a=fmtp:107 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=4d001f
a=rtpmap:108 rtx/90000
a=fmtp:108 apt=107
a=rtpmap:109 H264/90000
a=rtcp-fb:109 nack
a=fmtp:109 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=640c34
a=rtpmap:114 red/90000
a=rtpmap:117 H264/90000
a=fmtp:117 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=f4001f
a=rtpmap:118 rtx/90000
a=fmtp:118 apt=117
a=ssrc-group:FID 2222 3333
a=ssrc:2222 cname:c
a=ssrc:3333 cname:c
""".format(fingerprint=":".join(f"{n:02X}" for n in range(32))).replace("\n", "\r\n")


def sections(sdp: str) -> list[list[str]]:
    """The lines of the session, then of each m-line."""
    parts: list[list[str]] = [[]]
    for line in sdp.strip().split("\r\n"):
        if line.startswith("m="):
            parts.append([])
        parts[-1].append(line)
    return parts


def only(kind: str) -> str:
    """Chromium's offer with one m-line."""
    session, *media = sections(CHROMIUM)
    (kept,) = [lines for lines in media if lines[0].startswith(f"m={kind}")]
    return "\r\n".join([*session, *kept]) + "\r\n"


def without(prefix: str) -> str:
    """Chromium's offer without the lines that begin so."""
    return "\r\n".join(line for line in CHROMIUM.split("\r\n") if not line.startswith(prefix))
