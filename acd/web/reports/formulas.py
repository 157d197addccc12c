"""The formulas in the languages of the city. The table of figures writes them in English; what is letters alone stays
as it is there."""

from collections.abc import Mapping
from typing import Final

import msgspec


class Translated(msgspec.Struct, frozen=True):
    """A formula in the other languages of the city."""

    nl: str
    fr: str
    version: int = 1
    """Of the figure, whose formula was translated."""


FORMULAS: Final[Mapping[str, Translated]] = {
    "offered": Translated("alle oproepen", "tous les appels"),
    "callback_accepted": Translated("afloop = terugbelafspraak", "issue = rappel promis"),
    "overflow_answered": Translated("afloop = beantwoord door partner", "issue = répondu par le partenaire"),
    "overflow_lost": Translated("afloop = verloren bij partner", "issue = perdu chez le partenaire"),
    "closed": Translated("afloop = buiten de uren", "issue = hors heures d’ouverture"),
    "left_menu": Translated("afloop = opgehangen in het menu", "issue = raccroché dans le menu"),
    "informed": Translated("afloop = geholpen door het menu", "issue = informé par le menu"),
    "refused": Translated("afloop = geweigerd", "issue = refusé"),
    "switch_failure": Translated("afloop = technische fout", "issue = panne technique"),
    "undecided": Translated("nog geen afloop", "pas encore d’issue"),
    "reachability": Translated(
        "A / (A + B); terugbelafspraken in geen van beide", "A / (A + B) ; rappels acceptés dans aucun des deux"
    ),
    "strict_answer_rate": Translated(
        "A / alle oproepen binnen de openingsuren die afgelopen of beslist zijn",
        "A / tous les appels aux heures d’ouverture qui sont terminés ou décidés",
    ),
    "reached": Translated(
        "(A + op tijd bereikte terugbelafspraken) / (A + B + terugbelafspraken), elk naar zijn oproep",
        "(A + rappels joints à temps) / (A + B + rappels acceptés), chacun selon son appel",
    ),
    "offer_compliance": Translated(
        "hoorde het aanbod beginnen voor de grens van de lijn (150 s) + 5 s / wachtte nog aan die grens",
        "a entendu l’offre commencer avant la limite de la ligne (150 s) + 5 s / attendait encore à la limite",
    ),
    "kept_promise": Translated(
        "voor hun uiterste moment bereikt / terugbelafspraken waarvan dat moment voorbij is",
        "rappels joints avant leur échéance / rappels acceptés dont l’échéance est passée",
    ),
    "occupancy": Translated(
        "(gesprek + in de wacht + bellen vanaf de toewijzing + nawerk) / (dat + beschikbaar); pauzes tellen niet",
        "(conversation + mise en attente + sonnerie dès l’attribution + post-appel) / (cela + disponible), sans pauses",
    ),
    "hung_up": Translated(
        "B waarvan het wachten in dat stuk eindigde / oproepen die bij het begin ervan nog wachtten",
        "B dont l’attente a pris fin dans ce morceau / appels qui attendaient encore à son début",
    ),
    "fcr_settled": Translated("opgelost = ja / A met genoteerd of het opgelost is", "réglé = oui / A où c’est noté"),
    "fcr_not_passed_on": Translated(
        "A die door geen operator werd doorgegeven, naar een lijn, een collega of elders, noch als terugbelvraag / A",
        "A qu’aucun opérateur n’a transférés, vers une ligne, un collègue ou ailleurs, ni notés pour un rappel / A",
        version=3,
    ),
    "fcr_no_repeat": Translated(
        "A waarvan de burger die lijn niet opnieuw belde in 7 dagen / A van een bekende burger, 7+ dagen geleden",
        "A dont le citoyen n’a pas rappelé la ligne en 7 jours / A d’un citoyen connu, il y a 7+ jours",
    ),
    "called_again": Translated(
        "A waarvan de burger die lijn opnieuw belde in 7 dagen / A van een bekende burger, 7+ dagen geleden",
        "A dont le citoyen a rappelé la ligne en 7 jours / A d’un citoyen connu, il y a 7+ jours",
    ),
    "citizen_reachability": Translated(
        "burgers die dag geholpen / burgers die die dag belden, elk een keer per dag",
        "citoyens aidés ce jour / citoyens ayant appelé ce jour, chacun une fois par jour",
    ),
    "asa": Translated(
        "som van de wachttijden van A / A, met het bellen erbij", "somme des attentes de A / A, sonnerie comprise"
    ),
    "mean_patience": Translated("som van de wachttijden van B / B", "somme des attentes de B / B"),
    "longest_wait": Translated("de langste wachttijd tot een afloop", "l’attente la plus longue jusqu’à une issue"),
    "aht": Translated(
        "(gesprek + in de wacht + nawerk) / afgehandeld", "(conversation + mise en attente + post-appel) / traitées"
    ),
    "mean_talk": Translated("(gesprek + in de wacht) / afgehandeld", "(conversation + mise en attente) / traitées"),
    "mean_hold": Translated("in de wacht / afgehandeld", "mise en attente / traitées"),
    "mean_wrap_up": Translated("nawerk / afgehandeld", "post-appel / traitées"),
    "handled": Translated("afgelopen gesprekken, ook teruggebelde", "conversations terminées, rappels compris"),
    "promises": Translated(
        "geboekte terugbelafspraken, een die verzet wordt één keer",
        "rappels réservés, un rappel déplacé compte une fois",
    ),
}
"""By figure. A test holds them against the table: a figure whose formula has words has them in all languages, and a
figure that counts something else now has been translated anew."""

CITIZENS: Final[Mapping[str, Mapping[str, str]]] = {
    "subject_share": {
        "nl": "gesprekken over het onderwerp / gesprekken van de lijn; een gesprek met twee onderwerpen telt bij elk",
        "fr": "conversations sur le sujet / conversations de la ligne ; une sur deux sujets compte pour chacun",
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
