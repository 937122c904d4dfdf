"""Asks DNS for TXT records (an edge: the network)."""

from ipaddress import ip_address

import dns.exception
import dns.resolver
from dns.rdtypes.ANY.TXT import TXT

from syndication.errors import BadInput, Unreachable

PATIENCE_SECONDS = 6  # for one question, all servers and repeats together
DNS_PORT, LAST_PORT = 53, 65535
_EDNS_BYTES = 1232  # the size that passes every network unfragmented (DNS flag day 2020); an RSA record needs more than 512


def resolver_at(server: str = "") -> dns.resolver.Resolver:
    """The DNS servers of this machine, or the one at "1.1.1.1", "127.0.0.1:5353" or "[::1]:53"; nothing is cached.

    Raises BadInput for an address that is none, Unreachable when this machine names no DNS server.
    """
    try:
        resolver = dns.resolver.Resolver(configure=not server)
        if server:
            _point(resolver, server)
    except dns.resolver.NoResolverConfiguration as error:
        raise Unreachable(f"This machine names no DNS server ({error}). Give one: --resolver 1.1.1.1") from error
    resolver.lifetime = PATIENCE_SECONDS
    resolver.use_edns(0, 0, _EDNS_BYTES)
    return resolver


def txt_records(name: str, resolver: dns.resolver.Resolver) -> list[str]:
    """The TXT records of a name, each with its strings joined; empty when there are none. Raises Unreachable."""
    try:
        answer = resolver.resolve(f"{name}.", "TXT", search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.exception.Timeout as error:
        raise Unreachable(
            f"No DNS server answered within {resolver.lifetime:g} s about {name}. Try again later, or ask another: --resolver 1.1.1.1"
        ) from error
    except dns.exception.DNSException as error:
        raise Unreachable(
            f"DNS gave no answer about {name}: {error}. Try again later, or ask another server: --resolver 1.1.1.1"
        ) from error
    return [b"".join(one.strings).decode("utf-8", "replace") for one in answer if isinstance(one, TXT)]


def _point(resolver: dns.resolver.Resolver, server: str) -> None:
    try:
        host, port = _host_and_port(server.strip())
        resolver.nameservers = [str(ip_address(host))]
        resolver.port = port
    except ValueError as error:
        raise BadInput(f"--resolver {server!r} is not the address of a DNS server. Write it like 1.1.1.1 or 127.0.0.1:5353.") from error


def _host_and_port(server: str) -> tuple[str, int]:
    """Raises ValueError for a port that is no number from 1 to 65535; the host is looked at by the caller."""
    if server.startswith("["):
        host, _, rest = server[1:].partition("]")
        port = rest.removeprefix(":")
    elif server.count(":") == 1:
        host, _, port = server.partition(":")
    else:
        host, port = server, ""
    number = int(port or DNS_PORT)
    if not 0 < number <= LAST_PORT:
        raise ValueError(port)
    return host, number
