"""Texts of the operator's telephone: Dutch, English, French."""

from collections.abc import Mapping
from typing import Final

PHONE: Final[Mapping[str, tuple[str, str, str]]] = {
    "phone": ("Telefoon", "Telephone", "Téléphone"),
    "phone_device": ("Toestel {device}", "Phone {device}", "Poste {device}"),
    "phone_settings": ("Instellingen", "Settings", "Réglages"),
    "phone_again": ("Probeer opnieuw", "Try again", "Réessayer"),
    # --- How it is
    "phone_connecting": ("Verbinden…", "Connecting…", "Connexion…"),
    "phone_ready": ("Klaar", "Ready", "Prêt"),
    "phone_unreachable": ("Niet bereikbaar", "Not reachable", "Injoignable"),
    "phone_no_server": ("Geen verbinding met de server", "No connection to the server", "Pas de connexion au serveur"),
    "phone_not_set_up": (
        "Dit toestel is nog niet ingesteld. Vraag je beheerder.",
        "This phone has not been set up. Ask your administrator.",
        "Ce poste n’est pas encore configuré. Demandez à votre administrateur.",
    ),
    "phone_elsewhere": (
        "Je telefoon is open in een ander venster.",
        "Your phone is open in another window.",
        "Votre téléphone est ouvert dans une autre fenêtre.",
    ),
    "phone_insecure": (
        "De browser geeft hier geen microfoon: open deze pagina via https.",
        "The browser grants no microphone here: open this page over https.",
        "Le navigateur refuse le micro ici : ouvrez cette page en https.",
    ),
    "phone_no_microphone": ("Geen microfoon gevonden", "No microphone found", "Aucun micro trouvé"),
    "phone_microphone_denied": (
        "De browser mag je microfoon niet gebruiken. Sta het toe in de adresbalk.",
        "The browser may not use your microphone. Allow it in the address bar.",
        "Le navigateur ne peut pas utiliser votre micro. Autorisez-le dans la barre d’adresse.",
    ),
    # --- The call
    "phone_idle": ("Geen gesprek. Je toestel wacht op een oproep.", "No call. Your phone waits for one.",
                   "Pas d’appel. Votre poste attend."),
    "phone_withheld": ("Anoniem", "Withheld", "Anonyme"),
    "phone_ringing": ("Gaat over", "Rings", "Sonne"),
    "phone_answering": ("Opnemen…", "Answering…", "Prise d’appel…"),
    "phone_talking": ("In gesprek", "Talking", "En conversation"),
    "phone_held": ("In wacht", "On hold", "En attente"),
    "phone_calling": ("Wordt gebeld", "Being called", "Appel en cours"),
    "phone_answer": ("Opnemen", "Answer", "Répondre"),
    "phone_reject": ("Weigeren", "Decline", "Refuser"),
    "phone_hold": ("In wacht", "Hold", "Mettre en attente"),
    "phone_resume": ("Uit wacht", "Resume", "Reprendre"),
    "phone_mute": ("Microfoon uit", "Mute", "Couper le micro"),
    "phone_unmute": ("Microfoon aan", "Unmute", "Activer le micro"),
    "phone_keypad": ("Toetsen", "Keypad", "Clavier"),
    "phone_transfer": ("Doorverbinden", "Transfer", "Transférer"),
    "phone_survey": ("Naar de bevraging", "To the survey", "Vers l’enquête"),
    "phone_no_survey": (
        "Op deze lijn is er geen bevraging.", "There is no survey on this line.", "Pas d’enquête sur cette ligne."),
    "phone_hangup": ("Ophangen", "Hang up", "Raccrocher"),
    "phone_on_desk": (
        "Opnemen, in wacht zetten en overleggen doe je op je toestel zelf.",
        "Answer, hold and consult on the phone itself.",
        "Répondre, mettre en attente et consulter se font sur le poste même.",
    ),
    "phone_note_from": ("{name} geeft mee:", "{name} passes on:", "{name} transmet :"),
    # --- Passing on
    "phone_to": ("Naar wie? Lijn, collega of nummer", "To whom? Line, colleague or number",
                 "À qui ? Ligne, collègue ou numéro"),
    "phone_note": ("Nota voor wie het overneemt", "Note for whoever takes over", "Note pour qui reprend"),
    "phone_send": ("Meteen doorverbinden", "Transfer now", "Transférer maintenant"),
    "phone_consult": ("Eerst overleggen", "Consult first", "Consulter d’abord"),
    "phone_complete": ("Verbind hen door", "Put them through", "Les mettre en relation"),
    "phone_back": ("Terug naar de beller", "Back to the caller", "Retour à l’appelant"),
    "phone_line": ("lijn", "line", "ligne"),
    "phone_is_available": ("vrij", "free", "libre"),
    "phone_is_in_call": ("in gesprek", "in a call", "en conversation"),
    "phone_is_ringing": ("gaat over", "ringing", "sonne"),
    "phone_is_reserved": ("gaat over", "ringing", "sonne"),
    "phone_is_wrap_up": ("nawerk", "wrap-up", "post-appel"),
    "phone_is_not_ready": ("niet klaar", "not ready", "pas prêt"),
    "phone_is_on_other_call": ("in gesprek", "in a call", "en conversation"),
    "phone_is_unreachable": ("toestel weg", "phone away", "poste absent"),
    "phone_is_logged_out": ("afgemeld", "logged out", "déconnecté"),
    # --- What goes wrong
    "phone_failed": ("Dat lukte niet. Probeer opnieuw.", "That did not work. Try again.",
                     "Cela n’a pas réussi. Réessayez."),
    "phone_nobody": ("Je hebt niemand aan de lijn.", "You have nobody on the line.", "Vous n’avez personne en ligne."),
    "phone_not_there": (
        "Daarheen kun je niet doorverbinden.", "You cannot transfer to there.", "Transfert impossible vers là."),
    "phone_consult_there": ("Overleg via je toestel.", "Consult with your phone.", "Consultez avec votre poste."),
    "phone_consult_line": (
        "Met een lijn kun je niet overleggen: kies een collega.",
        "You cannot consult a line: choose a colleague.",
        "On ne consulte pas une ligne : choisissez un collègue.",
    ),
    "phone_transfer_failed": (
        "Doorverbinden lukte niet. De beller is nog bij jou.",
        "The transfer failed. The caller is still with you.",
        "Le transfert a échoué. L’appelant est toujours avec vous.",
    ),
    "phone_busy": ("Je collega is in gesprek.", "Your colleague is busy.", "Votre collègue est occupé."),
    "phone_no_answer": ("Je collega neemt niet op.", "Your colleague does not answer.",
                        "Votre collègue ne répond pas."),
    "phone_not_reached": ("Je collega is niet te bereiken.", "Your colleague cannot be reached.",
                          "Votre collègue est injoignable."),
    # --- Settings
    "phone_auto": ("Neem oproepen vanzelf op", "Answer calls by itself", "Répondre automatiquement"),
    "phone_microphone": ("Microfoon", "Microphone", "Micro"),
    "phone_speaker": ("Luidspreker of hoofdtelefoon", "Speaker or headset", "Haut-parleur ou casque"),
    "phone_default": ("Standaard", "Default", "Par défaut"),
    "phone_test": ("Laat de bel horen", "Hear the bell", "Entendre la sonnerie"),
    # --- In the audit log
    "audit_phone_opened": ("telefoon geopend", "opened the phone", "a ouvert le téléphone"),
    "audit_call_hung_up": ("gesprek opgehangen", "hung up a call", "a raccroché un appel"),
    "audit_call_sent_on": ("beller doorverbonden", "transferred a caller", "a transféré un appelant"),
}  # fmt: skip
