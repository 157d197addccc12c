"""TLS to AMI: Asterisk shows who it is before it hears the password."""

import ssl
from pathlib import Path

from acd.model.mendable import Mendable


class NoAuthority(Mendable):
    """{ca}: {what is wrong with the file of certificates}."""

    def __init__(self, ca: Path, what: str) -> None:
        super().__init__(f"{ca}: {what}")


def ami_tls(ca: Path | None) -> ssl.SSLContext:
    """A context that believes only a certificate for the host's own name (or address), by an authority that is trusted.

    Args:
        ca: certificates of the authorities that are believed (PEM); None = those of this machine.

    Raises:
        NoAuthority: there is no certificate in the file, or it cannot be read.
    """
    try:
        context = ssl.create_default_context(cafile=ca)
    except (OSError, ValueError) as error:
        assert ca is not None
        raise NoAuthority(ca, f"no certificate of an authority can be read there ({error})") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
