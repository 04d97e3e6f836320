"""Sockets within the port range: below those that the system gives to anybody who asks."""

import pytest

from recorder.udp_sockets import NoFreePort, bound_socket


def test_any_port_without_a_range():
    with bound_socket("127.0.0.1", None) as sock:
        assert sock.getsockname()[1] > 0
        assert sock.gettimeout() == 0


def test_every_port_of_the_range_once_and_then_none():
    sockets = [bound_socket("127.0.0.1", (22_150, 22_159)) for _ in range(10)]
    assert sorted(sock.getsockname()[1] for sock in sockets) == list(range(22_150, 22_160))
    with pytest.raises(NoFreePort):
        bound_socket("127.0.0.1", (22_150, 22_159))
    for sock in sockets:
        sock.close()


def test_an_address_of_another_machine_is_not_a_lack_of_ports():
    with pytest.raises(OSError, match="annot assign") as refused:
        bound_socket("192.0.2.199", (22_150, 22_159))
    assert not isinstance(refused.value, NoFreePort)
