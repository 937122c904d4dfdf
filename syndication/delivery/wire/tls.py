"""Encrypts one connection over memory, so that the exchange's sockets stay plain and it knows which bytes are out."""

import functools
import ssl

RECORD_BYTES = 16384  # RFC 8446 5.1
LARGEST_OVERHEAD_BYTES = 100  # a record's header, nonce, tag and padding, of all cipher suites of TLS 1.2 and 1.3
READ_BYTES = 65536


class Tls:
    """One encrypted stream. Raises ssl.SSLError for what the other side does wrong; ssl.SSLCertVerificationError for its certificate."""

    def __init__(self, host: str, *, is_verified: bool, ca_file: str) -> None:
        """Raises OSError when `ca_file` cannot be read or holds no certificate."""
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._stream = _context(is_verified, ca_file).wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    def take(self, raw: bytes) -> None:
        """What was read from the socket."""
        self._incoming.write(raw)

    def to_send(self) -> bytes:
        """What must be written to the socket, in order."""
        return self._outgoing.read()

    def shake_hands(self) -> bool:
        """One more step; whether the handshake is done. The certificate is checked in it. Look at to_send() also when it fails."""
        try:
            self._stream.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def read(self) -> bytes:
        """All plain text that has come."""
        pieces = []
        try:
            while piece := self._stream.read(READ_BYTES):
                pieces.append(piece)
        except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):  # the second: a proper end; the socket's end follows
            pass
        return b"".join(pieces)

    def seal(self, plain: bytes) -> bytes:
        """The text as records, after all that waited before it."""
        self._stream.write(plain)
        return self._outgoing.read()


def unsent_plain_bytes(unsent_bytes: int) -> int:
    """How much plain text at least nobody can decrypt while so many of a stream's last bytes are not written."""
    return max(0, unsent_bytes - LARGEST_OVERHEAD_BYTES * (unsent_bytes // RECORD_BYTES + 1))


@functools.lru_cache(maxsize=32)
def _context(is_verified: bool, ca_file: str) -> ssl.SSLContext:  # noqa: FBT001  # a cache's key
    context = ssl.create_default_context(cafile=ca_file or None)
    if not is_verified:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
