"""The command line: ``acd``. Everything a person does at a terminal; each command says in one line what came of it.

A command imports what it needs when it runs: an operator who wants a break does not wait for the web server's modules.
A module holds the commands of one subject in its ``group``; they stand in the help in the order given here.
"""

import typer

from acd.cli import (
    backup,
    callbacks,
    calls,
    doctor,
    files,
    floor,
    mail,
    people,
    privacy,
    repair,
    reports,
    servers,
    service,
    webhooks,
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Call-routing engine for city contact centres.",
)
for subject in (
    service,
    servers,
    calls,
    reports,
    repair,
    callbacks,
    files,
    floor,
    people,
    webhooks,
    mail,
    privacy,
    doctor,
    backup,
):
    app.add_typer(subject.group)


def main() -> None:
    app()
