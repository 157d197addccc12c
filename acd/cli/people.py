"""Who may sign in to the pages, and what programs may read."""

import time
from typing import Annotated

import typer
from rich.table import Table

from acd.cli.terminal import carry_out, clock, out, settings, whoami
from acd.model.account import Role, Scope

group = typer.Typer()
user = typer.Typer(no_args_is_help=True, help="Accounts: who may sign in to the pages.")
key = typer.Typer(no_args_is_help=True, help="Keys: what programs show to read figures and lists.")
group.add_typer(user, name="user")
group.add_typer(key, name="key")

# --- Accounts --------------------------------------------------------------------------------------------------------

Name = Annotated[str, typer.Argument(help="Name of the account.")]
RoleOf = Annotated[Role, typer.Argument(help="What the account may do.")]
OperatorOf = Annotated[str | None, typer.Option("--operator", help="Operator id of queues.yaml, if he takes calls.")]


@user.command("add")
def user_add(name: Name, role: RoleOf = Role.OPERATOR, operator: OperatorOf = None) -> None:
    """A new account; says its one-time password, or the link of a wallboard."""
    from acd.bootstrap.people import add

    out.print(carry_out(add(settings(), whoami(), name, role, operator)))


@user.command("passwd")
def user_passwd(name: Name) -> None:
    """A new one-time password, or a new link of a wallboard; whoever is signed in is signed out."""
    from acd.bootstrap.people import renew

    out.print(carry_out(renew(settings(), whoami(), name)))


@user.command("role")
def user_role(name: Name, role: RoleOf, operator: OperatorOf = None) -> None:
    """Another role; whoever is signed in is signed out."""
    from acd.bootstrap.people import set_role

    carry_out(set_role(settings(), whoami(), name, role, operator))
    out.print(f"{name}: {role}")


@user.command("disable")
def user_disable(name: Name, again: Annotated[bool, typer.Option("--enable", help="Open it again.")] = False) -> None:
    """Close an account; whoever is signed in is signed out at once."""
    from acd.bootstrap.people import set_disabled

    carry_out(set_disabled(settings(), whoami(), name, not again))
    out.print(f"{name}: {'open' if again else 'closed'}")


@user.command("list")
def user_list() -> None:
    """All accounts."""
    from acd.bootstrap.people import accounts

    table = Table("name", "role", "operator", "state", "last signed in")
    for one in carry_out(accounts(settings())):
        state = "closed" if one.disabled_at else "one-time password" if one.must_change else "open"
        table.add_row(
            one.name, one.role, one.operator or "", state, clock(one.signed_in_at) if one.signed_in_at else ""
        )
    out.print(table)


# --- Keys ------------------------------------------------------------------------------------------------------------

KeyName = Annotated[str, typer.Argument(help="What the key is for.")]


@key.command("add")
def key_add(
    name: KeyName,
    scope: Annotated[list[Scope], typer.Option(help="What it opens; more than one: say it again.")],
    days: Annotated[int | None, typer.Option(help="Valid so long; left out, until it is revoked.")] = None,
) -> None:
    """A new key for a program; it is shown this once."""
    from acd.bootstrap.people import add_key

    out.print(carry_out(add_key(settings(), whoami(), name, scope, days)))


@key.command("revoke")
def key_revoke(name: KeyName) -> None:
    """Revoke a key: it opens nothing any more, at once and for good."""
    from acd.bootstrap.people import revoke_key

    carry_out(revoke_key(settings(), whoami(), name))
    out.print(f"{name}: revoked")


@key.command("list")
def key_list() -> None:
    """All keys, also those that open nothing any more."""
    from acd.bootstrap.people import keys

    table = Table("name", "opens", "state", "until", "last used", "made by")
    for one in carry_out(keys(settings())):
        state = "revoked" if one.revoked_at else "open" if one.opens(time.time()) else "expired"
        until = clock(one.expires_at) if one.expires_at else "no end"
        used = clock(one.used_at) if one.used_at else "never"
        table.add_row(one.name, ", ".join(sorted(one.scopes)), state, until, used, one.created_by)
    out.print(table)
