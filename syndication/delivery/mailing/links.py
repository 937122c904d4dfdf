"""Makes the links and addresses of one delivery: unsubscribe, confirm, envelope sender, Message-ID."""

BOUNCE_PREFIX = "b"
UNSUBSCRIBE_PREFIX = "u"


def sender_of(token: str, mail_domain: str) -> str:
    """The return path that tells which delivery bounced (VERP), signed so that nobody can bounce others."""
    return f"{BOUNCE_PREFIX}+{token}@{mail_domain}"


def unsubscribe_url(base_url: str, token: str) -> str:
    """The page with a button, and the target of the one-click POST (RFC 8058 3.1)."""
    return f"{base_url}/u/{token}/"


def unsubscribe_mailto(mail_domain: str, token: str) -> str:
    """The mailto alternative of List-Unsubscribe (RFC 2369 3.2)."""
    return f"mailto:{UNSUBSCRIBE_PREFIX}+{token}@{mail_domain}?subject=unsubscribe"


def preferences_url(base_url: str, token: str) -> str:
    """The page on which a reader chooses what comes and how."""
    return f"{base_url}/p/{token}/"


def confirm_url(base_url: str, token: str) -> str:
    """The page on which a new reader says yes."""
    return f"{base_url}/c/{token}/"
