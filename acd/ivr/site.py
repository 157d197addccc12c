"""``site.yaml``: what the city's switch is connected to, and its passwords. Made with fresh ones when there is none."""

import os
import secrets
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import Any, Final

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from acd.config.private import read_private
from acd.ivr.switch import Site, new_secrets
from acd.model.ids import Device
from acd.model.mendable import Mendable

MOVED: Final = {"outbound": "callbacks", "outbound_refused": "refused", "transfer": "transfers"}
"""What stood here once."""
_NO_UTF_8: Final = "\ufffd"
"""What octets that are no UTF-8 are read as."""


class SiteError(Mendable):
    """{path}: {what is wrong}."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path}: {what}")


def load_site(path: Path, devices: Iterable[Device]) -> Site:
    """The site, with a password for every phone; what was missing is made and written back (mode 0600).

    Raises:
        OpenToAll: everybody on this machine may read it, and so its passwords.
        SiteError: the file is no YAML, or a setting is of the wrong kind; names it.
        OSError: it cannot be read or written.
    """
    known: dict[str, Any] = _read(path) if path.exists() else {"trunk_hosts": ["127.0.0.1"]}
    known.setdefault("ami_secret", secrets.token_urlsafe(24))
    for old, new in MOVED.items():
        if old in known:
            raise SiteError(path, f"{old}: this stands in queues.yaml now, as outside.{new}: take it out here")
    before = known.get("phone_secrets") or {}
    if not isinstance(before, dict):
        raise SiteError(path, "phone_secrets: must be 'device: password' lines")
    known["phone_secrets"] = {str(device): str(word) for device, word in before.items()}
    known["phone_secrets"] |= new_secrets(devices, known["phone_secrets"])
    try:
        site = msgspec.convert(known, Site)
    except msgspec.ValidationError as error:
        raise SiteError(path, str(error)) from None
    unknown = known.keys() - set(Site.__struct_fields__)
    if unknown:
        raise SiteError(path, f"unknown setting(s): {', '.join(sorted(unknown))}")
    _write(path, known)
    return site


def _read(path: Path) -> dict[str, Any]:
    text = read_private(path)
    if _NO_UTF_8 in text:
        # It would be written back so.
        line = text.partition(_NO_UTF_8)[0].count("\n") + 1
        raise SiteError(path, f"line {line} is not UTF-8")
    try:
        data = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError) as error:
        raise SiteError(path, str(error)) from None
    if not isinstance(data, dict):
        raise SiteError(path, "must be 'setting: value' lines")
    return data


def _write(path: Path, known: dict[str, Any]) -> None:
    text = StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.dump(known, text)
    if path.exists() and path.read_text("utf-8") == text.getvalue():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text.getvalue())
    fresh.replace(path)
