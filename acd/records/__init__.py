"""The records room: every event of every call, kept for good, and the tables that reports read.

The **ledger** (table ``event``) is the truth: append-only, numbered without a hole, one row an event. All other tables
are a **projection** of it: a pure fold that can be thrown away and made again (:func:`~acd.records.writing.rebuild`).
Ledger rows and projection rows are written in one transaction, so they never disagree.

Beside them the **promises** to call back (:mod:`acd.records.callbacks`): each step is true before it is told.

A start goes like this::

    await upgrade(url)                      # schema; raises when the database cannot be reached
    async with Ledger(url) as ledger:       # the engine's Journal
        await ledger.caught_up()            # what an earlier run could not store is stored now
        archive = Archive(url)
        restored = await archive.restored()
"""

from acd.model.calls import CallRow
from acd.records.accounts import AccountStore
from acd.records.archive import Archive, OutcomeCounts
from acd.records.callbacks import CallbackStore
from acd.records.contacts import ContactStore
from acd.records.counting import FigureBook
from acd.records.database import DatabaseUnusable
from acd.records.days import day_bounds, day_of
from acd.records.dossiers import CitizenBook
from acd.records.erasure import Before, Erased, NotesErased, erase_citizens, erase_names, erase_notes, erase_numbers
from acd.records.exporting import NoSuchView, read_view, view_named
from acd.records.hooks import HookStore
from acd.records.keys import KeyStore
from acd.records.late import Late, deliver
from acd.records.leadership import PostgresLead, fenced, file_of
from acd.records.ledger import Health, Ledger
from acd.records.lines import store_lines
from acd.records.mails import MailStore
from acd.records.retold import retell
from acd.records.schema import upgrade
from acd.records.spill import erase_damaged
from acd.records.writing import rebuild

__all__ = [
    "AccountStore",
    "Archive",
    "Before",
    "CallRow",
    "CallbackStore",
    "CitizenBook",
    "ContactStore",
    "DatabaseUnusable",
    "Erased",
    "FigureBook",
    "Health",
    "HookStore",
    "KeyStore",
    "Late",
    "Ledger",
    "MailStore",
    "NoSuchView",
    "NotesErased",
    "OutcomeCounts",
    "PostgresLead",
    "day_bounds",
    "day_of",
    "deliver",
    "erase_citizens",
    "erase_damaged",
    "erase_names",
    "erase_notes",
    "erase_numbers",
    "fenced",
    "file_of",
    "read_view",
    "rebuild",
    "retell",
    "store_lines",
    "upgrade",
    "view_named",
]
