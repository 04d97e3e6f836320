"""When a PLI is sent."""

from itertools import pairwise

from recorder.key_frame_requests import REPEAT_SECONDS, SPACING_SECONDS, KeyFrameRequests


def sent_at(requests: KeyFrameRequests, until: float, *, lost: bool) -> list[float]:
    return [t / 100 for t in range(int(until * 100)) if requests.due(t / 100, lost=lost)]


def test_a_wish_is_granted_at_once_and_once():
    requests = KeyFrameRequests()
    requests.wish()
    assert sent_at(requests, 2.0, lost=False) == [0.0]


def test_wishes_are_spaced():
    requests = KeyFrameRequests()
    times = []
    for t in range(100):
        requests.wish()
        if requests.due(t / 100, lost=False):
            times.append(t / 100)
    assert all(b - a >= SPACING_SECONDS for a, b in pairwise(times))
    assert len(times) == 4


def test_a_loss_is_repeated_until_the_idr():
    requests = KeyFrameRequests()
    assert sent_at(requests, 1.0, lost=True) == [0.0, 0.3, 0.6, 0.9]
    assert REPEAT_SECONDS == 0.3


def test_an_idr_fulfils_a_wish_that_was_not_sent_yet():
    requests = KeyFrameRequests()
    requests.wish()
    assert requests.due(0.0, lost=False)
    requests.wish()
    requests.satisfied()
    assert not requests.due(1.0, lost=False)


def test_a_stream_that_begins_is_given_time_to_send_its_idr():
    requests = KeyFrameRequests()
    requests.expect_first(10.0)
    assert not requests.due(10.1, lost=True)
    assert requests.due(10.0 + REPEAT_SECONDS, lost=True)


def test_a_request_whose_idr_was_damaged_is_repeated_sooner():
    requests = KeyFrameRequests()
    assert requests.due(0.0, lost=True)
    requests.damaged()
    assert sent_at(requests, 0.5, lost=True) == [0.1, 0.4]
