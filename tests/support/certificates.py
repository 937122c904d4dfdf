"""Makes certificates for servers on loopback."""

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """Signs certificates for servers on loopback."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(_name(name), self.key.public_key(), [x509.BasicConstraints(ca=True, path_length=None)])
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def _sign(self, subject, key, extensions, days=(-1, 30)):
        today = datetime.now(UTC)
        builder = x509.CertificateBuilder(_name(self.name), subject, key, x509.random_serial_number())
        builder = builder.not_valid_before(today + timedelta(days=days[0])).not_valid_after(today + timedelta(days=days[1]))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(self.key, hashes.SHA256())

    def context(self, *hosts, days=(-1, 30), highest=None):
        """What a server with these names shows."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.IPAddress(ipaddress.ip_address(host)) if host[0].isdigit() else x509.DNSName(host) for host in hosts]
        certificate = self._sign(_name(hosts[0]), key.public_key(), [x509.SubjectAlternativeName(names)], days)
        file = self.folder / f"server-{certificate.serial_number}.pem"
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        if highest is not None:
            context.maximum_version = highest
        return context
