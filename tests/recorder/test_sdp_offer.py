"""What of an offer is accepted, refused with a clear word, and shown to aiortc."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.sdp_offer import (
    Offer,
    OfferRejected,
    check_fragment,
    check_offer,
    finished_answer,
    usable_candidate,
    with_announced_address,
)
from tests.recorder.sample_offers import CHROMIUM, only, sections, without


def test_it_is_narrowed_to_h264_with_its_repairs_and_opus():
    offer = check_offer(CHROMIUM)
    _, audio, video = sections(offer.text)
    assert audio[0] == "m=audio 9 UDP/TLS/RTP/SAVPF 111"
    # Packetization mode 1 first: mode 0 cannot carry a picture larger than a packet.
    assert video[0] == "m=video 9 UDP/TLS/RTP/SAVPF 107 109 103 104 108"
    assert offer.repairs == {104: 103, 108: 107}
    assert (offer.kinds, offer.mids) == (("audio", "video"), ("0", "1"))
    assert offer.h264[109].endswith("profile-level-id=640c34")
    assert "a=rtcp-fb:107 nack pli" in video
    assert not any("VP8" in line or "extmap:" in line or "f4001f" in line for line in video)


def test_only_candidates_that_can_be_used_at_once_are_kept():
    candidates = [line for line in check_offer(CHROMIUM).text.split("\r\n") if "a=candidate" in line]
    assert candidates == [
        "a=candidate:2 1 udp 1677729535 203.0.113.7 51234 typ srflx raddr 0.0.0.0 rport 0 generation 0"
    ]


@pytest.mark.parametrize("kind", ["audio", "video"])
def test_sound_or_picture_alone_is_accepted(kind):
    assert check_offer(only(kind)).kinds == (kind,)


@pytest.mark.parametrize(
    ("sdp", "status"),
    [
        ("", 400),
        ("\r\n", 400),
        ('{"type": "offer"}', 400),
        ("<html>", 400),
        ("v=0\r\n\x00=\x01", 400),
        ("v=0\r\na=" + "x" * 5_000, 400),
        ("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n", 422),
        ("x" * 1_000_000, 413),
        (CHROMIUM + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n" * 50, 400),
        (CHROMIUM + "m=video\r\n", 400),
        (CHROMIUM + "m=video 9 UDP/TLS/RTP/SAVPF x\r\n", 400),
        (CHROMIUM + "m=video 9 UDP/TLS/RTP/SAVPF 300\r\n", 400),
        (CHROMIUM + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n", 422),
        (without("a=ice-ufrag"), 400),
        (without("a=ice-pwd"), 400),
        (without("a=fingerprint"), 400),
        (without("a=setup"), 400),
        (without("a=mid"), 400),
        (without("a=group"), 422),
        (without("a=rtcp-mux"), 422),
        (CHROMIUM.replace("sha-256", "md5"), 400),
        (CHROMIUM.replace("a=sendonly", "a=recvonly"), 422),
        (CHROMIUM.replace("a=mid:1", "a=mid:0"), 400),
        (CHROMIUM.replace("H264", "VP9"), 422),
        (CHROMIUM.replace("opus/48000/2", "PCMA/8000"), 422),
        (without("a=rtpmap"), 422),
        (CHROMIUM.replace("SAVPF 96 97", "SAVPF 96 97 111"), 422),
        (CHROMIUM.replace("m=audio 9 UDP/TLS/RTP/SAVPF 111", "m=video 9 UDP/TLS/RTP/SAVPF 111"), 422),
    ],
)
def test_bad_offers_are_refused(sdp, status):
    with pytest.raises(OfferRejected) as refused:
        check_offer(sdp)
    assert refused.value.status == status
    assert refused.value.title
    assert refused.value.detail


@given(st.text(max_size=300), st.integers(0, len(CHROMIUM)), st.integers(0, 200))
def test_any_text_is_accepted_or_refused(garbage, position, cut):
    for sdp in (garbage, CHROMIUM[:position] + garbage + CHROMIUM[position + cut :]):
        try:
            assert isinstance(check_offer(sdp), Offer)
        except OfferRejected as refused:
            assert refused.status in (400, 413, 422)


def test_the_answer_gets_the_publisher_s_own_parameters_and_a_start_bit_rate():
    answer = "\r\n".join(
        ["a=rtpmap:111 opus/48000/2", "a=rtpmap:107 H264/90000", "a=fmtp:107 shown", "a=fmtp:108 apt=107", ""]
    )
    assert finished_answer(answer, check_offer(CHROMIUM), 2_500).split("\r\n") == [
        "a=rtpmap:111 opus/48000/2",
        "a=fmtp:111 stereo=1;useinbandfec=1",
        "a=rtpmap:107 H264/90000",
        f"a=fmtp:107 {check_offer(CHROMIUM).h264[107]};x-google-start-bitrate=2500",
        "a=fmtp:108 apt=107",
        "",
    ]


def test_an_announced_address_stands_before_the_host_candidates_of_its_version():
    answer = "\r\n".join(
        [
            "a=candidate:x 1 udp 2130706431 10.0.0.2 40000 typ host",
            "a=candidate:y 1 udp 2130706431 fd00::2 40001 typ host",
            "a=candidate:z 1 udp 1694498815 198.51.100.1 5 typ srflx raddr 10.0.0.2 rport 40000",
        ]
    )
    assert with_announced_address(answer, "203.0.113.9").split("\r\n")[:2] == [
        "a=candidate:announced 1 udp 2130706432 203.0.113.9 40000 typ host",
        "a=candidate:x 1 udp 2130706431 10.0.0.2 40000 typ host",
    ]
    assert with_announced_address(answer, "203.0.113.9").count("announced") == 1
    assert "announced 1 udp 2130706432 2001:db8::9 40001" in with_announced_address(answer, "2001:db8::9")


FRAGMENT = "a=ice-ufrag:{ufrag}\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n"


def test_trickled_candidates_are_found():
    text = (
        FRAGMENT.format(ufrag="sQ+T")
        + "a=candidate:1 1 udp 1 192.0.2.9 4 typ host\r\n"
        + "a=candidate:1 1 udp 1 x.local 4 typ host\r\na=end-of-candidates\r\n"
    )
    assert check_fragment(text, check_offer(CHROMIUM)) == ("1 1 udp 1 192.0.2.9 4 typ host",)


@pytest.mark.parametrize(
    ("fragment", "status"),
    [("", 400), ("hello", 400), ("x" * 20_000, 413), (FRAGMENT.format(ufrag="other"), 422)],
)
def test_bad_fragments_are_refused(fragment, status):
    with pytest.raises(OfferRejected) as refused:
        check_fragment(fragment, check_offer(CHROMIUM))
    assert refused.value.status == status


@pytest.mark.parametrize(
    "text",
    [
        "", "1 1 udp", "1 2 udp 1 192.0.2.9 4 typ host", "1 1 tcp 1 192.0.2.9 4 typ host",
        "1 1 udp x 192.0.2.9 4 typ host", "1 1 udp 1 192.0.2.9 70000 typ host",
        "1 1 udp 1 a.local 4 typ host",
    ],
)  # fmt: skip
def test_candidates_of_no_use(text):
    assert not usable_candidate(text)
