"""Every text of a report. Dutch is the source, the others follow it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Language(StrEnum):
    NL = "nl"
    EN = "en"
    FR = "fr"


_TEXTS: Final[Mapping[str, tuple[str, str, str]]] = {
    # --- Frame
    "what_to_do": ("Wat te doen", "What to do", "Que faire"),
    "how": ("Hoe dit berekend is", "How this was calculated", "Comment c’est calculé"),
    "policy": ("Verdeling", "Routing", "Répartition"),
    "queue_policy": (
        "Asterisks eigen Queue() ({name})",
        "Asterisk’s own Queue() ({name})",
        "Queue() d’Asterisk ({name})",
    ),
    "engine_policy": ("engine van acd ({name})", "acd’s engine ({name})", "moteur acd ({name})"),
    "period": ("Periode", "Period", "Période"),
    "one_day": ("{day}", "{day}", "{day}"),
    "days_from": ("{days} dagen vanaf {day}", "{days} days from {day}", "{days} jours à partir du {day}"),
    "replications": ("Herhalingen", "Replications", "Répétitions"),
    "changes": ("Wijzigingen", "Changes", "Modifications"),
    "all": ("alle lijnen", "all lines", "toutes les lignes"),
    "figure": ("cijfer", "figure", "chiffre"),
    "formula": ("formule", "formula", "formule"),
    "target": ("doel", "target", "objectif"),
    "from_hour": ("vanaf", "from", "à partir de"),
    "on_duty": ("medewerkers", "operators", "agents"),
    "answered": ("beantwoord", "answered", "répondus"),
    "lost": ("opgehangen", "hung up", "raccrochés"),
    "weak": ("zwak: minder dan 10 oproepen", "weak: fewer than 10 calls", "faible : moins de 10 appels"),
    # --- Formulas, by figure
    "formula_entered": ("kwamen in de rij", "joined the line", "entrés en file"),
    "formula_reachability": ("A / (A + B)", "A / (A + B)", "A / (A + B)"),
    "formula_service_level": ("A op tijd / (A + B − s)", "A in time / (A + B − s)", "A à temps / (A + B − s)"),
    "formula_asa": ("som van de wachttijden van A / A", "sum of waits of A / A", "somme des attentes de A / A"),
    "formula_wait_90": (
        "90 % van A wachtte hoogstens zo lang",
        "90 % of A waited no longer",
        "90 % de A n’ont pas attendu plus",
    ),
    "formula_abandoned": ("B, korte inbegrepen", "B, short ones included", "B, courts compris"),
    "formula_over_150": (
        "langer dan 150 s gewacht / kwamen in de rij",
        "waited longer than 150 s / joined the line",
        "attendu plus de 150 s / entrés en file",
    ),
    "formula_spoken": (
        "A + op tijd teruggebelde burgers",
        "A + citizens called back in time",
        "A + citoyens rappelés à temps",
    ),
    "formula_reached": (
        "(A + op tijd teruggebeld) / (A + B + afspraken)",
        "(A + called back in time) / (A + B + callbacks accepted)",
        "(A + rappelés à temps) / (A + B + rappels acceptés)",
    ),
    "formula_promised": (
        "burgers die het voorstel aannamen",
        "citizens who accepted the offer",
        "citoyens qui ont accepté la proposition",
    ),
    "formula_kept": (
        "bereikt voor de uiterste termijn / afspraken waarvan die voorbij is",
        "reached before the deadline / accepted whose deadline has passed",
        "joints avant l’échéance / acceptés dont l’échéance est passée",
    ),
    "formula_unanswered": (
        "niet bereikt, hoewel zo vaak gebeld als de lijn toelaat",
        "not reached, though rung as often as the line allows",
        "non joints, bien qu’appelés autant de fois que la ligne le permet",
    ),
    "formula_broken": (
        "niet bereikt, en minder vaak gebeld dan de lijn toelaat, of nooit",
        "not reached, and rung less often than the line allows, or never",
        "non joints, et appelés moins souvent que la ligne le permet, ou jamais",
    ),
    "formula_offered": ("alle oproepen", "all calls", "tous les appels"),
    "formula_helped": (
        "geholpen burgers / burgers die belden",
        "citizens helped / citizens who called",
        "citoyens aidés / citoyens qui ont appelé",
    ),
    "formula_occupancy": (
        "(gesprek + bellen + nawerk) / (dat + beschikbaar)",
        "(talk + ring + wrap-up) / (that + available)",
        "(conversation + sonnerie + suivi) / (cela + disponible)",
    ),
    "formula_aht": ("(gesprek + nawerk) / A", "(talk + wrap-up) / A", "(conversation + suivi) / A"),
    "formula_closed": ("buiten de openingsuren", "outside opening hours", "hors des heures d’ouverture"),
    "formula_refused": (
        "rij vol of niemand aangemeld",
        "queue full or nobody logged in",
        "file pleine ou personne de connecté",
    ),
    # --- Sections
    "lines": ("De lijnen", "The lines", "Les lignes"),
    "lines_lead": (
        "Per dag, gemiddeld over de herhalingen. ± is het 95 %-betrouwbaarheidsinterval; n is het aantal gesimuleerde "
        "oproepen waarop het cijfer rust.",
        "Per day, mean over the replications. ± is the 95 % confidence interval; n is the number of simulated calls on "
        "which the figure rests.",
        "Par jour, moyenne des répétitions. ± est l’intervalle de confiance à 95 % ; n est le nombre d’appels simulés "
        "sur lequel repose le chiffre.",
    ),
    "reach_chart": (
        "Bereikbaarheid per lijn. De streep is het doel, de balk het 95 %-interval.",
        "Reachability by line. The tick is the target, the bar the 95 % interval.",
        "Joignabilité par ligne. Le trait est l’objectif, la barre l’intervalle à 95 %.",
    ),
    "day": ("De dag per halfuur", "The day by half-hour", "La journée par demi-heure"),
    "day_lead": (
        "Alle lijnen samen, gemiddelde dag. Een oproep telt in het halfuur waarin hij in de rij kwam.",
        "All lines together, mean day. A call counts in the half-hour in which it joined the line.",
        "Toutes les lignes, journée moyenne. Un appel compte dans la demi-heure où il est entré en file.",
    ),
    "calls_panel": ("Oproepen per halfuur", "Calls per half-hour", "Appels par demi-heure"),
    "duty_panel": (
        "Medewerkers aan het werk of beschikbaar",
        "Operators at work or available",
        "Agents au travail ou disponibles",
    ),
    "wait_panel": (
        "Gemiddelde wachttijd in seconden",
        "Mean wait in seconds",
        "Attente moyenne en secondes",
    ),
    "pinch": ("Waar het knelt", "Where it pinches", "Où ça coince"),
    "pinch_lead": (
        "Bereikbaarheid per lijn en halfuur. Rood met ▼: zeker onder het doel van de lijn. Cursief met °: zwak, minder "
        "dan 10 oproepen.",
        "Reachability by line and half-hour. Red with ▼: certainly below the target of the line. Italic with °: weak, "
        "fewer than 10 calls.",
        "Joignabilité par ligne et demi-heure. Rouge avec ▼ : certainement sous l’objectif de la ligne. Italique avec "
        "° : faible, moins de 10 appels.",
    ),
    "waits": ("Hoe lang men wachtte", "How long callers waited", "Combien de temps on a attendu"),
    "waits_lead": (
        "Beantwoorde oproepen naar wachttijd, alle lijnen samen. Het Charter voor klantvriendelijkheid belooft "
        "hoogstens 150 seconden.",
        "Answered calls by wait, all lines together. The Belgian customer-service charter promises 150 seconds at "
        "most.",
        "Appels répondus selon l’attente, toutes lignes confondues. La Charte pour une administration à l’écoute des "
        "usagers promet 150 secondes au plus.",
    ),
    "wait": ("wachttijd", "wait", "attente"),
    "share": ("aandeel", "share", "part"),
    "house": ("Het hele contactcenter", "The whole contact centre", "Le centre de contact"),
    "differences": ("Wat elke wijziging brengt", "What each change brings", "Ce qu’apporte chaque modification"),
    "differences_lead": (
        "Verschil met het scenario zoals het is, op precies dezelfde oproepen. Zeker: het 95 %-interval raakt de nul "
        "niet.",
        "Difference with the scenario as it is, on the very same calls. Certain: the 95 % interval does not touch "
        "zero.",
        "Différence avec le scénario tel quel, sur exactement les mêmes appels. Certain : l’intervalle à 95 % ne "
        "touche pas zéro.",
    ),
    "forest_answered": (
        "Beantwoorde oproepen per dag meer of minder",
        "Calls answered per day, more or fewer",
        "Appels répondus par jour, en plus ou en moins",
    ),
    "forest_reachability": (
        "Bereikbaarheid, verschil in punten",
        "Reachability, difference in points",
        "Joignabilité, différence en points",
    ),
    "forest_spoken": (
        "Burgers gesproken per dag, meer of minder (beantwoord of op tijd teruggebeld)",
        "Citizens spoken with per day, more or fewer (answered, or called back in time)",
        "Citoyens entendus par jour, en plus ou en moins (répondus, ou rappelés à temps)",
    ),
    "forest_reached": (
        "Bereikte burgers, verschil in punten",
        "Citizens reached, difference in points",
        "Citoyens joints, différence en points",
    ),
    "promises": ("Terugbelafspraken", "Callbacks", "Rappels"),
    "promises_lead": (
        "Wie een afspraak aanneemt, is niet beantwoord en toch niet verloren: wat telt is wie uiteindelijk iemand "
        "sprak. Gebroken: niet bereikt voor de uiterste termijn, en minder vaak gebeld dan de lijn toelaat.",
        "Who accepts a callback is not answered, and yet not lost: what counts is who spoke with somebody in the end. "
        "Broken: not reached before the deadline, and rung less often than the line allows.",
        "Qui accepte un rappel n’est pas répondu, et pourtant pas perdu : ce qui compte, c’est qui a finalement parlé "
        "à quelqu’un. Rompu : non joint avant l’échéance, et appelé moins souvent que la ligne le permet.",
    ),
    "live": (
        "Wie niet teruggebeld wil worden (zonder wie een afspraak aannam)",
        "Those who are not called back (without those who accepted)",
        "Ceux qui ne sont pas rappelés (sans ceux qui ont accepté)",
    ),
    "difference": ("verschil", "difference", "différence"),
    "more_spoken": ("gesproken per dag", "spoken with per day", "entendus par jour"),
    "change": ("wijziging", "change", "modification"),
    "more_answered": ("beantwoord per dag", "answered per day", "répondus par jour"),
    "by_line": ("Wie wint en wie verliest", "Who gains and who loses", "Qui gagne et qui perd"),
    "by_line_lead": (
        "Beantwoorde oproepen per dag meer of minder, per lijn. Vet met ▲ of ▼: zeker, ook nu naar alle lijnen "
        "tegelijk gekeken wordt.",
        "Calls answered per day, more or fewer, by line. Bold with ▲ or ▼: certain, even though all lines are looked "
        "at together.",
        "Appels répondus par jour, en plus ou en moins, par ligne. Gras avec ▲ ou ▼ : certain, même en regardant "
        "toutes les lignes ensemble.",
    ),
    "lost_by_hour": ("Opgehangen per halfuur", "Hung up by half-hour", "Raccrochés par demi-heure"),
    "lost_by_hour_lead": (
        "Hoeveel bellers per dag ophangen voor ze iemand spreken: zoals het is, en na elke wijziging.",
        "How many callers a day hang up before they speak to anybody: as it is, and after each change.",
        "Combien d’appelants par jour raccrochent avant de parler à quelqu’un : tel quel, et après chaque "
        "modification.",
    ),
    "as_is": ("zoals het is", "as it is", "tel quel"),
    "with_change": ("met de wijziging", "with the change", "avec la modification"),
    "now": ("Zoals het is", "As it is", "Tel quel"),
    # --- Advice about a run
    "one_replication": (
        "Eén herhaling zegt niets zeker",
        "One replication says nothing for certain",
        "Une seule répétition ne dit rien de certain",
    ),
    "one_replication_detail": (
        "Laat de simulatie vaker lopen, bijvoorbeeld met -n 30, dan krijgt elk cijfer een betrouwbaarheidsinterval.",
        "Run the simulation more often, with -n 30 for example: then every figure has its confidence interval.",
        "Relancez la simulation plus souvent, par exemple avec -n 30 : chaque chiffre aura son intervalle de "
        "confiance.",
    ),
    "all_met": (
        "Alle lijnen halen zeker hun doelen",
        "All lines certainly meet their targets",
        "Toutes les lignes atteignent certainement leurs objectifs",
    ),
    "all_met_detail": (
        "Er hoeft niets te veranderen voor een dag als deze.",
        "Nothing needs to change for a day like this.",
        "Rien ne doit changer pour une journée comme celle-ci.",
    ),
    "line_misses": ("{line} haalt {what} zeker niet", "{line} certainly misses {what}", "{line} n’atteint pas {what}"),
    "reach_target": ("de bereikbaarheid van {target}", "the reachability of {target}", "la joignabilité de {target}"),
    "level_target": (
        "het doel van {target} binnen {wait} s",
        "the target of {target} within {wait} s",
        "l’objectif de {target} en {wait} s",
    ),
    "line_misses_both": (
        "{line} haalt zeker geen van zijn doelen",
        "{line} certainly misses both its targets",
        "{line} n’atteint certainement aucun de ses objectifs",
    ),
    "reach_short": (
        "Bereikbaarheid {value} tegen {target}: {short} te weinig, dat zijn {calls} oproepen per dag.",
        "Reachability {value} against {target}: {short} short, which is {calls} calls a day.",
        "Joignabilité {value} contre {target} : {short} de moins, soit {calls} appels par jour.",
    ),
    "level_short": (
        "Binnen {wait} s beantwoord: {value} tegen {target}, {short} te weinig.",
        "Answered within {wait} s: {value} against {target}, {short} short.",
        "Répondus en {wait} s : {value} contre {target}, {short} de moins.",
    ),
    "when_short": (
        "Zeker onder het doel: {periods}.",
        "Certainly below target: {periods}.",
        "Certainement sous l’objectif : {periods}.",
    ),
    "no_period": (
        "Geen halfuur springt er zeker uit: het tekort is over de dag verspreid.",
        "No half-hour stands out for certain: the shortage is spread over the day.",
        "Aucune demi-heure ne ressort avec certitude : le manque est réparti sur la journée.",
    ),
    "try_this": ("Reken uit wat helpt:", "Find out what helps:", "Calculez ce qui aide :"),
    "met": ("Zeker gehaald: {lines}", "Certainly met: {lines}", "Certainement atteint : {lines}"),
    "met_detail": ("Beide doelen, elk met 95 % zekerheid.", "Both targets, each with 95 % certainty.",
                   "Les deux objectifs, chacun avec 95 % de certitude."),
    "undecided": ("Niet zeker: {lines}", "Not certain: {lines}", "Incertain : {lines}"),
    "undecided_detail": (
        "Hier ligt een doel binnen het betrouwbaarheidsinterval. Meer herhalingen (-n {more}) geven uitsluitsel.",
        "A target lies within the confidence interval here. More replications (-n {more}) will tell.",
        "Un objectif se trouve dans l’intervalle de confiance. Plus de répétitions (-n {more}) trancheront.",
    ),
    # --- Advice about changes
    "do": ("Doen: {change}", "Do: {change}", "À faire : {change}"),
    "do_not": ("Niet doen: {change}", "Do not: {change}", "À ne pas faire : {change}"),
    "weigh": ("Afwegen: {change}", "Weigh: {change}", "À peser : {change}"),
    "unknown": (
        "Geen zeker verschil: {change}",
        "No certain difference: {change}",
        "Pas de différence certaine : {change}",
    ),
    "if": ("Als dit gebeurt: {change}", "If this happens: {change}", "Si cela arrive : {change}"),
    "answered_gain": (
        "{value} oproepen per dag {more} beantwoord (zeker)",
        "{value} calls a day {more} answered (certain)",
        "{value} appels répondus par jour en {more} (certain)",
    ),
    "spoken_gain": (
        "{value} burgers per dag {more} gesproken, live of teruggebeld (zeker)",
        "{value} citizens a day {more} spoken with, live or called back (certain)",
        "{value} citoyens par jour en {more} entendus, en direct ou rappelés (certain)",
    ),
    "more": ("meer", "more", "plus"),
    "fewer": ("minder", "fewer", "moins"),
    "gain": ("{figure} {value} (zeker)", "{figure} {value} (certain)", "{figure} {value} (certain)"),
    "at_most": (
        "Ligt tussen {low} en {high} beantwoorde oproepen per dag.",
        "Lies between {low} and {high} calls answered a day.",
        "Se situe entre {low} et {high} appels répondus par jour.",
    ),
    "at_most_spoken": (
        "Ligt tussen {low} en {high} burgers per dag met wie gesproken wordt, live of teruggebeld.",
        "Lies between {low} and {high} citizens a day spoken with, live or called back.",
        "Se situe entre {low} et {high} citoyens entendus par jour, en direct ou rappelés.",
    ),
    "at_the_cost": ("Ten koste van: {lines}.", "At the cost of: {lines}.", "Au détriment de : {lines}."),
    "line_gain": ("{line} {value} per dag", "{line} {value} a day", "{line} {value} par jour"),
    "nothing_to_learn": (
        "Geen enkele bijkomende lijn helpt zeker",
        "No further skill helps for certain",
        "Aucune ligne supplémentaire n’aide avec certitude",
    ),
    "nothing_to_learn_detail": (
        "Opleiden alleen lost hier niets op; kijk naar de bezetting.",
        "Training alone solves nothing here; look at the staffing.",
        "La formation seule ne résout rien ici ; regardez les effectifs.",
    ),
    "what_if": ("Wat als?", "What if?", "Et si ?"),
    "skills": ("Wie leert best welke lijn?", "Who should learn which line?", "Qui devrait apprendre quelle ligne ?"),
    # --- Staffing
    "staffing": ("Wie is wanneer nodig?", "Who is needed when?", "Qui faut-il, et quand ?"),
    "proof_days": (
        "Getoetste dagen van elke weekdag",
        "Days of each weekday it was tried on",
        "Jours vérifiés de chaque jour de la semaine",
    ),
    "roster_more": (
        "{count} medewerkers erbij op {when}",
        "{count} more operators on {when}",
        "{count} agents de plus le {when}",
    ),
    "gap_who": ("Vaardigheden: {who}.", "Skills: {who}.", "Compétences : {who}."),
    "roster_enough": (
        "Er zijn overal genoeg medewerkers ingeroosterd",
        "Enough operators are rostered everywhere",
        "Assez d’agents sont prévus partout",
    ),
    "roster_enough_detail": (
        "Let nog op wie: de juiste lijnen moeten erbij zijn.",
        "Do look at who they are: the right lines must be among them.",
        "Vérifiez encore qui : les bonnes lignes doivent en être.",
    ),
    "roster_spare": (
        "{hours} medewerker-uren kunnen elders heen",
        "{hours} operator hours can go elsewhere",
        "{hours} heures d’agent peuvent aller ailleurs",
    ),
    "roster_spare_detail": (
        "Meer ingeroosterd dan nodig: {when}.",
        "More rostered than needed: {when}.",
        "Plus prévus que requis : {when}.",
    ),
    "hours_total": (
        "Medewerker-uren: nu {now}, nodig {needed}",
        "Operator hours: {now} now, {needed} needed",
        "Heures d’agent : {now} prévues, {needed} requises",
    ),
    "staff_panel": ("Medewerkers per halfuur", "Operators by half-hour", "Agents par demi-heure"),
    "rostered": ("ingeroosterd", "rostered", "prévus"),
    "needed": ("nodig", "needed", "requis"),
    "by_half_hour": ("per halfuur", "by half-hour", "par demi-heure"),
    "staff_lead": (
        "Rood met ▼: te weinig ingeroosterd. Zekerheid: dat beide doelen gehaald worden, op dagen die de berekening "
        "niet kende; cijfers met ± zijn van die dagen.",
        "Red with ▼: too few rostered. Confidence: that both targets are met, on days that the search had not seen; "
        "figures with ± are of those days.",
        "Rouge avec ▼ : trop peu d’agents prévus. Certitude : que les deux objectifs sont atteints, sur des jours que "
        "le calcul ne connaissait pas ; les chiffres avec ± sont de ces jours.",
    ),
    "method_staff": (
        "Er werd begonnen met de formules van Erlang; daarna beslist de simulatie: één erbij waar een doel niet zeker "
        "gehaald wordt, één eraf waar het ook zonder hem gehaald wordt. Op de dagen van de berekening kon op het einde "
        "nergens nog iemand gemist worden. Dat is een kleinste bezetting, geen bewijs dat geen andere mix kleiner is.",
        "It began with the formulas of Erlang; then the simulation decides: one more where a target is not met for "
        "certain, one fewer where it is met without him. On the days of the search nobody could be missed anywhere in "
        "the end. That is a smallest staffing, not a proof that no other mixture is smaller.",
        "Le point de départ : les formules d’Erlang. Ensuite la simulation décide : un agent de plus là où un objectif "
        "n’est pas atteint avec certitude, un de moins là où il l’est sans lui. Sur les jours du calcul, personne ne "
        "pouvait plus manquer. C’est un effectif minimal, pas la preuve qu’aucune autre combinaison n’est plus petite.",
    ),
    "method_confidence": (
        "De getoonde zekerheid komt van andere dagen dan die van de berekening en kan dus lager uitvallen dan 95 %.",
        "The confidence shown comes from other days than those of the search, so it may be below 95 % there.",
        "La certitude affichée vient d’autres jours que ceux du calcul : elle peut donc y être inférieure à 95 %.",
    ),
    # --- Replay
    "replay": ("Opnieuw gespeeld:", "Replayed:", "Rejoué :"),
    "replay_same": (
        "{figure}: {now}, niet zeker anders dan de gemeten {was}",
        "{figure}: {now}, not certainly different from the {was} that was measured",
        "{figure} : {now}, pas certainement différent des {was} mesurés",
    ),
    "replay_same_detail": (
        "Zoals het gespeeld werd, had deze dag niet zeker een ander resultaat.",
        "As it was replayed, this day would not certainly have gone another way.",
        "Tel qu’il a été rejoué, ce jour n’aurait pas certainement donné un autre résultat.",
    ),
    "replay_better": (
        "{figure}: {now}, zeker hoger dan de gemeten {was}",
        "{figure}: {now}, certainly above the {was} that was measured",
        "{figure} : {now}, certainement au-dessus des {was} mesurés",
    ),
    "replay_worse": (
        "{figure}: {now}, zeker lager dan de gemeten {was}",
        "{figure}: {now}, certainly below the {was} that was measured",
        "{figure} : {now}, certainement au-dessous des {was} mesurés",
    ),
    "replay_certain_detail": (
        "Zonder wijzigingen zegt zo’n verschil dat rooster of gedrag van het scenario niet dat van die dag was.",
        "Without changes such a difference says that roster or behaviour of the scenario were not those of that day.",
        "Sans modifications, un tel écart dit que l’horaire ou le comportement du scénario n’étaient pas ceux du jour.",
    ),
    "not_measured": ("Toen niet gemeten.", "Not measured then.", "Non mesuré alors."),
    "beside": ("Gemeten en gesimuleerd", "Measured and simulated", "Mesuré et simulé"),
    "beside_lead": (
        "Dezelfde oproepen op dezelfde momenten: links zoals het was, rechts wat de routering ervan maakt.",
        "The same calls at the same moments: as it was on the left, what the routing makes of them on the right.",
        "Les mêmes appels aux mêmes moments : à gauche tel que c’était, à droite ce qu’en fait le routage.",
    ),
    "method_replay": (
        "Wie toen ophing, heeft hetzelfde geduld; van de anderen is enkel bekend dat ze langer konden wachten dan ze "
        "deden. Alleen wat niemand vastlegde, is geloot.",
        "Who hung up then has the same patience; of the others it is only known that they could wait longer than they "
        "did. Only what nobody recorded is drawn.",
        "Qui a raccroché alors a la même patience ; des autres on sait seulement qu’ils pouvaient attendre plus. Seul "
        "ce que personne n’a enregistré est tiré au sort.",
    ),
    # --- Changes in words
    "learn": ("{operator} leert {lines}", "{operator} learns {lines}", "{operator} apprend {lines}"),
    "extra": (
        "één medewerker erbij op {days}, {hours}, voor {lines}",
        "one more operator on {days}, {hours}, for {lines}",
        "un agent de plus le {days}, {hours}, pour {lines}",
    ),
    "without": ("{operator} is er niet", "{operator} is away", "{operator} est absent"),
    "calls": ("{factor} keer zoveel oproepen", "{factor} times the calls", "{factor} fois les appels"),
    "calls_line": (
        "{factor} keer zoveel oproepen voor {lines}",
        "{factor} times the calls for {lines}",
        "{factor} fois les appels pour {lines}",
    ),
    "routing": ("verdelen met {policy}", "routing by {policy}", "répartition par {policy}"),
    "callback_never": (
        "niemand wordt teruggebeld",
        "nobody is called back",
        "personne n’est rappelé",
    ),
    "callback_late": (
        "terugbellen pas voorstellen na de drempel van de lijn",
        "offer to call back only at the limit of the line",
        "ne proposer le rappel qu’au seuil de la ligne",
    ),
    "callback_early": (
        "terugbellen ook vroeg voorstellen, als er een lange wachttijd dreigt",
        "offer to call back early too, when a long wait is expected",
        "proposer le rappel plus tôt aussi, quand l’attente s’annonce longue",
    ),
    "to": (" tot en met ", " to ", " au "),
    "and": (" en ", " and ", " et "),
    "hours": ("{first} tot {last} uur", "{first} to {last}", "de {first} à {last}"),
    # --- Method
    "method_engine": (
        "Elke gesimuleerde oproep ging door de routering die ook de echte oproepen verdeelt, op een virtuele klok. "
        "Dezelfde startwaarde geeft dezelfde bellers, dus ook dezelfde cijfers.",
        "Every simulated call went through the routing that serves live calls, on a virtual clock. The same seed gives "
        "the same callers, and so the same figures.",
        "Chaque appel simulé est passé par le routage qui sert les vrais appels, sur une horloge virtuelle. La même "
        "graine donne les mêmes appelants, donc les mêmes chiffres.",
    ),
    "method_queue": (
        "Elke gesimuleerde oproep ging door een model van Asterisks eigen Queue(), op een virtuele klok. Dezelfde "
        "startwaarde geeft dezelfde bellers, dus ook dezelfde cijfers.",
        "Every simulated call went through a model of Asterisk’s own Queue(), on a virtual clock. The same seed gives "
        "the same callers, and so the same figures.",
        "Chaque appel simulé est passé par un modèle de Queue() d’Asterisk, sur une horloge virtuelle. La même graine "
        "donne les mêmes appelants, donc les mêmes chiffres.",
    ),
    "method_certain": (
        "Zeker betekent: met 95 % zekerheid, Student t over de herhalingen. Waar naar veel lijnen of halfuren tegelijk "
        "gekeken wordt, is de lat hoger (Bonferroni), zodat alles wat zeker heet samen 95 % haalt. Een halfuur met "
        "minder dan 10 oproepen heet nooit zeker.",
        "Certain means: with 95 % certainty, Student’s t over the replications. Where many lines or half-hours are "
        "looked at together, the bar is higher (Bonferroni), so that all that is called certain holds together at 95 "
        "%. A half-hour with fewer than 10 calls is never called certain.",
        "Certain signifie : avec 95 % de certitude, t de Student sur les répétitions. Quand beaucoup de lignes ou de "
        "demi-heures sont regardées ensemble, le seuil est plus strict (Bonferroni) pour que l’ensemble tienne à 95 %. "
        "Une demi-heure de moins de 10 appels n’est jamais dite certaine.",
    ),
    "method_letters": (
        "A = beantwoord, B = opgehangen in de rij, s = daarvan kort (onder de drempel van de lijn).",
        "A = answered, B = hung up in the queue, s = of those the short ones (below the limit of the line).",
        "A = répondus, B = raccrochés en file, s = dont les courts (sous le seuil de la ligne).",
    ),
    "method_callbacks": (
        "Hoe vaak burgers een voorstel aannemen en opnemen als we bellen, is een aanname van het scenario. "
        "Bereikbaarheid en \"op tijd\" tellen enkel wie niet teruggebeld wil worden: wie lang moest wachten valt "
        "eruit, dus ze stijgen ook vanzelf. Daarom wordt een wijziging beoordeeld op wie uiteindelijk iemand sprak.",
        "How often citizens accept an offer, and pick up when we call, is an assumption of the scenario. Reachability "
        "and \"in time\" count only those who are not called back: callers with a long wait drop out, so these rise "
        "by themselves too. A change is therefore judged by who spoke with somebody in the end.",
        "La part des citoyens qui acceptent, et qui décrochent quand nous appelons, est une hypothèse du scénario. "
        "Joignabilité et « à temps » ne comptent que ceux qui ne sont pas rappelés : ceux qui attendraient "
        "longtemps en sortent, donc ces chiffres montent aussi d’eux-mêmes. Une modification est donc jugée sur qui a "
        "finalement parlé à quelqu’un.",
    ),
    "method_skills": (
        "Eerst werd elke mogelijke combinatie van medewerker en lijn kort geprobeerd; de beste werden daarna op nieuwe "
        "bellers met alle herhalingen nagerekend, zodat geluk in de eerste ronde niet meetelt. Wie in lijnen en "
        "rooster gelijk is aan een ander, wordt niet apart genoemd.",
        "First every possible pair of operator and line was tried briefly; the best were then reckoned again on new "
        "callers with all replications, so that luck in the first round does not count. Those alike in lines and "
        "roster are named once.",
        "Chaque paire possible d’agent et de ligne a d’abord été essayée brièvement ; les meilleures ont été "
        "recalculées sur de nouveaux appelants avec toutes les répétitions. Les agents identiques en lignes et en "
        "horaire ne sont nommés qu’une fois.",
    ),
}  # fmt: skip
COLUMN: Final = {Language.NL: 0, Language.EN: 1, Language.FR: 2}


def text(language: Language, key: str, **values: object) -> str:
    """A text of the catalogue, filled in."""
    return _TEXTS[key][COLUMN[language]].format(**values)
