"""Every text that a page shows, in the three languages of the city. Dutch is the source, the others follow it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from acd.web.desk_texts import DESK
from acd.web.texts_figures import FIGURES
from acd.web.texts_floor import FLOOR
from acd.web.texts_openness import OPENNESS
from acd.web.texts_operator import OPERATOR
from acd.web.texts_phone import PHONE
from acd.web.texts_privacy import PRIVACY
from acd.web.texts_reports import REPORTS
from acd.web.texts_standby import STANDBY
from acd.web.texts_wallboard import WALLBOARD


class Lang(StrEnum):
    NL = "nl"
    EN = "en"
    FR = "fr"


NAMES: Final[Mapping[Lang, str]] = {Lang.NL: "Nederlands", Lang.EN: "English", Lang.FR: "Français"}

_WALLBOARD: Final[Mapping[str, tuple[str, str, str]]] = {
    # --- The frame around the figures
    "title": ("Wallboard", "Wallboard", "Tableau de bord"),
    "skip": ("Naar de cijfers", "Skip to the figures", "Aller aux chiffres"),
    "now": ("Nu en vandaag", "Now and today", "Maintenant et aujourd’hui"),
    "lines": ("Lijnen", "Lines", "Lignes"),
    "settings": ("Weergave", "View", "Affichage"),
    "language": ("Taal", "Language", "Langue"),
    "order": ("Volgorde", "Order", "Ordre"),
    "order_fixed": ("Vast", "Fixed", "Fixe"),
    "order_worst": ("Slechtste eerst", "Worst first", "Les pires d’abord"),
    "theme": ("Thema", "Theme", "Thème"),
    "theme_auto": ("Automatisch", "Automatic", "Automatique"),
    "theme_light": ("Licht", "Light", "Clair"),
    "theme_dark": ("Donker", "Dark", "Sombre"),
    # --- Is this true now?
    "state_connecting": ("Verbinden", "Connecting", "Connexion"),
    "state_live": ("Live", "Live", "En direct"),
    "state_reconnecting": ("Herverbinden", "Reconnecting", "Reconnexion"),
    "state_stale": ("Verouderd sinds {time}", "Stale since {time}", "Périmé depuis {time}"),
    "stale_explained": (
        "Deze cijfers zijn van {time}. De pagina herstelt zich zodra de verbinding terug is.",
        "These figures are from {time}. The page recovers as soon as the connection is back.",
        "Ces chiffres datent de {time}. La page se rétablit dès que la connexion revient.",
    ),
    "link_lost": (
        "Geen verbinding met de telefooncentrale. De cijfers staan stil.",
        "No connection to the telephone exchange. The figures stand still.",
        "Pas de connexion avec le central téléphonique. Les chiffres sont figés.",
    ),
    "link_lost_since": (
        "Geen verbinding met de telefooncentrale sinds {time}. De cijfers staan stil.",
        "No connection to the telephone exchange since {time}. The figures stand still.",
        "Pas de connexion avec le central téléphonique depuis {time}. Les chiffres sont figés.",
    ),
    "crisis": ("De crisisboodschap staat aan: {message}", "The crisis message is on: {message}",
               "Le message de crise est actif : {message}"),
    "draining": (
        "Onderhoud: nieuwe bellers horen dat ze later moeten bellen.",
        "Maintenance: new callers are asked to call later.",
        "Maintenance : les nouveaux appelants sont priés de rappeler plus tard.",
    ),
    "loading": ("De cijfers komen eraan", "The figures are on their way", "Les chiffres arrivent"),
    "loading_explained": (
        "De telefooncentrale wordt gelezen. Dit duurt gewoonlijk enkele seconden.",
        "The telephone exchange is being read. This usually takes a few seconds.",
        "Lecture du central téléphonique. Cela prend en général quelques secondes.",
    ),
    "empty": ("Er zijn nog geen lijnen", "There are no lines yet", "Il n’y a pas encore de lignes"),
    "empty_explained": (
        "Zet de lijnen van de stad in queues.yaml. Ze verschijnen hier vanzelf.",
        "Put the city’s lines in queues.yaml. They will appear here by themselves.",
        "Inscrivez les lignes de la ville dans queues.yaml. Elles apparaîtront ici d’elles-mêmes.",
    ),
    "no_script": (
        "Zonder JavaScript ververst deze pagina niet vanzelf.",
        "Without JavaScript this page does not update by itself.",
        "Sans JavaScript, cette page ne se met pas à jour.",
    ),
    # --- Figures
    "line": ("Lijn", "Line", "Ligne"),
    "waiting": ("Wachtend", "Waiting", "En attente"),
    "longest_wait": ("Langste wachttijd", "Longest wait", "Attente la plus longue"),
    "answered": ("Beantwoord", "Answered", "Répondus"),
    "abandoned": ("Afgehaakt", "Abandoned", "Abandonnés"),
    "reachability": ("Bereikbaarheid", "Reachability", "Joignabilité"),
    "service_level": ("Servicelevel", "Service level", "Niveau de service"),
    "available": ("Beschikbaar", "Available", "Disponibles"),
    "in_call": ("In gesprek", "In call", "En conversation"),
    "right_now": ("Nu", "Now", "Maintenant"),
    "today": ("vandaag", "today", "ce jour"),
    "no_calls": ("nog geen oproepen", "no calls yet", "pas encore d’appels"),
    "nobody_waits": ("niemand wacht", "nobody waits", "personne n’attend"),
    "nobody_late": ("niemand langer dan het doel", "nobody past the target", "personne au-delà de la cible"),
    "late": ("{n} langer dan het doel", "{n} past the target", "{n} au-delà de la cible"),
    "target": ("doel {target}", "target {target}", "cible {target}"),
    "target_share_wait": ("doel {share} in {wait}", "target {share} in {wait}", "cible {share} en {wait}"),
    "target_by_line": ("doel per lijn", "target by line", "cible par ligne"),
    "seconds": ("{n}\u00a0s", "{n}\u00a0s", "{n}\u00a0s"),
    "of_logged_in": ("van {n}", "of {n}", "sur {n}"),
    "busy": ("{n} in gesprek", "{n} in call", "{n} en conversation"),
    "wrap_up": ("{n} nawerk", "{n} wrap-up", "{n} post-appel"),
    "not_ready": ("{n} niet klaar", "{n} not ready", "{n} pas prêts"),
    "away": ("{n} toestel weg", "{n} phone away", "{n} poste absent"),
    "weak": ("weinig oproepen", "few calls", "peu d’appels"),
    # --- Attention
    "level_ok": ("In orde", "In order", "En ordre"),
    "level_warn": ("Let op", "Warning", "Alerte"),
    "level_alarm": ("Alarm", "Alarm", "Alarme"),
    "why_waiting": ("{n} of meer wachten", "{n} or more wait", "{n} ou plus attendent"),
    "why_wait": ("wacht ≥ {limit}", "waits ≥ {limit}", "attend ≥ {limit}"),
    "why_busy": ("niemand vrij", "nobody free", "aucun libre"),
    "why_unstaffed": ("niemand aangemeld", "nobody logged in", "aucun connecté"),
    # --- Legend
    "legend": ("Zo wordt geteld", "How it is counted", "Mode de calcul"),
    "legend_reachability": (
        "Bereikbaarheid = beantwoord / (beantwoord + afgehaakt).",
        "Reachability = answered / (answered + abandoned).",
        "Joignabilité = répondus / (répondus + abandonnés).",
    ),
    "legend_service_level": (
        "Servicelevel = beantwoord binnen het doel / (beantwoord + afgehaakt, zonder wie meteen ophing).",
        "Service level = answered within the target / (answered + abandoned, without those who hung up at once).",
        "Niveau de service = répondus dans la cible / (répondus + abandonnés, sans ceux qui ont raccroché aussitôt).",
    ),
    "legend_weak": (
        "Percentages zijn naar beneden afgerond; * = minder dan {n} oproepen, te weinig om op te varen.",
        "Percentages are rounded down; * = fewer than {n} calls, too few to steer by.",
        "Les pourcentages sont arrondis vers le bas ; * = moins de {n} appels, trop peu pour s’y fier.",
    ),
    # --- The promises to call back, on the wallboard
    "callbacks": ("Terugbellen", "Callbacks", "Rappels"),
    "n_overdue": ("{n} te laat", "{n} overdue", "{n} en retard"),
    "n_due_soon": ("{n} dringend", "{n} urgent", "{n} urgents"),
    "nobody_overdue": ("geen enkele te laat", "none overdue", "aucun en retard"),
    "callbacks_open": ("open", "open", "ouverts"),
    "why_overdue": ("belofte gebroken", "promise broken", "promesse rompue"),
    "why_due_soon": ("bel dringend terug", "call back soon", "rappeler vite"),
    "legend_callbacks": (
        "Terugbellen = burgers die nog teruggebeld moeten worden; te laat = na het uiterste moment.",
        "Callbacks = citizens still to be called back; overdue = past the latest moment.",
        "Rappels = citoyens encore à rappeler ; en retard = au-delà du dernier moment.",
    ),
}  # fmt: skip

_TEXTS: Final = {
    **_WALLBOARD,
    **DESK,
    **WALLBOARD,
    **FLOOR,
    **OPENNESS,
    **OPERATOR,
    **PHONE,
    **FIGURES,
    **REPORTS,
    **STANDBY,
    **PRIVACY,
}
KEYS: Final = frozenset(_TEXTS)
_COLUMN: Final = {lang: column for column, lang in enumerate(Lang)}


def text(lang: Lang, key: str, **values: object) -> str:
    """The text ``key`` in ``lang``, with ``values`` filled in.

    Raises:
        KeyError: there is no such text, or a value is missing.
    """
    return _TEXTS[key][_COLUMN[lang]].format(**values)


def reason_name(reasons: Mapping[str, Mapping[str, str]], lang: Lang, reason: str) -> str:
    """Why somebody is not ready: in the city's words (``reasons``), in ours, or as it stands."""
    names = reasons.get(reason, {})
    key = f"reason_{reason}"
    return names.get(lang) or names.get(Lang.NL) or (text(lang, key) if key in KEYS else reason)


def raw(lang: Lang, key: str) -> str:
    """The text ``key`` in ``lang``, for a script that fills in the values itself."""
    return _TEXTS[key][_COLUMN[lang]]


def percent(lang: Lang, value: float) -> str:
    """``value`` (0 to 1) in whole percents, rounded down: 94.9 % is not "95 %" beside a target of 95 %."""
    whole = int(value * 100 + 1e-9)
    return f"{whole}%" if lang is Lang.EN else f"{whole}\N{NARROW NO-BREAK SPACE}%"


def duration(seconds: float) -> str:
    """``m:ss``, from one hour on ``h:mm:ss``; rounded down."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
