"""`app.py cert`: a certificate that TLS libraries accept for its names, and no other."""

import ipaddress
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from operation.certificate import InvalidName, make_certificate, write_certificate

NOW = datetime.now(UTC)


def handshake(folder: Path, asked_name: str) -> None:
    """A TLS handshake over memory, the client checking `asked_name`. Raises ssl.SSLError."""
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    client_context = ssl.create_default_context(cafile=folder / "authority.pem")
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server, server_hostname=asked_name)
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server, client, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    names = ["kodo.local", "192.168.1.20", "fd00::5", "講堂.example"]
    write_certificate(make_certificate(names, NOW), tmp_path / "made")
    return tmp_path / "made"


@pytest.mark.parametrize(
    "name", ["kodo.local", "192.168.1.20", "fd00::5", "講堂.example".encode("idna").decode()]
)
def test_tls_accepts_it_for_each_of_its_names(folder: Path, name: str) -> None:
    handshake(folder, name)


@pytest.mark.parametrize("name", ["other.local", "192.168.1.21"])
def test_tls_refuses_it_for_other_names(folder: Path, name: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(folder, name)


def test_it_holds_what_browsers_and_phones_demand(folder: Path) -> None:
    leaf, authority = x509.load_pem_x509_certificates((folder / "certificate.pem").read_bytes())
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= timedelta(days=398)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert ipaddress.ip_address("192.168.1.20") in names.get_values_for_type(x509.IPAddress)
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_the_key_is_for_its_owner_and_nothing_is_overwritten(folder: Path) -> None:
    assert stat.S_IMODE((folder / "key.pem").stat().st_mode) == 0o600
    before = (folder / "key.pem").read_bytes()
    with pytest.raises(FileExistsError, match="--out"):
        write_certificate(make_certificate(["kodo.local"], NOW), folder)
    assert (folder / "key.pem").read_bytes() == before


@pytest.mark.parametrize("name", ["", "two words", "http://kodo.local", "a" * 70 + ".local", "kodo.local\n"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidName):
        make_certificate([name], NOW)
