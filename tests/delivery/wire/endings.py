"""What the tests about endings share: jobs, a server that misbehaves at its first dot, an engine that offers again."""

from scripted_server import serving
from smtp_model import Model, Notes, job

PIPELINING, CHUNKING = ("PIPELINING",), ("PIPELINING", "CHUNKING")
READY = b"250 ok\r\n250 ok\r\n354 go\r\n"


def jobs_of(count):
    return [job(number) for number in range(count)]


def at_the_dot(then, *offers):
    """A server that takes the first message and does `then(peer)` instead of answering; later connections are good."""
    good = Model()
    inner = serving(good, *(offers or PIPELINING))

    def script(peer, number):
        if number > 1:
            inner(peer, number)
            return
        peer.open("PIPELINING")
        peer.hear(b"DATA\r\n")
        peer.say(READY)
        peer.hear(b"hello\r\n.\r\n")
        then(peer)

    script.model = good
    return script


class Again(Notes):
    """Offers what is returned once more."""

    def returned(self, one):
        self.back.append(one.number)
        self.left.appendleft(one)
