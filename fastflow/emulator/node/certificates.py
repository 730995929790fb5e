"""The node's certificate authority: a certificate for each HTTPS host that it stands in for (RFC 5280).

Importing this takes as long as starting a node: only what meets HTTPS does.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

Key = EllipticCurvePrivateKey | RSAPrivateKey
_NAME = "FAST node of the fastflow emulator"
_DAYS = 365
_LONGEST_NAME = 64
"""Characters of a common name (RFC 5280, ub-common-name); what counts is the alternative name."""

_SIGNING = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
"""What the key of an authority is for (RFC 5280, 4.2.1.3)."""


@dataclass(frozen=True)
class Authority:
    """What issues certificates."""

    certificate: x509.Certificate
    key: Key

    def issue(self, host: str) -> bytes:
        """A new key, a certificate for a host's name or address, and the authority's own, in PEM."""
        key = generate_private_key(SECP256R1())
        builder = _builder(host[:_LONGEST_NAME], key, self.certificate.subject)
        builder = builder.add_extension(x509.SubjectAlternativeName([_alternative(host)]), critical=False)
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        made = builder.add_extension(signer, critical=False).sign(self.key, SHA256())
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return secret + made.public_bytes(Encoding.PEM) + self.certificate.public_bytes(Encoding.PEM)


def own_authority(key: Key | None = None) -> Authority:
    """Make an authority that nobody knows yet."""
    key = key or generate_private_key(SECP256R1())
    builder = _builder(_NAME, key).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(_SIGNING, critical=True)  # clients with Python 3.13 or newer insist on it
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return Authority(builder.add_extension(own, critical=False).sign(key, SHA256()), key)


def read_authority(certificate: Path, key: Path) -> Authority:
    """Read an authority's files in PEM; raises OSError and ValueError."""
    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
    except ValueError as error:
        raise ValueError(f"CA_CERT {certificate} is not a certificate in PEM") from error
    try:
        secret = load_pem_private_key(key.read_bytes(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError(f"CA_KEY {key} is not a private key in PEM, or has a password") from error
    if not isinstance(secret, Key):
        raise ValueError(f"CA_KEY {key} is neither an RSA key nor one of an elliptic curve")
    if _bytes_of(secret.public_key()) != _bytes_of(found.public_key()):
        raise ValueError(f"CA_KEY {key} is not the key of the certificate CA_CERT {certificate}")
    return Authority(found, secret)


def _builder(name: str, key: Key, issuer: x509.Name | None = None) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=_DAYS))
    )


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host.encode("ascii", "replace").decode())


def _bytes_of(key: CertificatePublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
