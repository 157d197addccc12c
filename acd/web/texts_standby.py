"""Texts of an engine that stands by: Dutch, English, French."""

from typing import Final

STANDBY: Final = {
    "standby_title": ("Staat klaar", "Standing by", "En réserve"),
    "standby_explained": (
        "Deze server neemt over zodra de leidende uitvalt. De cijfers en het werkblad zijn bij de leidende.",
        "This server takes over as soon as the leading one fails. The figures and the desk are at the leading one.",
        "Ce serveur prend le relais dès que celui qui dirige tombe en panne. Les chiffres et le poste sont chez lui.",
    ),
    "standby_leader": ("Leidend: {name}", "Leading: {name}", "Dirige : {name}"),
    "standby_no_leader": (
        "Er is nu geen leidende server. De centrale bedient de bellers zelf.",
        "No server leads at this moment. The exchange serves the callers by itself.",
        "Aucun serveur ne dirige en ce moment. Le central sert lui-même les appelants.",
    ),
    "standby_blind": (
        "Van hier is de telefooncentrale niet te bereiken: deze server kan nu niet overnemen.",
        "The telephone exchange cannot be reached from here: this server could not take over now.",
        "D’ici, le central téléphonique est injoignable : ce serveur ne pourrait pas prendre le relais maintenant.",
    ),
    "standby_newer_schema": (
        "De databank is van een nieuwere versie: deze server kan niet overnemen voor hij die versie heeft.",
        "The database is of a newer version: this server cannot take over before it has that version.",
        "La base de données est d’une version plus récente : ce serveur ne peut prendre le relais sans cette version.",
    ),
    "standby_no_database": (
        "Van hier is de databank niet te bereiken: deze server weet niet wie er leidt.",
        "The database cannot be reached from here: this server does not know who leads.",
        "D’ici, la base de données est injoignable : ce serveur ne sait pas qui dirige.",
    ),
}
