"""Certificates: the operator's own, or a self-signed pair made here, for headsets that want HTTPS in a local network."""

import datetime
import ipaddress
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from seedscape.assets.errors import MissingPartError, RequestError
from seedscape.assets.files import write_atomically
from seedscape.service.settings import Settings

if TYPE_CHECKING:
    from cryptography import x509

VALID_DAYS = 365
RENEW_DAYS = 14  # a certificate that ends sooner is made anew at the start
CERT_NAME, KEY_NAME = "self-signed.crt", "self-signed.key"


def certificate(settings: Settings) -> tuple[Path, Path] | None:
    """(certificate, key) files; None: plain HTTP. RequestError: they cannot be used as such."""
    if settings.self_signed:
        return _self_signed(settings)
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    _require_pair(settings.tls_cert, settings.tls_key)
    return settings.tls_cert, settings.tls_key


def _require_pair(cert: Path, key: Path) -> None:
    import ssl

    def no_password() -> str:  # else OpenSSL would ask on the terminal
        raise RequestError(f"--tls-key: expected a key without a password, got {str(key)!r}")

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, no_password)
    except (OSError, ValueError) as error:
        if isinstance(error, RequestError):
            raise
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise RequestError(
            f"--tls-cert: expected a certificate and its key in PEM, got {str(cert)!r}: {reason}"
        ) from None


def _self_signed(settings: Settings) -> tuple[Path, Path]:
    """The pair under the store, made where there is none for these names or it ends soon. The key is for its owner alone."""
    try:
        from cryptography import x509
    except ImportError:
        raise MissingPartError("expected the package cryptography, got none; pip install 'seedscape[serve]'") from None
    cert_file, key_file = settings.store / CERT_NAME, settings.store / KEY_NAME
    names = _names(settings)
    if cert_file.is_file() and key_file.is_file():
        try:
            cert = x509.load_pem_x509_certificate(cert_file.read_bytes())
            known = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            listed = {str(name.value) for name in known}
            left = cert.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
            if listed >= set(names) and left.days >= RENEW_DAYS:
                _require_pair(cert_file, key_file)
                return cert_file, key_file
        except (ValueError, x509.ExtensionNotFound):  # RequestError is a ValueError
            pass
    _make_pair(cert_file, key_file, names)
    return cert_file, key_file


def _make_pair(cert_file: Path, key_file: Path, names: list[str]) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "seedscape (self-signed)")])
    now = datetime.datetime.now(datetime.UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))  # clocks of headsets are not exact
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    before = os.umask(0o077)
    try:
        write_atomically(key_file, secret)
    finally:
        os.umask(before)
    write_atomically(cert_file, cert.public_bytes(serialization.Encoding.PEM))


def _names(settings: Settings) -> list[str]:
    """Every name under which the service answers, and this machine's address in the local network where it has one."""
    names = set(settings.hosts) - {"0.0.0.0", "::"}
    if not settings.is_loopback:
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                probe.connect(("192.0.2.1", 9))  # a documentation address: only a route is looked up, nothing is sent
                names.add(probe.getsockname()[0])
        except OSError:
            pass
    return sorted(names)


def _general_name(name: str) -> "x509.GeneralName":
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
