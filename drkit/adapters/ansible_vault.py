"""Opens a file of Ansible Vault, without Ansible, whose import takes ten times as long.

The format is Ansible's own of ``1.1`` and ``1.2`` (`docs.ansible.com`, "Format of files encrypted
with Ansible Vault"): a header, then in hexadecimal the salt, the HMAC and the text, enciphered by
AES-256 in counter mode; the keys are drawn from the password by PBKDF2. Refuses any other, and what
does not bear the HMAC of the password.
"""

from __future__ import annotations

import hashlib
import hmac
from binascii import unhexlify

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.padding import PKCS7

_HEADER = (b"$ANSIBLE_VAULT", (b"1.1", b"1.2"), b"AES256")
_ROUNDS = 10_000
_KEY = 32
_BLOCK = 16


class NotOpened(Exception):
    """It is no such file, or the password is not its own."""


def opened(sealed: bytes, password: bytes) -> bytes:
    """What ``sealed`` holds. Raises NotOpened."""
    try:
        header, *lines = sealed.splitlines()
        salt, digest, text = map(unhexlify, unhexlify(b"".join(lines).strip()).split(b"\n", 2))
    except ValueError as error:
        raise NotOpened("it is no file of Ansible Vault") from error
    # a fourth word, in 1.2, is the name of the password, which the file may say as it likes
    name, version, cipher = (*map(bytes.strip, header.split(b";")[:3]), b"", b"")[:3]
    if name != _HEADER[0] or version not in _HEADER[1] or cipher != _HEADER[2]:
        raise NotOpened("it is no file of Ansible Vault that is known here")
    drawn = hashlib.pbkdf2_hmac("sha256", password, salt, _ROUNDS, 2 * _KEY + _BLOCK)
    key, signs, counter = drawn[:_KEY], drawn[_KEY : 2 * _KEY], drawn[2 * _KEY :]
    if not hmac.compare_digest(hmac.digest(signs, text, "sha256"), digest):
        raise NotOpened("the password is another")
    decryptor = Cipher(AES(key), CTR(counter)).decryptor()
    unpadder = PKCS7(8 * _BLOCK).unpadder()
    return unpadder.update(decryptor.update(text) + decryptor.finalize()) + unpadder.finalize()
