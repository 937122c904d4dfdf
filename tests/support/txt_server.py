"""A DNS server on loopback that knows only the TXT records that a test gives it."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

SERVER_FAILURE = "SERVFAIL"


class TxtServer:
    """`records` maps a name to its TXT records, each a list of strings; SERVER_FAILURE instead of the list fails the question.

    `asked` keeps the names in the order of the questions.
    """

    def __init__(self, records: Mapping[str, list[list[str]] | str]) -> None:
        self.records = dict(records)
        self.asked: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Answer nothing any more."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
            caller.sendto(b"", self._socket.getsockname())
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            question, caller = self._socket.recvfrom(4096)
            if not question:
                return
            self._socket.sendto(self._answer(dns.message.from_wire(question)).to_wire(), caller)

    def _answer(self, question: dns.message.Message) -> dns.message.Message:
        name = question.question[0].name
        self.asked.append(name.to_text(omit_final_dot=True))
        found = self.records.get(self.asked[-1])
        answer = dns.message.make_response(question, recursion_available=True)
        if found is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif found == SERVER_FAILURE:
            answer.set_rcode(dns.rcode.SERVFAIL)
        else:
            texts = [" ".join(f'"{string}"' for string in strings) for strings in found]
            answer.answer.append(dns.rrset.from_text_list(name, 60, "IN", "TXT", texts))
        return answer


@contextmanager
def txt_server(records: Mapping[str, list[list[str]] | str]) -> Iterator[TxtServer]:
    """A running server."""
    server = TxtServer(records)
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def deaf_port() -> Iterator[str]:
    """An address at which nobody answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    yield address
