"""Certificates are found in a vault by what they are, with their key if that is there too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from drkit.adapters.vault_certificates import certificates_in
from drkit.errors import ConfigurationError
from drkit.ports import Secret
from tests.contract.cloud.standby import certificate

DAY = timedelta(days=1)


def private(key: ec.EllipticCurvePrivateKey) -> Secret:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Secret(pem.decode())


def test_each_certificate_is_found_with_its_names_its_end_and_whether_its_key_is_there() -> None:
    ours, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    vault = {
        "edge": Secret("\n" + certificate(ours, "shop.example", 9 * DAY)),
        "edge_key": private(ours),
        "mail": Secret(certificate(other, "*.mail.example", DAY)),
        "ssh_key": Secret("k"),
    }
    edge, mail = certificates_in(vault)
    assert (edge.entry, edge.names, edge.has_key) == ("edge", ("shop.example",), True)
    assert abs(edge.expires - datetime.now(UTC) - 9 * DAY) < timedelta(minutes=1)
    assert (mail.names, mail.has_key) == (("*.mail.example",), False)


def test_of_a_chain_the_first_counts() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    chain = certificate(key, "shop.example", DAY) + certificate(key, "authority.example", DAY)
    [found] = certificates_in({"edge": Secret(chain)})
    assert found.names == ("shop.example",)


def test_what_begins_as_a_certificate_and_is_none_is_refused_without_what_it_says() -> None:
    torn = "-----BEGIN CERTIFICATE-----\nMIIBsecret\n"
    with pytest.raises(ConfigurationError, match="`edge` of the vault is no certificate") as told:
        certificates_in({"edge": Secret(torn)})
    assert "MIIB" not in str(told.value)
