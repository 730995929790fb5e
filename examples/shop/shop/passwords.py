"""Passwords, kept as salted scrypt hashes."""

import hmac
import secrets
from hashlib import scrypt


def hash_password(password: str) -> str:
    """Hash a password with a new salt."""
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}:{_digest(password, salt).hex()}"


def password_matches(password: str, hashed: str) -> bool:
    """Tell whether a password is the one that was hashed, in a time that does not depend on it."""
    salt, _, digest = hashed.partition(":")
    return hmac.compare_digest(_digest(password, bytes.fromhex(salt)), bytes.fromhex(digest))


def _digest(password: str, salt: bytes) -> bytes:
    # A cost that suits a demonstration on a small CI machine; a real shop takes more (n=2**17).
    return scrypt(password.encode("utf-8", "replace"), salt=salt, n=2**10, r=8, p=1)
