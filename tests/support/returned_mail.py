"""Makes mail that comes back: notifications, complaints, vacations and what strangers forge, in the forms that mail servers write."""

from syndication.audience import tokens
from syndication.audience.keys import copy_key

DOMAIN = "weekly.example.org"


def copy_tokens(mailing, subscriber, chosen):
    return tokens.of_copy(mailing.pk, subscriber.pk, chosen.pk, copy_key())


def bounce_address(made):
    return f"b+{made.bounce}@{DOMAIN}"


def original(made, to="reader@example.net"):
    """The headers of one of our mails."""
    return (
        f"Return-Path: <{bounce_address(made)}>\n"
        f"From: Weekly <e@{DOMAIN}>\nTo: {to}\nSubject: The first walk\n"
        f"Message-ID: <{made.message_id}@{DOMAIN}>\n"
        f"List-Unsubscribe: <https://news.example.org/u/{made.unsubscribe}/>, <mailto:u+{made.unsubscribe}@{DOMAIN}?subject=unsubscribe>\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n"
    )


def report(kind, text, machine_kind, machine, returned, *, headers=""):
    """A multipart/report (RFC 6522)."""
    return (
        f"From: Mail Delivery System <MAILER-DAEMON@mx.example.net>\nTo: somebody@{DOMAIN}\nSubject: Undelivered Mail Returned to Sender\n"
        f'{headers}MIME-Version: 1.0\nContent-Type: multipart/report; report-type={kind}; boundary="=_b"\n\n'
        f"--=_b\nContent-Type: text/plain; charset=utf-8\n\n{text}\n\n"
        f"--=_b\nContent-Type: {machine_kind}\n\n{machine}\n"
        f"--=_b\nContent-Type: text/rfc822-headers\n\n{returned}\n--=_b--\n"
    ).encode()


def dsn(
    returned="",
    *,
    action="failed",
    status="5.1.1",
    diagnostic="smtp; 550 5.1.1 <reader@example.net>: no such user",
    headers="",
    text="It failed.",
):
    machine = (
        "Reporting-MTA: dns; mx.example.net\n\n"
        f"Original-Recipient: rfc822; reader@example.net\nFinal-Recipient: rfc822; reader@example.net\nAction: {action}\nStatus: {status}\n"
        + (f"Diagnostic-Code: {diagnostic}\n" if diagnostic else "")
    )
    return report("delivery-status", text, "message/delivery-status", machine, returned, headers=headers)


def arf(returned, kind="abuse", *, more=""):
    machine = f"Feedback-Type: {kind}\nUser-Agent: ExampleFBL/1.0\nVersion: 1\n{more}"
    return report("feedback-report", "This is a complaint.", "message/feedback-report", machine, returned)


def mdn(returned=""):
    machine = "Reporting-UA: desk.example.net; Mail 1.0\nFinal-Recipient: rfc822; reader@example.net\nDisposition: manual-action/MDN-sent-manually; displayed\n"
    return report("disposition-notification", "It was displayed.", "message/disposition-notification", machine, returned)


def vacation(subject="Out of office: The first walk", headers="Auto-Submitted: auto-replied\n", sender="reader@example.net"):
    return (
        f"From: A Reader <{sender}>\nTo: e@{DOMAIN}\nSubject: {subject}\n{headers}Content-Type: text/plain\n\n"
        "I am away until Monday. The address <reader@example.net> is read then.\n"
    ).encode()


def plain(text, *, sender="MAILER-DAEMON@mx.example.net", headers="", subject="failure notice"):
    return f"From: {sender}\nTo: somebody@{DOMAIN}\nSubject: {subject}\n{headers}\n{text}\n".encode()


QMAIL = """Hi. This is the qmail-send program at mx.example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<reader@example.net>:
{said}

--- Below this line is a copy of the message.

{original}
"""

EXIM = """This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  reader@example.net
    host mx.example.net [192.0.2.7]
    SMTP error from remote mail server after RCPT TO:<reader@example.net>:
    {said}

------ This is a copy of the message, including all the headers. ------

{original}
"""

EXCHANGE = """Delivery has failed to these recipients or groups:

reader@example.net
{said}

Diagnostic information for administrators:

Generating server: mx.example.net

reader@example.net
Remote Server returned '{reply}'
"""
