"""The service's own settings, from the environment."""

import os
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr, StringConstraints
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from acd.asterisk import AmiSettings
from acd.asterisk.tls import ami_tls
from acd.config.private import read_private
from acd.model.account import Role
from acd.model.ids import ServerId
from acd.model.mendable import Mendable
from acd.model.policy import Terms
from acd.web.oidc import Oidc, OidcSettings

ServerName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,19}$")]
"""A ``systemname``: it stands before the ids of calls, and a dash after it."""


def _paths(value: object) -> object:
    """As in ``PATH``."""
    return tuple(filter(None, map(str.strip, value.split(os.pathsep)))) if isinstance(value, str) else value


Paths = Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_paths)]


class Settings(BaseSettings):
    """The service's own settings, from the environment (``ACD_WEB_PORT=8080``); the city's are in ``queues.yaml``."""

    model_config = SettingsConfigDict(env_prefix="ACD_", env_file=None, extra="ignore")

    queues: Path = Path("queues.yaml")
    flows: Path = Path("ivr_flows")
    state: Path = Path("var")
    """Folder for the database, the control socket and recordings."""
    database: str | None = None
    """``sqlite:///file`` or ``postgresql://user@host/name``; default: SQLite in ``state``."""
    engine: str = ""
    """What people call this one of two engines on the same database; empty = the host's name."""
    engine_url: str = ""
    """Where people find its pages: what an engine that stands by leads them to."""
    ami_host: str = "127.0.0.1"
    ami_port: int = Field(default=5038, ge=1, le=65535)
    ami_user: str = "acd"
    ami_secret: SecretStr | None = None
    ami_secret_file: Path | None = None
    servers: dict[ServerName, str] = {}
    """Several Asterisk servers under this one engine, as JSON: systemname -> host and port of its AMI,
    ``{"a": "192.0.2.11:5038", "b": "192.0.2.12:5038"}``; then ``ami_host`` and ``ami_port`` are not used."""
    ami_tls: bool = False
    """TLS to AMI: ``ami_port`` is Asterisk's ``tlsbindaddr``, and its certificate must be for ``ami_host``."""
    ami_ca: Path | None = None
    """Certificates of the authorities that are believed; left out, those of this machine."""
    ami_clear_text: bool = False
    """Without TLS to another host too: there is a tunnel between the two."""
    web_host: str = "127.0.0.1"
    web_port: int = Field(default=8080, ge=0, le=65535)
    web_names: tuple[str, ...] = ("localhost", "127.0.0.1", "::1")
    """Host names under which browsers may reach the pages."""
    web_proxies: tuple[str, ...] = ()
    """Addresses of the web servers in front: what they say about for whom they ask is believed."""
    keep_numbers: int = Field(default=90, ge=1, le=3650)
    """Days after which a caller's number is erased, and that of a citizen who is no longer owed a call."""
    oidc_issuer: str = ""
    """The city's own provider to sign in at (OpenID Connect), as it calls itself; empty = there is none."""
    oidc_client: str = ""
    """Our id there."""
    oidc_secret_file: Path | None = None
    """File with our secret there; without one we are a public client."""
    oidc_roles: dict[str, Role] = {}
    """Group or role there -> role here, as JSON: ``{"acd-coaches": "supervisor"}``. Without one nobody gets in."""
    oidc_role_claim: str = "groups"
    oidc_name_claim: str = "preferred_username"
    oidc_operator_claim: str = ""
    oidc_scopes: str = "openid profile"
    oidc_label: str = ""
    """What people call it."""
    keep_names: int | None = Field(default=None, ge=1, le=3650)
    """Days after which the names of citizens are erased; none = with the notes, which is also the latest."""
    keep_notes: int = Field(default=365, ge=1, le=3650)
    """Days after which what operators wrote of a contact is erased: note and name, and the question of a closed
    request."""
    keep_citizens: int = Field(default=730, ge=1, le=3650)
    """Days after which nothing tells any more that two calls came from the same citizen: the keyed hash of his number
    is erased."""
    log_json: bool = False
    """Log as JSON lines, for machines."""
    log_events: bool = True
    """Log what happens to each call: a line for each event."""
    cel: Paths = ()
    """What Asterisk itself writes down of each call (``cel_custom``): gaps are repaired from it. Of several servers the
    file of each, with a colon between them. Empty = the gaps stay."""
    recordings: Path | None = None
    """Folder with recorded conversations, which Asterisk writes and we read and delete; None = not shared with us."""
    record: Path | None = None
    """Folder for raw recordings of the AMI session; they hold callers' numbers, and go with them."""

    @property
    def terms(self) -> Terms:
        """How long what is known of citizens is kept, where a line says nothing of its own."""
        return Terms(
            numbers=self.keep_numbers, names=self.keep_names, notes=self.keep_notes, citizens=self.keep_citizens
        )

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{(self.state / 'acd.db').resolve()}"

    @property
    def spill(self) -> Path:
        """Where events go while the database is away."""
        return self.state / "events.spill"

    @property
    def socket(self) -> Path:
        return self.state / "control.sock"

    def oidc(self) -> Oidc | None:
        """The city's own provider; None = there is none.

        Raises:
            SettingMissing: something that it needs is missing.
            ProviderAway: its address is not one that can be believed.
            OpenToAll: everybody on this machine may read the file with the secret.
            OSError: it cannot be read.
        """
        if not self.oidc_issuer:
            return None
        if not self.oidc_client:
            raise SettingMissing("ACD_OIDC_CLIENT", "our id at the provider")
        roles = {group: role for group, role in self.oidc_roles.items() if role is not Role.WALLBOARD}
        if not roles:
            raise SettingMissing("ACD_OIDC_ROLES", 'which group has which role, such as {"acd-coaches": "supervisor"}')
        secret = read_private(self.oidc_secret_file) if self.oidc_secret_file else ""
        return Oidc(
            OidcSettings(
                self.oidc_issuer,
                self.oidc_client,
                secret,
                roles,
                self.oidc_role_claim,
                self.oidc_name_claim,
                self.oidc_operator_claim,
                self.oidc_scopes,
                self.oidc_label,
            )
        )

    def ami(self) -> AmiSettings:
        """How to reach Asterisk.

        Raises:
            SettingMissing: there is no secret.
            ClearText: it would cross the network in clear text.
            OpenToAll: everybody on this machine may read its file.
            NoAuthority: the file of certificates has none.
            OSError: its file cannot be read.
        """
        if not (self.ami_tls or self.ami_clear_text or _this_machine(self.ami_host)):
            raise ClearText(self.ami_host)
        if self.ami_secret_file is not None:
            secret = read_private(self.ami_secret_file)
        elif self.ami_secret is not None:
            secret = self.ami_secret.get_secret_value()
        else:
            raise SettingMissing("ACD_AMI_SECRET_FILE", "the file with the password of the AMI account")
        if not secret or not secret.isprintable() or "\ufffd" in secret:
            where = "ACD_AMI_SECRET" if self.ami_secret_file is None else str(self.ami_secret_file)
            raise SettingMissing(where, "there is no password in it, of letters, digits and signs on one line")
        return AmiSettings(
            host=self.ami_host,
            port=self.ami_port,
            user=self.ami_user,
            secret=secret,
            tls=ami_tls(self.ami_ca) if self.ami_tls else None,
            record=self.record,
        )

    def ami_servers(self) -> dict[ServerId, AmiSettings]:
        """How to reach each of several servers; empty = there is one alone.

        Raises:
            BadAddress: one of them has none.
            SettingMissing, OSError: as :meth:`ami`.
        """
        return {ServerId(name): self._ami_of(name, where) for name, where in self.servers.items()}

    def _ami_of(self, name: str, where: str) -> AmiSettings:
        host, colon, port = where.rpartition(":")
        if not (colon and host and port.isdecimal() and 0 < int(port) < 65536):
            raise BadAddress(name, where)
        one = self.model_copy(update={"ami_host": host.strip("[]"), "ami_port": int(port)})
        record = None if self.record is None else self.record / name
        return replace(one.ami(), server=name, record=record)


def _this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class ClearText(Mendable):
    """The password of AMI and citizens' numbers would go to {host} in clear text."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"ACD_AMI_HOST={host}: AMI's password and citizens' numbers would cross the network in clear text. "
            "Set ACD_AMI_TLS=true (docs/install.md), or ACD_AMI_CLEAR_TEXT=true where a tunnel carries them"
        )


class BadAddress(Mendable):
    """ACD_SERVERS: {name} has the address {where}, which is not host:port."""

    def __init__(self, name: str, where: str) -> None:
        super().__init__(f"ACD_SERVERS: {name} has the address {where!r}, which is not host:port, as 192.0.2.11:5038")


class SettingMissing(Mendable):
    """{name} is not set: {what it is, or what is there instead}."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"{name} is not set: {what}")
