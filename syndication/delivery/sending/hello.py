"""Says who we are: to servers, and to the other senders."""

import os
import socket
import threading


def host_name(mail_domain: str) -> str:
    """What EHLO says: this machine's full name, else the sender's domain (RFC 5321 4.1.1.1 wants a name that exists)."""
    name = socket.getfqdn()
    return name if "." in name and not name.startswith("localhost") else mail_domain


def sender_name() -> str:
    """host:process:thread, at most 80 characters: each thread has connections of its own."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{threading.get_ident()}"
