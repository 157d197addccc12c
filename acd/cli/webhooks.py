"""The city's programs that are told what happens."""

from typing import Annotated

import typer
from rich.table import Table

from acd.cli.terminal import carry_out, clock, out, settings, whoami

group = typer.Typer()
webhooks = typer.Typer(help="The city's programs that are told what happens.")
group.add_typer(webhooks, name="webhooks")

HookName = Annotated[str, typer.Argument(help="Name of the webhook in queues.yaml.")]


@webhooks.callback(invoke_without_command=True)
def webhooks_list(context: typer.Context) -> None:
    """All webhooks, and how the deliveries to each stand; or what is done about one of them."""
    if context.invoked_subcommand is not None:
        return
    from acd.bootstrap.hooks import overview

    table = Table("webhook", "address", "told", "waiting", "given up", "last taken", "trouble")
    for row in carry_out(overview(settings())):
        state, kinds = row.state, ", ".join(sorted(row.hook.kinds))
        last = clock(state.delivered_at) if state.delivered_at else "never"
        told = kinds + (" (with personal data)" if row.hook.personal else "")
        trouble = row.fault or state.error or ""
        table.add_row(row.hook.name, row.hook.url, told, str(state.pending), str(state.dead), last, trouble)
    out.print(table)


@webhooks.command("dead")
def webhooks_dead() -> None:
    """Deliveries that were given up, the latest first."""
    from acd.bootstrap.hooks import given_up

    table = Table("webhook", "id", "what", "at", "attempts", "last answer")
    for one in carry_out(given_up(settings())):
        table.add_row(one.hook, one.news, one.kind, clock(one.at), str(one.attempts), one.error or "")
    out.print(table)


@webhooks.command("test")
def webhooks_test(name: HookName) -> None:
    """Send a signed test now, and say how the receiver answered."""
    from acd.bootstrap.hooks import send_test

    out.print(f"{name}: taken, the receiver answered {carry_out(send_test(settings(), whoami(), name))}")


@webhooks.command("redeliver")
def webhooks_redeliver(
    name: HookName,
    id: Annotated[str | None, typer.Argument(help="One delivery; left out, all that were given up.")] = None,
) -> None:
    """Send once more what was given up, or one delivery, also one that was taken."""
    from acd.bootstrap.hooks import redeliver

    count = carry_out(redeliver(settings(), whoami(), name, id))
    out.print(f"{name}: {count} to be sent again")


@webhooks.command("secret")
def webhooks_secret() -> None:
    """Make a new secret: for the file of the webhook, and for its receiver."""
    from acd.hooks.signing import new_secret

    out.print(new_secret())
