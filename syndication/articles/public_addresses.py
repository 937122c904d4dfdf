"""Knows which IP addresses belong to the public web: a server that fetches what strangers name must reach no other."""

import ipaddress
from collections.abc import Collection

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052 2.1: an IPv4 address is its last 32 bits
_ELSE = (  # what Python 3.11 takes for global
    ipaddress.ip_network("192.88.99.0/24"),  # RFC 7526: once 6to4's relays
    ipaddress.ip_network("3fff::/20"),  # RFC 9637: for documents
    ipaddress.ip_network("fec0::/10"),  # RFC 3879: once site-local
)


def is_public(address: str) -> bool:
    """May this IP address be reached? Not loopback, private, link-local, metadata, multicast or reserved, in whatever disguise.

    Raises ValueError for what is no IP address.
    """
    return all(
        one.is_global and not one.is_multicast and not one.is_reserved and not any(one in network for network in _ELSE)
        for one in _meant(_parsed(address))
    )


def is_in(address: str, networks: Collection[Network]) -> bool:
    """Whether the address lies in one of these networks. Raises ValueError for what is no IP address."""
    found = _parsed(address)
    return any(found in network for network in networks)


def _parsed(address: str) -> Address:
    return ipaddress.ip_address(address.split("%", maxsplit=1)[0])


def _meant(address: Address) -> list[Address]:
    """The address and the IPv4 addresses that are written inside it (mapped, 6to4, Teredo, NAT64)."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    inside: list[Address] = [one for one in (address.sixtofour, *(address.teredo or ())) if one]
    if address in _NAT64:
        return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    return [address, *inside]
