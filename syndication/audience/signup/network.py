"""Knows from where a request really comes behind trusted proxies, and to which network an address belongs."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
PREFIX = {4: 24, 6: 56}  # what one household or office has
MOST_HOPS = 20


def client_address(remote: str, forwarded_for: str, trusted: Sequence[Network]) -> Address | None:
    """The address of whoever asks; None when it cannot be known.

    remote         the peer of the connection
    forwarded_for  the header X-Forwarded-For, believed only as far as trusted proxies have written it: from the right
    None where a trusted proxy says nothing: then no limit by network holds, rather than one limit for the whole world.
    """
    found = parsed(remote)
    if found is None or not _is_trusted(found, trusted):
        return found
    for hop in reversed(forwarded_for.split(",")[-MOST_HOPS:]):
        found = parsed(hop)
        if found is None or not _is_trusted(found, trusted):
            return found
    return None


def network_of(address: Address | None) -> str:
    """The network as text: "203.0.113.0/24", "2001:db8:0:1200::/56", or "" for nothing."""
    return "" if address is None else str(ip_network(f"{address}/{PREFIX[address.version]}", strict=False))


def family_of(address: Address | None) -> str:
    """The family as the consent record keeps it: "ipv4", "ipv6" or ""."""
    return "" if address is None else f"ipv{address.version}"


def parsed(text: str) -> Address | None:
    """An address with or without brackets, port or zone; an IPv4 address written as IPv6 is IPv4. None for anything else."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def _is_trusted(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)
