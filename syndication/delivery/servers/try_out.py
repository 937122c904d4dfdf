"""Greets a server as the sender would and tells what it offers; nothing is sent (an edge)."""

import smtplib
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from syndication.environment import SmtpAddress

PATIENCE_SECONDS = 15
LONGEST_TEXT = 200  # characters
OF_INTEREST = ("PIPELINING", "CHUNKING", "8BITMIME", "SIZE", "SMTPUTF8", "STARTTLS", "DSN", "ENHANCEDSTATUSCODES", "AUTH")


@dataclass(slots=True)
class Trial:
    """What a server said, as far as it came: `problem` is empty when a message could be handed over."""

    greeting: str = ""
    offers: tuple[str, ...] = ()
    tls: str = ""
    """Version and cipher, "" for an open line."""
    has_logged_in: bool = False
    problem: str = ""
    advice: str = ""


class _Open(smtplib.SMTP):
    """Remembers the greeting, which smtplib drops."""

    greeting = ""

    def connect(self, host: str = "localhost", port: int = 0, source_address: Any = None) -> tuple[int, bytes]:
        """Connect as smtplib does."""
        code, text = super().connect(host, port, source_address)
        self.greeting = f"{code} {_text(text)}"
        return code, text


class _Encrypted(_Open, smtplib.SMTP_SSL):
    """The same with TLS from the start (RFC 8314 3.3)."""


def try_out(address: SmtpAddress) -> Trial:
    """Connect, EHLO, TLS, AUTH, QUIT. Never raises: what failed stands in `problem`, without the password."""
    trial = Trial()
    try:
        smtp = _connected(address)
        try:
            trial.greeting = smtp.greeting
            _introduce(smtp, address, trial)
            with suppress(OSError, smtplib.SMTPException):
                smtp.quit()
        finally:
            smtp.close()
    except smtplib.SMTPAuthenticationError as error:
        trial.problem = f"refused the user name or password ({error.smtp_code} {_text(error.smtp_error)})"
        trial.advice = "Check both; some providers want a password made for programs."
    except smtplib.SMTPNotSupportedError as error:
        trial.problem = f"does not offer what its URL asks for: {error}"
        trial.advice = "Most servers speak STARTTLS on port 587 (?tls=starttls) and TLS from the start on port 465 (smtps://)."
    except ssl.SSLCertVerificationError as error:
        trial.problem = f"has a certificate that proves nothing: {error.verify_message}"
        trial.advice = "Use the host name that stands in the certificate. Nothing is sent to a server that cannot prove its name."
    except (OSError, smtplib.SMTPException) as error:
        trial.problem = f"cannot be used: {_why(error)}"
        trial.advice = "Check host, port and firewall; many networks block port 25 on the way out."
    if not trial.problem and not trial.tls and address.username:
        trial.advice = "The password went over an open line; add ?tls=starttls, or use smtps://."
    return trial


def _connected(address: SmtpAddress) -> _Open:
    name = socket.getfqdn()
    if address.tls == "implicit":
        context = ssl.create_default_context()
        return _Encrypted(address.host, address.port, local_hostname=name, timeout=PATIENCE_SECONDS, context=context)
    return _Open(address.host, address.port, local_hostname=name, timeout=PATIENCE_SECONDS)


def _why(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"it said {error.smtp_code} {_text(error.smtp_error)}"
    return _text(str(error)) or type(error).__name__


def _introduce(smtp: smtplib.SMTP, address: SmtpAddress, trial: Trial) -> None:
    smtp.ehlo_or_helo_if_needed()
    if address.tls == "starttls":
        smtp.starttls(context=ssl.create_default_context())
        smtp.ehlo()
    if isinstance(smtp.sock, ssl.SSLSocket):
        cipher = smtp.sock.cipher()
        trial.tls = f"{smtp.sock.version()} {cipher[0] if cipher else ''}".strip()
    trial.offers = tuple(_offer(smtp, name) for name in OF_INTEREST if smtp.has_extn(name.lower()))
    if address.username:
        smtp.login(address.username, address.password)
        trial.has_logged_in = True


def _offer(smtp: smtplib.SMTP, name: str) -> str:
    details = _text(smtp.esmtp_features.get(name.lower(), ""))
    return f"{name} {details}".strip()


def _text(reply: bytes | str) -> str:
    raw = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return " ".join("".join(character if character.isprintable() else " " for character in raw).split())[:LONGEST_TEXT]
