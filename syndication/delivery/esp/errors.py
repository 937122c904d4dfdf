"""How a request to a provider may end without a clear answer about its message.

EspError
├── ServerAway          no connection, a wrong key, an account that may not send: nothing was taken
├── LostBeforeRequest   the connection broke while the request was written: surely not taken
└── LostAfterRequest    silence, a broken connection or nonsense after the whole request: nobody can know
"""

from syndication.errors import Unreachable


class EspError(Unreachable):
    """No clear answer about a message."""


class ServerAway(EspError):
    """The provider takes no mail from this account now; nothing was offered, or nothing of it was taken."""


class LostBeforeRequest(EspError):
    """The connection broke before the request was complete."""


class LostAfterRequest(EspError):
    """The request was complete, and what became of it is not known."""
