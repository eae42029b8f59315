"""The run's own certificate authority and client certificate: the key to a closed site.

One for each run, valid for two weeks, kept in the run's folder. A site that is closed answers 503
to everybody but the holder. Its keys follow from the run's name and a secret of the vault, so that
another machine that carries the run on can make them again, and nothing secret has to be sent.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from drkit.ports import Secret

_VALID = timedelta(days=14)
"""Longer than a run that waits for a person over a holiday: it is not renewed."""
_SKEW = timedelta(minutes=10)
"""Hosts whose clock is behind still accept it."""

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256: NIST SP 800-186, 3.2.1.3."""

FILES = ("proof_ca.crt", "proof.crt", "proof.key")


def take_over_certificate(folder: Path, *, earlier: Path) -> None:
    """Copy the certificate of an earlier run of the same target while more than half of its time
    is left: it must outlive a run that waits for a person over days.

    A run that finds everything in place then changes nothing, the edge's list of CAs included.
    """
    if not all((earlier / name).is_file() for name in FILES) or (folder / "proof.key").exists():
        return
    certificate = x509.load_pem_x509_certificate((earlier / "proof.crt").read_bytes())
    if certificate.not_valid_after_utc - datetime.now(UTC) > _VALID / 2:
        for name in FILES:
            (folder / name).touch(mode=0o600)
            (folder / name).write_bytes((earlier / name).read_bytes())


def write_proof_certificate(folder: Path, *, run: str, secret: Secret) -> None:
    """Write proof_ca.crt, proof.crt and proof.key (0600) into ``folder``, once."""
    if (folder / "proof.key").exists():
        return
    ca_key, key = _key(secret, f"{run} authority"), _key(secret, f"{run} proof")
    ca_name = _name(f"drkit run {run}")
    ca = _builder(ca_name, ca_name, ca_key.public_key())
    ca = ca.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    client = _builder(_name("proof"), ca_name, key.public_key()).add_extension(
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
    )
    (folder / "proof_ca.crt").write_bytes(_pem(ca.sign(ca_key, hashes.SHA256())))
    (folder / "proof.crt").write_bytes(_pem(client.sign(ca_key, hashes.SHA256())))
    # last and in one move: it stands for all three
    fresh = folder / ".proof.key.new"
    fresh.touch(mode=0o600)
    fresh.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    fresh.replace(folder / "proof.key")


def _key(secret: Secret, purpose: str) -> ec.EllipticCurvePrivateKey:
    """The key for ``purpose``: HKDF (RFC 5869) of the secret, as a scalar of the curve. 48 bytes
    for a curve of 32 leave no bias that counts (FIPS 186-5, A.2.1).
    """
    derive = HKDF(algorithm=hashes.SHA256(), length=48, salt=None, info=purpose.encode())
    number = int.from_bytes(derive.derive(secret.reveal().encode()), "big")
    return ec.derive_private_key(number % (_ORDER - 1) + 1, ec.SECP256R1())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + _VALID)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
