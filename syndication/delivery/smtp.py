"""One kept connection to an SMTP server; every error says whether the message may have been taken.

ServerAway        no connection, no greeting, no TLS, wrong password: nothing was offered
LostBeforeDot     the connection broke while a message was offered: surely not taken
LostAfterDot      the connection broke after the final dot: nobody can know (RFC 1047)
"""

import smtplib
import socket
import ssl

from syndication.delivery.outcome import Answer, Stage
from syndication.delivery.parcel import Parcel
from syndication.environment import SmtpAddress
from syndication.errors import Unreachable

CONNECT_SECONDS = 15
BEFORE_DOT_SECONDS = 60
AFTER_DOT_SECONDS = 600  # RFC 5321 4.5.3.2.6: a shorter wait makes duplicates
UNDERSTOOD = range(200, 600)
START_DATA = 354
CLOSING = 421


class ServerAway(Unreachable):
    """The server takes no mail from us now; nothing was offered to it."""


class LostBeforeDot(Unreachable):
    """The connection broke before the message was complete."""


class LostAfterDot(Unreachable):
    """The connection broke, or the server fell silent, after the message was complete."""


class Connection:
    """An open connection, made at the first delivery and kept for the next ones."""

    def __init__(self, address: SmtpAddress, *, host_name: str) -> None:
        self.address = address
        self.host_name = host_name
        self._smtp: smtplib.SMTP | None = None
        self._is_fresh = False

    def deliver(self, parcel: Parcel) -> Answer:
        """Offer one message; the server's clear answer.

        Raises ServerAway, LostBeforeDot, LostAfterDot. A kept connection that died while idle is opened again once.
        """
        smtp = self._smtp or self._open()
        try:
            return self._offer(smtp, parcel)
        except LostBeforeDot:
            was_fresh = self._is_fresh
            self.close()
            if was_fresh:
                raise
        return self._offer(self._open(), parcel)

    def takes(self, recipient: str) -> bool:
        """Whether the server, which this opens, can take the recipient: outside ASCII it must offer SMTPUTF8 (RFC 6531 3.1).

        Raises ServerAway.
        """
        smtp = self._smtp or self._open()
        return recipient.isascii() or bool(smtp.has_extn("smtputf8"))

    def close(self) -> None:
        """Drop the connection; polite only when that costs nothing."""
        smtp, self._smtp = self._smtp, None
        if smtp is None:
            return
        try:
            smtp.putcmd("QUIT")
        except (OSError, smtplib.SMTPException):
            pass
        finally:
            smtp.close()

    # ------------------------------------------------------------------ inside
    def _open(self) -> smtplib.SMTP:
        try:
            smtp = self._introduced(self._connect())
        except smtplib.SMTPAuthenticationError as error:
            raise ServerAway(f"{self.address} refused the user name or password ({error.smtp_code} {_text(error.smtp_error)}).") from error
        except smtplib.SMTPNotSupportedError as error:
            raise ServerAway(f"{self.address} does not offer what its URL asks for: {error}.") from error
        except (OSError, smtplib.SMTPException) as error:
            raise ServerAway(f"{self.address} cannot be reached: {error}.") from error
        self._smtp, self._is_fresh = smtp, True
        return smtp

    def _introduced(self, smtp: smtplib.SMTP) -> smtplib.SMTP:
        """EHLO, TLS and password; a server that fails one of them is left."""
        try:
            smtp.ehlo_or_helo_if_needed()
            if self.address.tls == "starttls":
                smtp.starttls(context=ssl.create_default_context())
                smtp.ehlo()
            if self.address.username:
                smtp.login(self.address.username, self.address.password)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _connect(self) -> smtplib.SMTP:
        if self.address.tls == "implicit":
            return smtplib.SMTP_SSL(
                self.address.host,
                self.address.port,
                local_hostname=self.host_name,
                timeout=CONNECT_SECONDS,
                context=ssl.create_default_context(),
            )
        return smtplib.SMTP(self.address.host, self.address.port, local_hostname=self.host_name, timeout=CONNECT_SECONDS)

    def _offer(self, smtp: smtplib.SMTP, parcel: Parcel) -> Answer:
        refusal = self._envelope(smtp, parcel)
        if refusal is not None:
            self._after_refusal(smtp, refusal)
            return refusal
        answer = self._body(smtp, b"".join(parcel.message))
        self._is_fresh = False
        if answer.code == CLOSING:
            self.close()
        return answer

    def _envelope(self, smtp: smtplib.SMTP, parcel: Parcel) -> Answer | None:
        """MAIL, RCPT and DATA, in one write where the server takes that (RFC 2920); the first refusal, or None at the 354."""
        commands = self._commands(smtp, parcel)
        group = [[command] for command in commands] if not smtp.has_extn("pipelining") else [commands]
        answers: list[Answer] = []
        try:
            _patience(smtp, BEFORE_DOT_SECONDS)
            for part in group:
                smtp.send("".join(f"{command}\r\n" for _, command in part))
                answers += [_answer(smtp, stage) for stage, _ in part]
                refusal = next((one for one in answers if one.code >= 400), None)  # noqa: PLR2004  # RFC 5321 4.2.1
                if refusal is not None:
                    self._void(smtp, answers)
                    return refusal
        except (OSError, smtplib.SMTPException) as error:
            raise LostBeforeDot(f"{self.address}: {error}") from error
        if answers[-1].code != START_DATA:
            raise LostBeforeDot(f"{self.address} answered DATA with {answers[-1].code} {answers[-1].text[:80]}")
        return None

    def _commands(self, smtp: smtplib.SMTP, parcel: Parcel) -> list[tuple[Stage, str]]:
        is_ascii = parcel.sender.isascii() and parcel.recipient.isascii()
        options = f" SIZE={parcel.size_bytes}" if smtp.has_extn("size") else ""
        if not is_ascii:
            smtp.command_encoding = "utf-8"
            options += " SMTPUTF8"
        return [
            (Stage.MAIL, f"MAIL FROM:<{parcel.sender}>{options}"),
            (Stage.RCPT, f"RCPT TO:<{parcel.recipient}>"),
            (Stage.DATA, "DATA"),
        ]

    def _void(self, smtp: smtplib.SMTP, answers: list[Answer]) -> None:
        """A server that took DATA though it refused the recipient waits for a message: give it none (RFC 2920 3.1)."""
        if answers[-1].stage is Stage.DATA and answers[-1].code == START_DATA:
            smtp.send(".\r\n")
            _answer(smtp, Stage.DOT)

    def _after_refusal(self, smtp: smtplib.SMTP, refusal: Answer) -> None:
        self._is_fresh = False
        try:
            if refusal.code == CLOSING:
                self.close()
            else:
                smtp.rset()
        except (OSError, smtplib.SMTPException):
            self.close()

    def _body(self, smtp: smtplib.SMTP, message: bytes) -> Answer:
        stuffed = message.replace(b"\r\n.", b"\r\n..") if b"\r\n." in message else message  # RFC 5321 4.5.2
        try:
            smtp.send(stuffed + (b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n"))
        except (OSError, smtplib.SMTPException) as error:
            # the write that failed took nothing more, and the dot comes last: the server has not seen it
            raise LostBeforeDot(f"{self.address}: {error}") from error
        try:
            _patience(smtp, AFTER_DOT_SECONDS)
            return _answer(smtp, Stage.DOT)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise LostAfterDot(f"{self.address}: {error}") from error


def host_name(mail_domain: str) -> str:
    """What EHLO says: this machine's full name, else the sender's domain (RFC 5321 4.1.1.1 wants a name that exists)."""
    name = socket.getfqdn()
    return name if "." in name and not name.startswith("localhost") else mail_domain


def _answer(smtp: smtplib.SMTP, stage: Stage) -> Answer:
    code, text = smtp.getreply()
    if code not in UNDERSTOOD:
        raise smtplib.SMTPServerDisconnected(f"answered {stage} with something that is no SMTP reply: {_text(text)[:80]!r}")
    return Answer(stage, code, _text(text))


def _patience(smtp: smtplib.SMTP, seconds: float) -> None:
    if smtp.sock is not None:
        smtp.sock.settimeout(seconds)


def _text(reply: bytes | str) -> str:
    raw = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return " ".join("".join(character if character.isprintable() else " " for character in raw).split())
