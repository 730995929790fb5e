"""The node's own certificate authority: a certificate for each HTTPS host that it stands in for (RFC 5280)."""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from .der import OCTETS, SEQUENCE, SET, UTC_TIME, UTF8, bits, element, elements, from_pem, integer, object_id, to_pem
from .signing import EllipticKey, Key, read_key

_NAME = "FAST node of the fastflow emulator"
_DAYS = 365
_TRUE = b"\x01\x01\xff"
_BASIC, _USAGE, _PURPOSE, _NAMES = "2.5.29.19", "2.5.29.15", "2.5.29.37", "2.5.29.17"
_KEY_ID, _ISSUERS_KEY_ID, _SERVER = "2.5.29.14", "2.5.29.35", "1.3.6.1.5.5.7.3.1"


@dataclass(frozen=True)
class Authority:
    """What issues certificates: its own certificate (DER), its key, its name (DER), and its key's id, if it has one."""

    certificate: bytes
    key: Key
    name: bytes
    key_id: bytes | None

    def issue(self, host: str, key: EllipticKey) -> str:
        """A certificate for a host's name or address, and the authority's own, in PEM."""
        extensions = [
            _extension(_BASIC, element(SEQUENCE)),
            _extension(_PURPOSE, element(SEQUENCE, object_id(_SERVER))),
            _extension(_NAMES, element(SEQUENCE, _alternative(host))),
        ]
        if self.key_id is not None:
            extensions.append(_extension(_ISSUERS_KEY_ID, element(SEQUENCE, element(0x80, self.key_id))))
        made = _certificate(self.key, self.name, _name(host[:64]), key.public, extensions)
        return to_pem("CERTIFICATE", made) + to_pem("CERTIFICATE", self.certificate)


def given_authority(environment: Mapping[str, str]) -> Authority | None:
    """The authority that CA_CERT and CA_KEY name; None where neither is set. Raises OSError and ValueError."""
    certificate, key = environment.get("CA_CERT", "").strip(), environment.get("CA_KEY", "").strip()
    if bool(certificate) != bool(key):
        raise ValueError("CA_CERT and CA_KEY must be set together")
    return _given(Path(certificate), Path(key)) if certificate else None


def own_authority(key: Key | None = None) -> Authority:
    """Make an authority that nobody knows yet."""
    key, name = key or EllipticKey(), _name(_NAME)
    key_id = hashlib.sha256(key.public).digest()[:20]
    extensions = [
        _extension(_BASIC, element(SEQUENCE, _TRUE), is_critical=True),
        _extension(_USAGE, b"\x03\x02\x01\x06", is_critical=True),  # it signs certificates and their revocations
        _extension(_KEY_ID, element(OCTETS, key_id)),
    ]
    return Authority(_certificate(key, name, name, key.public, extensions), key, name, key_id)


def _given(certificate: Path, key: Path) -> Authority:
    """Read an authority; the subject is the sixth field of a certificate with a version, its extensions the last."""
    try:
        _, content = from_pem(certificate.read_text(encoding="ascii", errors="replace"), "CERTIFICATE")
        fields = elements(elements(elements(content)[0].content)[0].content)
        extensions = elements(elements(fields[-1].content)[0].content) if fields[-1].tag == 0xA3 else []
        subject = fields[5 if fields[0].tag == 0xA0 else 4].whole
        pairs = [elements(extension.content) for extension in extensions]
        ids = [elements(pair[-1].content)[0].content for pair in pairs if pair[0].whole == object_id(_KEY_ID)]
    except (IndexError, ValueError) as error:
        raise ValueError(f"CA_CERT {certificate} is no certificate: {error}") from error
    try:
        signs = read_key(key.read_text(encoding="ascii", errors="replace"))
    except ValueError as error:
        raise ValueError(f"CA_KEY {key} cannot be used: {error}") from error
    if signs.public not in content:
        raise ValueError(f"CA_KEY {key} is not the key of the certificate CA_CERT {certificate}")
    return Authority(content, signs, subject, ids[0] if ids else None)


def _certificate(signs: Key, issuer: bytes, subject: bytes, public: bytes, extensions: list[bytes]) -> bytes:
    now = datetime.now(timezone.utc)
    told = element(
        SEQUENCE,
        element(0xA0, integer(2)),
        integer(secrets.randbits(120)),
        signs.algorithm,
        issuer,
        element(SEQUENCE, _time(now - timedelta(days=1)), _time(now + timedelta(days=_DAYS))),
        subject,
        public,
        element(0xA3, element(SEQUENCE, *extensions)),
    )
    return element(SEQUENCE, told, signs.algorithm, bits(signs.sign(told)))


def _extension(identity: str, value: bytes, *, is_critical: bool = False) -> bytes:
    return element(SEQUENCE, object_id(identity), _TRUE if is_critical else b"", element(OCTETS, value))


def _alternative(host: str) -> bytes:
    try:
        return element(0x87, ipaddress.ip_address(host).packed)
    except ValueError:
        return element(0x82, host.encode("ascii", "replace"))


def _name(text: str) -> bytes:
    pair = element(SEQUENCE, object_id("2.5.4.3"), element(UTF8, text.encode()))
    return element(SEQUENCE, element(SET, pair))


def _time(moment: datetime) -> bytes:
    # UTCTime, as for every time until 2049 (RFC 5280, 4.1.2.5).
    return element(UTC_TIME, f"{moment:%y%m%d%H%M%SZ}".encode())
