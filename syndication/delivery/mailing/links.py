"""Makes the links and addresses of one delivery: unsubscribe, confirm, envelope sender, Message-ID."""

from dataclasses import dataclass

from syndication.audience import tokens

BOUNCE_PREFIX = "b"
UNSUBSCRIBE_PREFIX = "u"


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes a delivery this one: which mailing, to which subscriber (0 for a preview); and the sender's domain."""

    mailing_id: int
    subscriber_id: int
    mail_domain: str

    @property
    def numbers(self) -> tuple[int, int]:
        """What its tokens carry."""
        return self.mailing_id, self.subscriber_id


def envelope_sender(identity: Identity, key: bytes) -> str:
    """The return path that tells which delivery bounced (VERP), signed so that nobody can bounce others."""
    return sender_of(tokens.make(identity.numbers, key), identity.mail_domain)


def message_id(identity: Identity, key: bytes) -> str:
    """Without angle brackets; the same at every attempt, so that a receiver can drop a second copy (RFC 5322 3.6.4)."""
    return f"{tokens.make(identity.numbers, key)}@{identity.mail_domain}"


def sender_of(token: str, mail_domain: str) -> str:
    """The return path of a token."""
    return f"{BOUNCE_PREFIX}+{token}@{mail_domain}"


def unsubscribe_url(base_url: str, token: str) -> str:
    """The page with a button, and the target of the one-click POST (RFC 8058 3.1)."""
    return f"{base_url}/u/{token}/"


def unsubscribe_mailto(mail_domain: str, token: str) -> str:
    """The mailto alternative of List-Unsubscribe (RFC 2369 3.2)."""
    return f"mailto:{UNSUBSCRIBE_PREFIX}+{token}@{mail_domain}?subject=unsubscribe"


def confirm_url(base_url: str, token: str) -> str:
    """The page on which a new reader says yes."""
    return f"{base_url}/c/{token}/"
