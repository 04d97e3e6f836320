"""The installation's secret: made once, kept to its owner, never silently replaced."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from library.secret_key import SecretKeyError, installation_secret


def test_it_is_made_once_and_kept(tmp_path: Path) -> None:
    storage = tmp_path / "new"
    key = installation_secret(storage)
    assert (len(key), installation_secret(storage)) == (32, key)
    assert [path.name for path in storage.iterdir()] == ["secret.key"]
    assert (storage / "secret.key").stat().st_mode & 0o777 == 0o600


def test_all_who_come_at_once_get_the_same(tmp_path: Path) -> None:
    barrier, keys = threading.Barrier(8), []

    def come() -> None:
        barrier.wait(60)
        keys.append(installation_secret(tmp_path))

    threads = [threading.Thread(target=come) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (len(keys), len(set(keys))) == (8, 1)


def test_two_installations_differ(tmp_path: Path) -> None:
    assert installation_secret(tmp_path / "a") != installation_secret(tmp_path / "b")


def test_a_damaged_key_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_bytes(b"short")
    with pytest.raises(SecretKeyError, match="damaged"):
        installation_secret(tmp_path)


def test_a_key_that_others_could_read_is_shut(tmp_path: Path) -> None:
    installation_secret(tmp_path)
    (tmp_path / "secret.key").chmod(0o644)
    installation_secret(tmp_path)
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600


def test_a_storage_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SecretKeyError, match="file"):
        installation_secret(tmp_path / "file")
