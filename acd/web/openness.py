"""What the application is to other programs of the city, in one bundle for whoever puts it together."""

import msgspec
from fastapi import FastAPI

from acd.web.city_sign_in import add_city_sign_in
from acd.web.docs import add_docs
from acd.web.door import Door
from acd.web.keys import add_keys
from acd.web.oidc import Oidc
from acd.web.shell import Shell
from acd.web.webhooks import HookDesk, add_webhooks


class Openness(msgspec.Struct, frozen=True):
    hooks: HookDesk | None = None
    """None = nobody is told anything."""
    oidc: Oidc | None = None
    """None = people have accounts of this application alone."""


def add_openness(app: FastAPI, door: Door, shell: Shell, openness: Openness) -> None:
    add_keys(app, door, shell)
    add_webhooks(app, door, shell, openness.hooks)
    add_docs(app, shell)
    add_city_sign_in(app, door, shell, openness.oidc)
