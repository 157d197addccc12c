"""The formulas in the languages of the city. The table of figures writes them in English; what is letters alone stays
as it is there."""

from collections.abc import Mapping
from typing import Final

FORMULAS: Final[Mapping[str, Mapping[str, str]]] = {
    "offered": {"nl": "alle oproepen", "fr": "tous les appels"},
    "callback_accepted": {"nl": "afloop = terugbelafspraak", "fr": "issue = rappel promis"},
    "overflow_answered": {"nl": "afloop = beantwoord door partner", "fr": "issue = répondu par le partenaire"},
    "overflow_lost": {"nl": "afloop = verloren bij partner", "fr": "issue = perdu chez le partenaire"},
    "closed": {"nl": "afloop = buiten de uren", "fr": "issue = hors heures d’ouverture"},
    "left_menu": {"nl": "afloop = opgehangen in het menu", "fr": "issue = raccroché dans le menu"},
    "informed": {"nl": "afloop = geholpen door het menu", "fr": "issue = informé par le menu"},
    "refused": {"nl": "afloop = geweigerd", "fr": "issue = refusé"},
    "switch_failure": {"nl": "afloop = technische fout", "fr": "issue = panne technique"},
    "undecided": {"nl": "nog geen afloop", "fr": "pas encore d’issue"},
    "reachability": {
        "nl": "A / (A + B); terugbelafspraken in geen van beide",
        "fr": "A / (A + B) ; rappels acceptés dans aucun des deux",
    },
    "strict_answer_rate": {
        "nl": "A / alle oproepen binnen de openingsuren die afgelopen of beslist zijn",
        "fr": "A / tous les appels aux heures d’ouverture qui sont terminés ou décidés",
    },
    "reached": {
        "nl": "(A + op tijd bereikte terugbelafspraken) / (A + B + terugbelafspraken)",
        "fr": "(A + rappels joints à temps) / (A + B + rappels acceptés)",
    },
    "offer_compliance": {
        "nl": "hoorde het aanbod beginnen voor de grens van de lijn (150 s) + 5 s / wachtte nog aan die grens",
        "fr": "a entendu l’offre commencer avant la limite de la ligne (150 s) + 5 s / attendait encore à la limite",
    },
    "kept_promise": {
        "nl": "voor hun uiterste moment bereikt / terugbelafspraken waarvan dat moment voorbij is",
        "fr": "rappels joints avant leur échéance / rappels acceptés dont l’échéance est passée",
    },
    "occupancy": {
        "nl": "(gesprek + in de wacht + bellen + nawerk) / (dat + beschikbaar); pauzes tellen niet",
        "fr": "(conversation + attente + sonnerie + post-appel) / (cela + disponible) ; pauses exclues",
    },
    "hung_up": {
        "nl": "B waarvan het wachten in dat stuk eindigde / oproepen die bij het begin ervan nog wachtten",
        "fr": "B dont l’attente a pris fin dans ce morceau / appels qui attendaient encore à son début",
    },
    "fcr_settled": {"nl": "opgelost = ja / A met genoteerd of het opgelost is", "fr": "réglé = oui / A où c’est noté"},
    "fcr_not_passed_on": {
        "nl": "A zonder tweede operator of lijn / A",
        "fr": "A sans second opérateur ni seconde ligne / A",
    },
    "fcr_no_repeat": {
        "nl": "A waarvan de burger die lijn niet opnieuw belde in 7 dagen / A van een bekende burger, 7 dagen geleden",
        "fr": "A dont le citoyen n’a pas rappelé la ligne en 7 jours / A d’un citoyen connu, il y a 7 jours",
    },
    "called_again": {
        "nl": "A waarvan de burger die lijn opnieuw belde in 7 dagen / A van een bekende burger, 7 dagen geleden",
        "fr": "A dont le citoyen a rappelé la ligne en 7 jours / A d’un citoyen connu, il y a 7 jours",
    },
    "citizen_reachability": {
        "nl": "burgers die dag geholpen / burgers die die dag belden, elk een keer per dag",
        "fr": "citoyens aidés ce jour / citoyens ayant appelé ce jour, chacun une fois par jour",
    },
    "asa": {
        "nl": "som van de wachttijden van A / A, met het bellen erbij",
        "fr": "somme des attentes de A / A, sonnerie comprise",
    },
    "mean_patience": {"nl": "som van de wachttijden van B / B", "fr": "somme des attentes de B / B"},
    "longest_wait": {"nl": "de langste wachttijd tot een afloop", "fr": "l’attente la plus longue jusqu’à une issue"},
    "aht": {
        "nl": "(gesprek + in de wacht + nawerk) / afgehandeld",
        "fr": "(conversation + mise en attente + post-appel) / traitées",
    },
    "mean_talk": {"nl": "(gesprek + in de wacht) / afgehandeld", "fr": "(conversation + mise en attente) / traitées"},
    "mean_hold": {"nl": "in de wacht / afgehandeld", "fr": "mise en attente / traitées"},
    "mean_wrap_up": {"nl": "nawerk / afgehandeld", "fr": "post-appel / traitées"},
    "handled": {"nl": "afgelopen gesprekken, ook teruggebelde", "fr": "conversations terminées, rappels compris"},
    "promises": {"nl": "geboekte terugbelafspraken", "fr": "rappels réservés"},
}
"""By figure and language. A test holds them against the table: a figure whose formula has words has them in all
languages."""

CITIZENS: Final[Mapping[str, Mapping[str, str]]] = {
    "subject_share": {
        "nl": "gesprekken over het onderwerp / gesprekken van de lijn; een gesprek met twee onderwerpen telt bij elk",
        "fr": "conversations sur le sujet / conversations de la ligne ; deux sujets comptent chacun",
    },
    "subject_settled": {
        "nl": "genoteerd als opgelost / genoteerd als opgelost of als niet opgelost",
        "fr": "noté comme réglé / noté comme réglé ou non réglé",
    },
    "repeat_citizens": {
        "nl": "burgers naar het aantal van hun oproepen in deze periode, elk een keer; verborgen nummers niet",
        "fr": "citoyens selon le nombre de leurs appels pendant cette période, chacun une fois ; sans numéros masqués",
    },
    "survey_mean": {
        "nl": "som van de scores / aantal scores",
        "fr": "somme des notes / nombre de notes",
    },
    "survey_response": {
        "nl": "bellers die de vraag een score gaven / bellers van de lijn die bevraagd werden",
        "fr": "appelants qui ont noté la question / appelants de la ligne interrogés",
    },
}
"""Of what is no figure of the table. In English: as the counts themselves say."""
