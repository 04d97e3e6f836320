"""REMB: at the target from the start, down with loss, gently up again."""

from recorder.bitrate_control import LOWEST_BITS_PER_SECOND, BitrateControl

TARGET = 2_500_000


def test_it_starts_at_the_target_and_stays_there_without_loss():
    control = BitrateControl(TARGET)
    assert control.bits_per_second == TARGET
    assert [control.update(200, 0, 1.0) for _ in range(10)] == [TARGET] * 10


def test_light_loss_is_left_to_repairs():
    control = BitrateControl(TARGET)
    assert control.update(200, 8, 1.0) == TARGET


def test_heavy_loss_lowers_it_step_by_step_to_a_floor():
    control = BitrateControl(TARGET)
    rates = [control.update(200, 40, 1.0) for _ in range(60)]
    assert rates[0] == round(TARGET * 0.9)
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == LOWEST_BITS_PER_SECOND


def test_between_the_thresholds_it_rests_and_below_it_recovers_gently():
    control = BitrateControl(TARGET)
    control.update(200, 100, 1.0)
    lowered = control.bits_per_second
    assert control.update(200, 6, 1.0) == lowered
    recovering = [control.update(200, 0, 1.0) for _ in range(20)]
    assert recovering[0] == int(lowered * 1.05)
    assert recovering[-1] == TARGET


def test_too_few_packets_say_nothing():
    control = BitrateControl(TARGET)
    assert control.update(5, 5, 1.0) == TARGET


def test_a_small_target_is_never_exceeded_by_the_floor():
    control = BitrateControl(100_000)
    assert control.update(200, 150, 1.0) == 100_000
