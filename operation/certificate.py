"""A certificate for trying Kodo in a LAN: browsers give a camera to HTTPS pages only.

Made by `app.py cert`. A small authority is made for this one certificate and its key is thrown
away, so what a phone is asked to trust can never sign anything else.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAYS = 397  # Apple refuses certificates that are valid for longer


class InvalidName(ValueError):
    """Not a host name or an IP address."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM texts: `chain` for the server, its `key`, and the `authority` that devices are to trust."""

    chain: bytes
    key: bytes
    authority: bytes


def make_certificate(names: Sequence[str], now: datetime) -> Certificate:
    """A P-256 certificate for host names and IP addresses, from `now` (aware) on. Raises InvalidName."""
    alternatives = [_general_name(name) for name in names]
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = _named(f"Kodo trial authority {now:%Y-%m-%d %H:%M}")
    authority = (
        _builder(issuer, issuer, authority_key.public_key(), authority_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    leaf = (
        _builder(_named(names[0]), issuer, key.public_key(), authority_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    return Certificate(
        chain=_pem(leaf) + _pem(authority),
        key=key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        authority=_pem(authority),
    )


def write_certificate(certificate: Certificate, folder: Path) -> tuple[Path, Path, Path]:
    """Write `certificate.pem`, `key.pem` and `authority.pem`. Raises FileExistsError, writing nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = (folder / "certificate.pem", folder / "key.pem", folder / "authority.pem")
    for path in paths:
        if path.exists():
            raise FileExistsError(f"{path} exists; remove it or choose another folder with --out")
    contents = (certificate.chain, certificate.key, certificate.authority)
    for path, content in zip(paths, contents, strict=True):
        mode = 0o600 if path.name == "key.pem" else 0o644
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
    return paths


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        ascii_name = name.encode("idna").decode()
    except UnicodeError as error:
        raise InvalidName(f"{name!r} is no host name or IP address") from error
    if not ascii_name or not all(c.isalnum() or c in "-.*" for c in ascii_name):
        raise InvalidName(f"{name!r} is no host name or IP address")
    return x509.DNSName(ascii_name)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    issuer_key: ec.EllipticCurvePublicKey,
    now: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # clocks in a LAN differ
        .not_valid_after(now + timedelta(days=DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
