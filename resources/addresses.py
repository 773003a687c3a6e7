"""Which network addresses belong to the public internet, and which to this machine alone."""

import ipaddress
import socket

_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All that IANA has given out; Python counts as global whatever else is not named apart."""
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""What to ask of a server that listens on every address."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether an IP address is public, also where IPv4 addresses are wrapped in IPv6."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv4Address):
        return ip.is_global and not ip.is_multicast
    if inner := _wrapped(ip):
        return all(is_public(str(one)) for one in inner)
    return ip in _GLOBAL_UNICAST and ip.is_global


def page_address(host: str, port: int) -> str:
    """What a browser of this machine asks for, of a server that listens somewhere."""
    asked = _WILDCARDS.get(host, host)
    return f"http://{f'[{asked}]' if ':' in asked else asked}:{port}"


def is_loopback(host: str) -> bool:
    """Whether a name or an address is this machine's own, which no other can reach."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _wrapped(ip: ipaddress.IPv6Address) -> tuple[ipaddress.IPv4Address, ...]:
    """The IPv4 addresses that packets to an IPv6 address reach: mapped, NAT64, 6to4, Teredo."""
    if ip in _NAT64:
        return (ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF),)
    single = ip.ipv4_mapped or ip.sixtofour
    return (single,) if single else ip.teredo or ()


def resolve(host: str, port: int) -> list[str]:
    """The IP addresses of a host, in the system's order of preference.

    Raises:
        OSError: The name cannot be resolved.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (ValueError, OverflowError) as error:
        raise OSError(str(error)) from error
    return [str(entry[4][0]) for entry in found]
