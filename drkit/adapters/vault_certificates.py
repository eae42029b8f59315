"""The certificates among the entries of a vault: found by what they are, not by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from drkit.errors import ConfigurationError
from drkit.ports import Secret
from drkit.reporting.readiness.certificates import Certificate

_BEGINS = "-----BEGIN CERTIFICATE-----"


def certificates_in(vault: Mapping[str, Secret]) -> tuple[Certificate, ...]:
    """Each entry that is a certificate, of a chain the first. Raises ConfigurationError for one
    that begins as such and is none.
    """
    keys = frozenset(_public_keys(vault))
    return tuple(
        _certificate(entry, value.reveal(), keys)
        for entry, value in vault.items()
        if value.reveal().lstrip().startswith(_BEGINS)
    )


def _certificate(entry: str, pem: str, keys: frozenset[bytes]) -> Certificate:
    try:
        made = x509.load_pem_x509_certificate(pem.encode())
        names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound) as error:
        raise ConfigurationError(
            f"the entry `{entry}` of the vault is no certificate for a name: {error}",
            remedy="put the whole PEM there with `ansible-vault edit`",
        ) from error
    public = made.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Certificate(
        entry=entry,
        names=tuple(names.get_values_for_type(x509.DNSName)),
        expires=made.not_valid_after_utc,
        has_key=public in keys,
    )


def _public_keys(vault: Mapping[str, Secret]) -> Iterator[bytes]:
    """Of the private keys that open without a password."""
    for value in vault.values():
        try:
            key = load_pem_private_key(value.reveal().encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            continue
        yield key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
