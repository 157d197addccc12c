"""Reports that are mailed by the clock."""

from typing import Annotated

import typer
from rich.table import Table

from acd.cli.terminal import carry_out, clock, out, settings

group = typer.Typer()
mail = typer.Typer(help="Reports that are mailed by the clock.")
group.add_typer(mail, name="mail")

Name = Annotated[str, typer.Argument(help="Name under 'reports' in queues.yaml.")]


@mail.callback(invoke_without_command=True)
def mail_list(context: typer.Context) -> None:
    """All mailed reports, and how the last mail of each fared; or what is done about one of them."""
    if context.invoked_subcommand is not None:
        return
    from acd.bootstrap.mail import overview

    table = Table("report", "when", "to", "period", "sent", "attempts", "next attempt", "trouble")
    for mailing, last in carry_out(overview(settings())):
        when = f"{mailing.when} {mailing.at // 3600:02}:{mailing.at // 60 % 60:02}"
        if last is None or (last.attempts == 0 and last.next_at is None):
            state = ("", "not yet", "", "", "")
        else:
            sent = clock(last.sent_at) if last.sent_at else "given up" if last.dead_at else "not yet"
            again = clock(last.next_at) if last.next_at else ""
            state = (last.period, sent, str(last.attempts), again, last.error or "")
        table.add_row(mailing.name, when, ", ".join(mailing.to), *state)
    out.print(table)


@mail.command("send")
def mail_send(name: Name) -> None:
    """Send the report of the last whole period now, whatever was sent before."""
    from acd.bootstrap.mail import send_now

    first = carry_out(send_now(settings(), name))
    out.print(f"{name}: the server took the report of the period that begins on {first}")


@mail.command("again")
def mail_again(name: Name) -> None:
    """Send once more what was given up: the running service does it."""
    from acd.bootstrap.mail import send_again

    out.print(f"{name}: {carry_out(send_again(settings(), name))} to be sent again")
