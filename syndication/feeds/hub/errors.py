"""What the hub answers to a request that it cannot take."""

from syndication.errors import BadInput

BAD_REQUEST, NOT_FOUND, GONE, TOO_LARGE, WRONG_TYPE, TOO_MANY, NOT_NOW = 400, 404, 410, 413, 415, 429, 503  # RFC 9110 15, RFC 6585 4


class HubRefused(BadInput):
    """A request that the hub does not take; the message is the answer's text.

    status        the answer's status
    wait_seconds  when to come again, for 429 and 503; 0: never
    """

    def __init__(self, sentence: str, *, status: int = BAD_REQUEST, wait_seconds: int = 0) -> None:
        super().__init__(sentence)
        self.status, self.wait_seconds = status, wait_seconds
