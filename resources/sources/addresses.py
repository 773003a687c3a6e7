"""Which network addresses belong to the public internet."""

import ipaddress
import socket


def is_public(address: str) -> bool:
    """Whether an IP address is public, also where an IPv4 address is wrapped in IPv6."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast


def resolve(host: str, port: int) -> list[str]:
    """The IP addresses of a host, in the system's order of preference.

    Raises:
        OSError: The name cannot be resolved.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(str(error)) from error
    return [str(entry[4][0]) for entry in found]
