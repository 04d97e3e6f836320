"""What `recorder/aiortc_tap.py` (and the tests' publisher) use of aiortc's insides is still there.

When this fails after an upgrade, read the new source of what is named before changing the pin.
"""

import asyncio
import inspect
from importlib.metadata import version

import aioice.ice
import aioice.stun
import aioice.turn
import pylibsrtp
import pytest
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcicetransport import RTCIceTransport
from aiortc.rtcrtpreceiver import RTCRtpReceiver
from aiortc.rtcrtpsender import RTCRtpSender
from aiortc.sdp import SessionDescription, candidate_from_sdp

from recorder import aiortc_tap


def parameters(function) -> list[str]:
    return list(inspect.signature(function).parameters)


def test_the_version_is_the_one_that_was_read():
    assert version("aiortc").startswith("1.16.")
    assert version("aioice").split(".")[0] == "0"


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (RTCRtpReceiver.receive, ["self", "parameters"]),
        (RTCRtpReceiver.stop, ["self"]),
        (RTCIceTransport.start, ["self", "remoteParameters"]),
        (RTCIceTransport.addRemoteCandidate, ["self", "candidate"]),
        (aioice.ice.Connection.get_component_candidates, ["self", "component", "addresses", "timeout"]),
        (aioice.ice.Connection.query_consent, ["self"]),
        (aioice.ice.Connection.build_request, ["self", "pair", "nominate"]),
        (aioice.ice.StunProtocol.__init__, ["self", "receiver"]),
        (aioice.ice.StunProtocol.datagram_received, ["self", "data", "addr"]),
        (
            aioice.ice.StunProtocol.request,
            ["self", "request", "addr", "integrity_key", "retransmissions"],
        ),
        (aioice.ice.server_reflexive_candidate, ["protocol", "stun_server"]),
        (
            aioice.ice.relayed_candidate,
            [
                "component", "hide_related_address", "protocol_factory", "turn_server", "turn_username",
                "turn_password", "turn_ssl", "turn_transport",
            ],
        ),
        (aioice.candidate.candidate_foundation, ["candidate_type", "candidate_transport", "base_address"]),
        (aioice.candidate.candidate_priority, ["candidate_component", "candidate_type", "local_pref"]),
        (candidate_from_sdp, ["sdp"]),
        (SessionDescription.parse, ["sdp"]),
        (pylibsrtp.Session.unprotect, ["self", "packet"]),
        (pylibsrtp.Session.unprotect_rtcp, ["self", "packet"]),
        (pylibsrtp.Session.protect_rtcp, ["self", "packet"]),
        # The tests' publisher:
        (RTCRtpSender._send_keyframe, ["self"]),
        (RTCRtpSender._retransmit, ["self", "sequence_number"]),
        (RTCDtlsTransport._send_rtp, ["self", "data"]),
        (RTCDtlsTransport._write_ssl, ["self"]),
    ],
)  # fmt: skip
def test_a_function_has_the_parameters_it_is_called_with(function, expected):
    assert parameters(function) == expected


def test_private_attributes_are_where_the_tap_looks():
    async def look():
        pc = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        audio = pc.addTransceiver("audio", direction="recvonly")
        video = pc.addTransceiver("video", direction="recvonly")
        dtls = audio.receiver.transport
        connection = dtls.transport._connection
        assert isinstance(audio.sender._ssrc, int)
        assert video.receiver.transport is dtls, "one transport for both"
        assert (dtls._rx_srtp, dtls._tx_srtp, dtls.state) == (None, None, "new")
        assert isinstance(connection, aioice.ice.Connection)
        assert connection._nominated == {}
        assert connection._protocols == []
        assert connection._queue.qsize() == 0
        for name in (
            "stun_server", "turn_server", "turn_username", "turn_password", "turn_ssl", "turn_transport",
            "remote_password",
        ):  # fmt: skip
            assert hasattr(connection, name), name
        await pc.close()

    asyncio.run(look())


def test_methods_replaced_on_one_object_are_looked_up_there():
    """aiortc calls them by attribute; a bound reference taken earlier would pass the tap by."""
    connecting = inspect.getsource(RTCPeerConnection)
    assert "await iceTransport.start(" in connecting
    assert "await transceiver.receiver.receive(" in connecting
    assert "self.get_component_candidates(" in inspect.getsource(aioice.ice.Connection.gather_candidates)
    assert "self.query_consent()" in inspect.getsource(aioice.ice.Connection.connect)


def test_a_relayed_path_cannot_tell_whether_it_closes():
    relayed = aioice.turn.TurnTransport(None)
    assert not hasattr(relayed, "is_closing")
    assert not aiortc_tap._is_closing(relayed)
    assert list(inspect.signature(relayed.sendto).parameters) == ["data", "addr"]


def test_a_pair_knows_its_protocol_and_remote_address():
    assert isinstance(aioice.ice.CandidatePair.remote_addr, property)
    assert "self.protocol = protocol" in inspect.getsource(aioice.ice.CandidatePair.__init__)
    assert issubclass(aioice.stun.TransactionTimeout, aioice.stun.TransactionError)
