"""The service's own settings, from the environment, and its log."""

import os
import sys
from pathlib import Path
from typing import Any

import structlog
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from acd.asterisk import AmiSettings
from acd.model.mendable import Mendable


class Settings(BaseSettings):
    """The service's own settings, from the environment (``ACD_WEB_PORT=8080``); the city's are in ``queues.yaml``."""

    model_config = SettingsConfigDict(env_prefix="ACD_", env_file=None, extra="ignore")

    queues: Path = Path("queues.yaml")
    flows: Path = Path("ivr_flows")
    state: Path = Path("var")
    """Folder for the database, the control socket and recordings."""
    database: str | None = None
    """``sqlite:///file`` or ``postgresql://user@host/name``; default: SQLite in ``state``."""
    ami_host: str = "127.0.0.1"
    ami_port: int = Field(default=5038, ge=1, le=65535)
    ami_user: str = "acd"
    ami_secret: SecretStr | None = None
    ami_secret_file: Path | None = None
    web_host: str = "127.0.0.1"
    web_port: int = Field(default=8080, ge=0, le=65535)
    web_names: tuple[str, ...] = ("localhost", "127.0.0.1", "::1")
    """Host names under which browsers may reach the pages."""
    web_proxies: tuple[str, ...] = ()
    """Addresses of the web servers in front: what they say about for whom they ask is believed."""
    keep_numbers: int = Field(default=90, ge=1, le=3650)
    """Days after which a caller's number is erased, and that of a citizen who is no longer owed a call."""
    keep_notes: int = Field(default=365, ge=1, le=3650)
    """Days after which what operators wrote of a contact is erased: note and name, and the question of a closed
    request."""
    record: Path | None = None
    """Folder for raw recordings of the AMI session; they hold callers' numbers."""

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{(self.state / 'acd.db').resolve()}"

    @property
    def socket(self) -> Path:
        return self.state / "control.sock"

    def ami(self) -> AmiSettings:
        """How to reach Asterisk.

        Raises:
            SettingMissing: there is no secret.
            OSError: its file cannot be read.
        """
        if self.ami_secret_file is not None:
            secret = self.ami_secret_file.read_text("utf-8", "replace").strip()
        elif self.ami_secret is not None:
            secret = self.ami_secret.get_secret_value()
        else:
            raise SettingMissing("ACD_AMI_SECRET_FILE", "the file with the password of the AMI account")
        if not secret or not secret.isprintable() or "\ufffd" in secret:
            where = "ACD_AMI_SECRET" if self.ami_secret_file is None else str(self.ami_secret_file)
            raise SettingMissing(where, "there is no password in it, of letters, digits and signs on one line")
        return AmiSettings(
            host=self.ami_host, port=self.ami_port, user=self.ami_user, secret=secret, record=self.record
        )


class SettingMissing(Mendable):
    """{name} is not set: {what it is, or what is there instead}."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"{name} is not set: {what}")


def configure_log(json: bool | None = None) -> None:
    """JSON lines for machines, colours for a person at a terminal."""
    plain = not os.isatty(2) if json is None else json
    renderer: Any = structlog.processors.JSONRenderer() if plain else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
