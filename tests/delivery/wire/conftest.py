"""Exchanges that are closed, servers that end, and certificates that live as long as the tests."""

import ipaddress
import ssl
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from scripted_server import ScriptedServer

from syndication.delivery.wire.exchange import Exchange
from syndication.delivery.wire.time_outs import TimeOuts

PATIENCE_SECONDS = 15


@pytest.fixture
def serve():
    """Starts a scripted server."""
    servers = []

    def start(script, tls=None):
        servers.append(ScriptedServer(script, tls))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def exchange_for():
    """Makes an exchange for a mailroom; `limits` are TimeOuts."""
    made = []

    def make(room, **limits):
        made.append(Exchange(room, host_name="news.example.org", time_outs=TimeOuts(**limits)))
        return made[-1]

    yield make
    for exchange in made:
        exchange.close()


@pytest.fixture
def turn_until():
    """Turns an exchange until something holds."""

    def turn(exchange, holds):
        until = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            assert time.monotonic() < until, f"not within {PATIENCE_SECONDS} s; in flight: {exchange.in_flight}"
            exchange.turn(0.02)

    return turn


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


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"), "authority")


@pytest.fixture(scope="session")
def stranger(tmp_path_factory):
    """An authority that nobody trusts."""
    return Authority(tmp_path_factory.mktemp("stranger"), "stranger")
