"""RS256 without a library: a key pair for the tests, its private half as PEM (PKCS #8), and the check of a signature.

RFC 8017 (RSASSA-PKCS1-v1_5) and RFC 5958.
"""

from __future__ import annotations

import hashlib
import random
from base64 import b64encode
from dataclasses import dataclass
from functools import cache

_E = 65537
_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")


@dataclass(frozen=True)
class KeyPair:
    n: int
    d: int
    p: int
    q: int

    def pem(self) -> str:
        numbers = (0, self.n, _E, self.d, self.p, self.q, self.d % (self.p - 1), self.d % (self.q - 1))
        inner = _sequence(*map(_integer, numbers), _integer(pow(self.q, -1, self.p)))
        algorithm = bytes.fromhex("300d06092a864886f70d0101010500")
        der = _sequence(_integer(0), algorithm, _tagged(4, inner))
        text = b64encode(der).decode()
        lines = [text[i : i + 64] for i in range(0, len(text), 64)]
        return "\n".join(["-----BEGIN PRIVATE KEY-----", *lines, "-----END PRIVATE KEY-----", ""])

    def sign(self, message: bytes) -> bytes:
        size = (self.n.bit_length() + 7) // 8
        return pow(int.from_bytes(_padded(message, size)), self.d, self.n).to_bytes(size)

    def verifies(self, message: bytes, signature: bytes) -> bool:
        size = (self.n.bit_length() + 7) // 8
        if len(signature) != size:
            return False
        return pow(int.from_bytes(signature), _E, self.n).to_bytes(size) == _padded(message, size)


@cache
def key_pair(seed: int = 7, bits: int = 2048) -> KeyPair:
    """The same pair for the same seed, made once for a process. Good for invented vendors alone: the seed tells it."""
    chance = random.Random(seed)
    p, q = _prime(bits // 2, chance), _prime(bits // 2, chance)
    return KeyPair(p * q, pow(_E, -1, (p - 1) * (q - 1)), p, q)


def _padded(message: bytes, size: int) -> bytes:
    digest = _SHA256 + hashlib.sha256(message).digest()
    return b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest


def _prime(bits: int, chance: random.Random) -> int:
    small = [n for n in range(3, 2000, 2) if all(n % m for m in range(3, int(n**0.5) + 1, 2))]
    while True:
        n = chance.getrandbits(bits) | (3 << (bits - 2)) | 1
        if all(n % m for m in small) and n % _E != 1 and all(_passes(n, chance) for _ in range(8)):
            return n


def _passes(n: int, chance: random.Random) -> bool:
    """One round of Miller and Rabin's test."""
    r = ((n - 1) & -(n - 1)).bit_length() - 1
    x = pow(chance.randrange(2, n - 1), (n - 1) >> r, n)
    if x in (1, n - 1):
        return True
    for _ in range(r - 1):
        x = x * x % n
        if x == n - 1:
            return True
    return False


def _tagged(tag: int, content: bytes) -> bytes:
    size = len(content)
    head = (
        bytes([size])
        if size < 128
        else bytes([0x80 | (length := (size.bit_length() + 7) // 8)]) + size.to_bytes(length)
    )
    return bytes([tag]) + head + content


def _integer(number: int) -> bytes:
    return _tagged(2, number.to_bytes(number.bit_length() // 8 + 1))


def _sequence(*parts: bytes) -> bytes:
    return _tagged(0x30, b"".join(parts))
