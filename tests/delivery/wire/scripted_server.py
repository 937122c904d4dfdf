"""Real servers on loopback that do exactly what a test writes down."""

import contextlib
import socket
import threading

from smtp_model import Model

from syndication.environment import SmtpAddress

GREETING = b"220 scripted ESMTP\r\n"
ENDLESS_SECONDS = 20


class Peer:
    """One accepted connection, as a script sees it; `reads` keeps what each recv() gave."""

    def __init__(self, connection):
        self.socket = connection
        self.socket.settimeout(ENDLESS_SECONDS)
        self.reads = []
        self.heard = b""

    def say(self, words: bytes):
        self.socket.sendall(words)

    def read(self):
        """One recv(); b"" at the end."""
        try:
            part = self.socket.recv(1 << 20)
        except (ConnectionResetError, BrokenPipeError):
            part = b""
        self.reads.append(part)
        self.heard += part
        return part

    def hear(self, mark: bytes):
        """Read until the mark has come; everything up to it. Ends the script when the client leaves before."""
        while mark not in self.heard:
            if not self.read():
                raise EOFError
        taken, _, self.heard = self.heard.partition(mark)
        return taken + mark

    def open(self, *offers: str):
        """Greeting and EHLO."""
        self.say(GREETING)
        self.hear(b"\r\n")
        self.say(offering(*offers))

    def start_tls(self, context):
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.heard = b""

    def wait_for_the_end(self):
        """Until the client leaves."""
        while self.read():
            pass


def offering(*offers):
    lines = ["scripted", *offers]
    return "".join(f"250-{line}\r\n" for line in lines[:-1]).encode() + f"250 {lines[-1]}\r\n".encode()


class ScriptedServer:
    """Runs script(peer, number) for each connection in a thread of its own; hangs up when the script ends."""

    def __init__(self, script, tls=None):
        self.script, self.tls = script, tls
        self.peers = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)  # a slow reader is felt soon
        self.threads = [threading.Thread(target=self._accept, daemon=True)]
        self.threads[0].start()

    @property
    def port(self):
        return self.listener.getsockname()[1]

    def address(self, **options):
        return SmtpAddress("127.0.0.1", self.port, **options)

    @property
    def connections(self):
        return len(self.peers)

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            peer = Peer(connection)
            self.peers.append(peer)
            thread = threading.Thread(target=self._run, args=(peer, len(self.peers)), daemon=True)
            self.threads.append(thread)
            thread.start()

    def _run(self, peer, number):
        with contextlib.suppress(OSError, EOFError):
            if self.tls is not None:
                peer.start_tls(self.tls)
            self.script(peer, number)
        peer.socket.close()

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for peer in self.peers:
            with contextlib.suppress(OSError):
                peer.socket.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(5)
            assert not thread.is_alive()


def serving(model: Model, *offers, models=None):
    """A script that lets a model answer; a model of its own for each connection, all accepting into `model.accepted`."""

    def script(peer, _number):
        mine = Model(plans=model.plans, most=model.most, takes_void=model.takes_void, accepted=model.accepted)
        if models is not None:
            models.append(mine)
        peer.open(*offers)
        mine.feed(peer.heard)
        while not mine.is_over and (part := peer.read()):
            if said := mine.feed(part):
                peer.say(said)

    return script
