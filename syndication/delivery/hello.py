"""Says who we are to servers."""

import socket


def host_name(mail_domain: str) -> str:
    """What EHLO says: this machine's full name, else the sender's domain (RFC 5321 4.1.1.1 wants a name that exists)."""
    name = socket.getfqdn()
    return name if "." in name and not name.startswith("localhost") else mail_domain
