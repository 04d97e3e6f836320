"""What arrives over a bad network is in the log, byte for byte. The full figures: `python -m bench fidelity`.

Freezes are bounded here as in the benchmark: they are counted in the source's own time, which load on this
machine stretches only when a retransmission comes too late.
"""

import pytest

from bench import fidelity
from bench.fidelity import LoggedPicture, Network, compare


@pytest.mark.full
def test_over_2_percent_loss_with_rtx_every_nal_unit_is_in_the_log(tmp_path):
    found = fidelity.run(tmp_path, seconds=10.0, network=Network(delay_seconds=0.04, loss=0.02))
    assert found["packets_dropped"] > 20
    assert found["pictures_sent"] > 250
    assert (found["missing"], found["altered"], found["decode_errors"]) == (0, 0, 0), found
    assert found["worst_freeze_ms"] <= 250, found


@pytest.mark.full
def test_without_rtx_pictures_are_lost_but_never_broken(tmp_path):
    found = fidelity.run(tmp_path, seconds=10.0, network=Network(delay_seconds=0.04, loss=0.01, rtx=False))
    assert found["pictures_logged"] > 100
    assert (found["altered"], found["decode_errors"]) == (0, 0), found
    assert found["worst_freeze_ms"] <= 1000, found


def test_the_comparison_finds_what_is_missing_altered_and_frozen():
    sent = [(name,) for name in "abcd"]
    logged = [LoggedPicture(3000 * at, (name,), 500) for at, name in ((0, "a"), (1, "x"), (5, "d"))]
    found = compare(sent, logged)
    assert (found["missing"], found["altered"], found["fills"]) == (2, 1, 0)
    assert found["worst_freeze_ms"] == 166.7
