"""Texts of what is kept about a citizen, and of recordings: Dutch, English, French."""

from collections.abc import Mapping
from typing import Final

PRIVACY: Final[Mapping[str, tuple[str, str, str]]] = {
    "nav_privacy": ("Privacy", "Privacy", "Vie privée"),
    "citizen_title": ("Gegevens van een burger", "A citizen’s data", "Données d’un citoyen"),
    "citizen_explained": (
        "Een burger vraagt wat er over hem bewaard wordt, of wil vergeten worden. Ga eerst na wie hij is: wie een "
        "nummer deelt, deelt ook wat hier staat. Elke stap komt in het logboek, zonder het nummer.",
        "A citizen asks what is kept about him, or wants to be forgotten. Make sure first who he is: who shares a "
        "number shares what is found here. Every step goes into the audit log, without the number.",
        "Un citoyen demande ce qui est conservé à son sujet, ou veut être oublié. Vérifiez d’abord son identité : qui "
        "partage un numéro partage ce qui se trouve ici. Chaque étape est consignée au journal, sans le numéro.",
    ),
    "citizen_number": ("Telefoonnummer", "Telephone number", "Numéro de téléphone"),
    "citizen_number_hint": (
        "Zoals +32470123456 of 0470 12 34 56.",
        "Such as +32470123456 or 0470 12 34 56.",
        "Par exemple +32470123456 ou 0470 12 34 56.",
    ),
    "citizen_number_wrong": (
        "Dat is geen telefoonnummer.",
        "That is not a telephone number.",
        "Ce n’est pas un numéro de téléphone.",
    ),
    "citizen_numbers_differ": (
        "Er is niets gewist: typ hetzelfde nummer nog eens.",
        "Nothing was erased: type the same number once more.",
        "Rien n’a été effacé : retapez le même numéro.",
    ),
    "citizen_busy": (
        "Er is niets gewist: de burger is aan de lijn, wordt gebeld, of de notitie over zijn gesprek wordt nog "
        "geschreven. Probeer het straks opnieuw.",
        "Nothing was erased: the citizen is on the line, is being called, or the note on his call is still being "
        "written. Try again later.",
        "Rien n’a été effacé : le citoyen est en ligne, est en train d’être appelé, ou la note sur son appel est "
        "encore en cours de rédaction. Réessayez plus tard.",
    ),
    "citizen_owed": (
        "Er is niets gewist: de burger moet nog teruggebeld worden. Bel hem eerst, of annuleer dat mee.",
        "Nothing was erased: the citizen is still owed a call. Call him first, or cancel that as well.",
        "Rien n’a été effacé : le citoyen doit encore être rappelé. Rappelez-le d’abord, ou annulez aussi ce rappel.",
    ),
    "citizen_recordings_stay": (
        "Er is niets gewist: zijn opnames kunnen niet verwijderd worden. Laat de beheerder naar hun map kijken.",
        "Nothing was erased: his recordings cannot be deleted. Have the administrator look at their folder.",
        "Rien n’a été effacé : ses enregistrements ne peuvent être supprimés. Faites vérifier leur dossier par "
        "l’administrateur.",
    ),
    "citizen_held": ("Wat er bewaard wordt", "What is kept", "Ce qui est conservé"),
    "citizen_nothing": (
        "Over dit nummer wordt niets bewaard.",
        "Nothing is kept about this number.",
        "Rien n’est conservé au sujet de ce numéro.",
    ),
    "citizen_span": ("Van {first} tot {last}", "From {first} to {last}", "De {first} à {last}"),
    "citizen_calls": ("Oproepen", "Calls", "Appels"),
    "citizen_with_number": (
        "waarvan {n} met het nummer; de andere zijn alleen nog te herkennen aan een gecodeerde afdruk",
        "of which {n} with the number; the others can only be recognised by a keyed hash",
        "dont {n} avec le numéro ; les autres ne se reconnaissent plus que par une empreinte codée",
    ),
    "citizen_contacts": ("Gesprekken met notitie", "Conversations with a note", "Entretiens avec note"),
    "citizen_promises": ("Terugbelafspraken", "Callbacks", "Rappels promis"),
    "citizen_requests": ("Terugbelvragen", "Requests to colleagues", "Demandes aux collègues"),
    "citizen_passed": ("Notities bij doorverbinden", "Notes on transfers", "Notes de transfert"),
    "citizen_scores": ("Antwoorden op de enquête", "Survey answers", "Réponses à l’enquête"),
    "citizen_recordings": ("Opnames", "Recordings", "Enregistrements"),
    "citizen_open": ("{n} nog open", "{n} still open", "{n} encore ouverts"),
    "citizen_told": (
        "Deze programma’s van de stad kregen zijn nummer: {programs}. Laat het ook daar wissen.",
        "These programs of the city were given his number: {programs}. Have it erased there too.",
        "Ces programmes de la ville ont reçu son numéro : {programs}. Faites-le effacer là aussi.",
    ),
    "citizen_export": ("Geef het hem", "Give it to him", "Le lui donner"),
    "citizen_export_explained": (
        "Een zip voor de burger: een leesbare pagina, hetzelfde als JSON, en zijn opnames. Namen van medewerkers staan "
        "er niet in.",
        "A zip for the citizen: a page to read, the same as JSON, and his recordings. Names of staff are not in it.",
        "Un zip pour le citoyen : une page lisible, la même chose en JSON, et ses enregistrements. Les noms du "
        "personnel n’y figurent pas.",
    ),
    "citizen_export_button": ("Download de zip", "Download the zip", "Télécharger le zip"),
    "citizen_erase": ("Vergeet hem", "Forget him", "L’oublier"),
    "citizen_erase_explained": (
        "Nummer, naam, notities, vragen en opnames verdwijnen voorgoed. De cijfers blijven zoals ze zijn: zijn "
        "oproepen tellen mee, maar niemand weet nog van wie ze waren.",
        "Number, name, notes, questions and recordings are gone for good. The figures stay as they are: his calls "
        "count, but nobody knows any more whose they were.",
        "Numéro, nom, notes, questions et enregistrements disparaissent pour de bon. Les chiffres restent ce qu’ils "
        "sont : ses appels comptent, mais personne ne sait plus de qui ils étaient.",
    ),
    "citizen_erase_cancel": (
        "Annuleer ook wat nog open staat: hij wordt niet meer teruggebeld.",
        "Cancel what is still open as well: he will not be called back.",
        "Annuler aussi ce qui reste ouvert : il ne sera plus rappelé.",
    ),
    "citizen_erase_again": (
        "Typ het nummer nog eens",
        "Type the number once more",
        "Retapez le numéro",
    ),
    "citizen_erase_button": ("Wis alles", "Erase everything", "Tout effacer"),
    "citizen_gone": ("De burger is vergeten", "The citizen is forgotten", "Le citoyen est oublié"),
    "citizen_gone_explained": (
        "Back-ups van vóór vandaag bevatten hem nog tot ze vervangen zijn; het logboek zegt wanneer er gewist is.",
        "Backups of before today still hold him until they are replaced; the audit log says when he was erased.",
        "Les sauvegardes antérieures le contiennent jusqu’à leur remplacement ; le journal indique quand il a été "
        "effacé.",
    ),
    "citizen_cancelled": ("Geannuleerd", "Cancelled", "Annulés"),
    "why_erased_on_request": ("op vraag vergeten", "forgotten on request", "oublié à sa demande"),
    "audit_citizen_seen": ("gegevens van een burger opgezocht", "looked up a citizen’s data",
                           "données d’un citoyen recherchées"),
    "audit_citizen_exported": ("gegevens van een burger gedownload", "downloaded a citizen’s data",
                               "données d’un citoyen téléchargées"),
    "audit_citizen_erased": ("burger vergeten", "forgot a citizen", "citoyen oublié"),
    # --- Recordings
    "recording_why": ("Waarom luister je?", "Why do you listen?", "Pourquoi écoutez-vous ?"),
    "recording_listen": ("Beluister", "Listen", "Écouter"),
    "recording_of": ("Opname van {moment}", "Recording of {moment}", "Enregistrement du {moment}"),
    "recording_gone": ("De opname is gewist.", "The recording is deleted.", "L’enregistrement est effacé."),
    "recording_missing": ("Het bestand van deze opname ontbreekt.", "The file of this recording is missing.",
                          "Le fichier de cet enregistrement manque."),
    "recording_being_made": ("Het gesprek wordt nu opgenomen.", "The conversation is being recorded.",
                             "L’entretien est en cours d’enregistrement."),
    "recording_explained": (
        "De beller wist dat er opgenomen werd. Wie luistert, en waarom, komt in het logboek.",
        "The caller knew that he was recorded. Who listens, and why, goes into the audit log.",
        "L’appelant savait qu’il était enregistré. Qui écoute, et pourquoi, est consigné au journal.",
    ),
    "hear_coaching": ("Begeleiding", "Coaching", "Accompagnement"),
    "hear_complaint": ("Klacht", "Complaint", "Plainte"),
    "hear_incident": ("Incident", "Incident", "Incident"),
    "hear_citizen": ("De burger vraagt het", "The citizen asks for it", "Le citoyen le demande"),
    "story_recording_started": ("Het gesprek wordt opgenomen", "The conversation is recorded",
                                "L’entretien est enregistré"),
    "story_recording_finished": ("De opname is af", "The recording is over", "L’enregistrement est terminé"),
    "story_recording_paused": ("Opname gepauzeerd ({by}): er wordt stilte bewaard",
                               "Recording paused ({by}): silence is kept",
                               "Enregistrement mis en pause ({by}) : du silence est conservé"),
    "story_recording_resumed": ("Opname hervat na {paused} ({by})", "Recording resumed after {paused} ({by})",
                                "Enregistrement repris après {paused} ({by})"),
    "story_recording_unchanged": ("De centrale heeft de opname niet gepauzeerd of hervat zoals gevraagd ({by})",
                                  "The exchange did not pause or resume the recording as asked ({by})",
                                  "Le central n’a ni suspendu ni repris l’enregistrement comme demandé ({by})"),
    "audit_recording_paused": ("opname gepauzeerd", "paused a recording", "enregistrement mis en pause"),
    "audit_recording_resumed": ("opname hervat", "resumed a recording", "enregistrement repris"),
    "audit_recording_heard": ("opname beluisterd", "heard a recording", "enregistrement écouté"),
    # --- The file for the citizen
    "file_title": ("Wat {city} over u bewaart", "What {city} keeps about you", "Ce que {city} conserve à votre sujet"),
    "file_made": (
        "Alles wat het contactcentrum bewaart over het nummer {number}, op {moment}.",
        "All that the contact centre keeps about the number {number}, on {moment}.",
        "Tout ce que le centre de contact conserve au sujet du numéro {number}, le {moment}.",
    ),
    "file_others": (
        "Namen van medewerkers zijn weggelaten: dat zijn hun gegevens. Hetzelfde staat in citizen.json, voor een "
        "computer; opnames staan in de map recordings.",
        "Names of staff are left out: they are their data. The same is in citizen.json, for a computer; recordings are "
        "in the folder recordings.",
        "Les noms du personnel sont omis : ce sont leurs données. La même chose se trouve dans citizen.json, pour un "
        "ordinateur ; les enregistrements sont dans le dossier recordings.",
    ),
    "file_nothing": ("niets", "nothing", "rien"),
    "file_when": ("Wanneer", "When", "Quand"),
    "file_until": ("Tot", "Until", "Jusqu’à"),
    "file_number": ("Nummer", "Number", "Numéro"),
    "file_number_gone": ("gewist", "erased", "effacé"),
    "file_called": ("Gebeld nummer", "Number called", "Numéro appelé"),
    "file_name": ("Naam", "Name", "Nom"),
    "file_note": ("Notitie", "Note", "Note"),
    "file_notes": ("Notities", "Notes", "Notes"),
    "file_question": ("Vraag", "Question", "Question"),
    "file_subjects": ("Onderwerpen", "Subjects", "Sujets"),
    "file_score": ("Score", "Score", "Score"),
    "file_program": ("Programma", "Program", "Programme"),
    "file_told": ("Doorgegeven aan programma’s van de stad", "Passed on to programs of the city",
                  "Communiqué à des programmes de la ville"),
    "file_looks": ("Wanneer ernaar gekeken werd", "When it was looked at", "Quand cela a été consulté"),
    "file_look": ("Wat", "What", "Quoi"),
    "file_attempts": ("Pogingen", "Attempts", "Tentatives"),
}  # fmt: skip
