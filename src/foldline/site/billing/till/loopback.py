"""The till serves, and is asked, on loopback and nowhere else."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from foldline.errors import ConfigurationError, Problem


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def require_loopback(address: str) -> None:
    """Raises:
    ConfigurationError: FL290, the address is not on loopback.
    """
    if urlsplit(address).scheme != "http" or not is_loopback(urlsplit(address).hostname or ""):
        hint = "It is for the demonstration and for development; a publication needs a real provider."
        raise ConfigurationError((Problem("FL290", "the till works on loopback only", address, hint),))
