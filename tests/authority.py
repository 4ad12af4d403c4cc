"""A certificate authority for tests: servers with certificates that are right, or wrong in one way."""

import ipaddress
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_PEM = serialization.Encoding.PEM
_DAY = timedelta(days=1)


class Authority:
    """Signs certificates; `file` holds its own, which a client is to trust."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Invented authority")
        self._signer = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        uses = x509.KeyUsage(
            digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
            key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
            decipher_only=False,
        )  # fmt: skip
        draft = _draft(self._name, self._name, self._key, 0)
        draft = draft.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        draft = draft.add_extension(uses, critical=True).add_extension(self._signer, critical=False)
        self.file = folder / "authority.pem"
        self.file.write_bytes(draft.sign(self._key, hashes.SHA256()).public_bytes(_PEM))

    def server(self, hosts: Sequence[str] = ("127.0.0.1",), *, days_old: int = 0, by_itself: bool = False) -> Path:
        """The key and certificate of a server of this name; `days_old` makes it older than the day that it lasts."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name(hosts[0])
        draft = _draft(name, name if by_itself else self._name, key, days_old)
        draft = draft.add_extension(x509.SubjectAlternativeName([_general(host) for host in hosts]), critical=False)
        known = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(self._signer)
        draft = draft if by_itself else draft.add_extension(known, critical=False)
        signed = draft.sign(key if by_itself else self._key, hashes.SHA256())
        secret = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        file = self._folder / f"server-{signed.serial_number}.pem"
        file.write_bytes(secret + signed.public_bytes(_PEM))
        return file


def serving_as(file: Path) -> ssl.SSLContext:
    """The context of a server with this key and certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _draft(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days_old: int
) -> x509.CertificateBuilder:
    begin = datetime.now(UTC) - timedelta(days=days_old) - _DAY
    number = x509.random_serial_number()
    return x509.CertificateBuilder(issuer, subject, key.public_key(), number, begin, begin + 2 * _DAY)
