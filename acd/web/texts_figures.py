"""Texts of the reports: Dutch, English, French."""

from typing import Final

FIGURES: Final = {
    "audit_report_operators_seen": (
        "cijfers per operator bekeken",
        "looked at figures by operator",
        "chiffres par opérateur consultés",
    ),
    "audit_report_calls_seen": (
        "oproepen achter een cijfer bekeken",
        "looked at the calls behind a figure",
        "appels derrière un chiffre consultés",
    ),
    "audit_records_exported": ("gegevens uitgevoerd", "records exported", "données exportées"),
}
