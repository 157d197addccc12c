"""Texts of keys, webhooks, the description of the API and signing in at the city's provider: Dutch, English, French."""

from collections.abc import Mapping
from typing import Final

OPENNESS: Final[Mapping[str, tuple[str, str, str]]] = {
    # --- Signing in at the city's provider
    "city_sign_in": ("Aanmelden via {label}", "Sign in with {label}", "Se connecter avec {label}"),
    "or_local": (
        "Of met een account van deze toepassing",
        "Or with an account of this application",
        "Ou avec un compte de cette application",
    ),
    "city_sign_out": ("Ook afmelden bij {label}", "Sign out of {label} too", "Se déconnecter aussi de {label}"),
    "city_away": (
        "De aanmelddienst van de stad antwoordt niet. Probeer het straks opnieuw, of meld je aan met een account van "
        "deze toepassing.",
        "The city’s sign-in service does not answer. Try again later, or sign in with an account of this application.",
        "Le service de connexion de la ville ne répond pas. Réessayez plus tard, ou utilisez un compte de cette "
        "application.",
    ),
    "city_again": (
        "Het aanmelden werd onderbroken. Begin opnieuw.",
        "Signing in was interrupted. Begin again.",
        "La connexion a été interrompue. Recommencez.",
    ),
    "city_refused": (
        "Het aanmelden bij de stad is niet gelukt. Begin opnieuw.",
        "Signing in at the city did not succeed. Begin again.",
        "La connexion auprès de la ville n’a pas réussi. Recommencez.",
    ),
    "city_no_role": (
        "Je account bij de stad heeft hier geen rol. Vraag je beheerder om je aan een groep toe te voegen.",
        "Your account at the city has no role here. Ask your administrator to add you to a group.",
        "Votre compte de la ville n’a pas de rôle ici. Demandez à votre administrateur de vous ajouter à un groupe.",
    ),
    "city_no_account": (
        "Er is hier geen account voor jou, of het is gesloten. Vraag het je beheerder.",
        "There is no account for you here, or it is closed. Ask your administrator.",
        "Il n’y a pas de compte pour vous ici, ou il est fermé. Demandez à votre administrateur.",
    ),
    # --- Keys
    "nav_keys": ("Sleutels", "Keys", "Clés"),
    "keys_explained": (
        "Een sleutel geeft een programma toegang tot de API, en tot niets anders. Hij wordt één keer getoond.",
        "A key gives a program access to the API, and to nothing else. It is shown once.",
        "Une clé donne à un programme l’accès à l’API, et à rien d’autre. Elle n’est affichée qu’une fois.",
    ),
    "keys_empty": ("Er zijn nog geen sleutels", "There are no keys yet", "Il n’y a pas encore de clés"),
    "key_opens": ("Geeft toegang tot", "Opens", "Donne accès à"),
    "key_made": ("Sleutel van {name}", "Key of {name}", "Clé de {name}"),
    "key_made_explained": (
        "Kopieer hem nu naar het programma: hij wordt nergens bewaard en niet meer getoond. Het programma stuurt hem "
        "mee als „Authorization: Bearer …”.",
        "Copy it to the program now: it is kept nowhere and not shown again. The program sends it as “Authorization: "
        "Bearer …”.",
        "Copiez-la maintenant dans le programme : elle n’est conservée nulle part et ne sera plus affichée. Le "
        "programme l’envoie comme « Authorization: Bearer … ».",
    ),
    "key_add": ("Nieuwe sleutel", "New key", "Nouvelle clé"),
    "key_add_button": ("Sleutel maken", "Make key", "Créer la clé"),
    "key_days": ("Geldig, in dagen", "Valid, in days", "Validité, en jours"),
    "key_days_hint": (
        "Leeg: tot hij wordt ingetrokken.",
        "Empty: until it is revoked.",
        "Vide : jusqu’à sa révocation.",
    ),
    "key_name_hint": (
        "Waarvoor hij dient, zoals „rapport-bi”. Kleine letters, cijfers, punt en streepje.",
        "What it is for, such as “report-bi”. Lower-case letters, digits, dot and hyphen.",
        "Son usage, comme « rapport-bi ». Minuscules, chiffres, point et tiret.",
    ),
    "scope_figures": ("cijfers zonder personen", "figures without persons", "chiffres sans personnes"),
    "scope_reports": (
        "rapporten, ook per operator, en de oproepen erachter zonder nummers",
        "reports, also by operator, and the calls behind them without numbers",
        "rapports, aussi par opérateur, et les appels derrière sans numéros",
    ),
    "scope_callbacks": (
        "terugbellijst, nummers verborgen",
        "callback list, numbers masked",
        "liste de rappels, numéros masqués",
    ),
    "scope_numbers": (
        "met hele nummers van burgers",
        "with citizens’ whole numbers",
        "avec les numéros entiers des citoyens",
    ),
    "key_until": ("Geldig tot", "Valid until", "Valable jusqu’au"),
    "key_used": ("Laatst gebruikt", "Last used", "Dernière utilisation"),
    "key_for_ever": ("onbeperkt", "without end", "sans fin"),
    "key_active": ("actief", "active", "active"),
    "key_revoked": ("ingetrokken", "revoked", "révoquée"),
    "key_expired": ("verlopen", "expired", "expirée"),
    "key_revoke": ("Intrekken", "Revoke", "Révoquer"),
    "key_gone": ("De sleutel is ingetrokken.", "The key is revoked.", "La clé est révoquée."),
    "key_wrong": (
        "Een sleutel heeft een naam, minstens één recht, en 1 tot 3650 dagen of geen einde. Hele nummers horen bij de "
        "terugbellijst.",
        "A key has a name, at least one right, and 1 to 3650 days or no end. Whole numbers go with the callback list.",
        "Une clé a un nom, au moins un droit, et 1 à 3650 jours ou pas de fin. Les numéros entiers vont avec la liste "
        "de rappels.",
    ),
    "key_exists": (
        "Er is of was al een sleutel met die naam.",
        "There is, or was, a key of that name already.",
        "Il existe ou a existé une clé de ce nom.",
    ),
    "key_unknown": (
        "Er is geen actieve sleutel met die naam.",
        "There is no active key of that name.",
        "Il n’y a pas de clé active de ce nom.",
    ),
    # --- Webhooks
    "nav_webhooks": ("Webhooks", "Webhooks", "Webhooks"),
    "webhooks_explained": (
        "Programma’s van de stad die horen wat er gebeurt. Ze staan in queues.yaml; wat niet aankomt, wordt anderhalve "
        "dag lang opnieuw gestuurd.",
        "Programs of the city that are told what happens. They are in queues.yaml; what does not arrive is sent again "
        "for a day and a half.",
        "Programmes de la ville informés de ce qui se passe. Ils sont dans queues.yaml ; ce qui n’arrive pas est "
        "renvoyé pendant un jour et demi.",
    ),
    "webhooks_empty": ("Er zijn geen webhooks", "There are no webhooks", "Il n’y a pas de webhooks"),
    "webhooks_empty_explained": (
        "Zet ze onder „webhooks” in queues.yaml.",
        "Put them under “webhooks” in queues.yaml.",
        "Inscrivez-les sous « webhooks » dans queues.yaml.",
    ),
    "hook_address": ("Adres", "Address", "Adresse"),
    "hook_waiting": ("Wacht", "Waiting", "En attente"),
    "hook_dead": ("Opgegeven", "Given up", "Abandonnés"),
    "hook_last": ("Laatst aangekomen", "Last taken", "Dernier reçu"),
    "hook_trouble": ("Probleem", "Trouble", "Problème"),
    "hook_personal": ("met persoonsgegevens", "with personal data", "avec données personnelles"),
    "hook_test": ("Test sturen", "Send test", "Envoyer un test"),
    "hook_redeliver": ("Opnieuw sturen", "Send again", "Renvoyer"),
    "hook_redeliver_all": ("Alles opnieuw sturen", "Send all again", "Tout renvoyer"),
    "hook_tested": ("De test is aangekomen.", "The test has arrived.", "Le test est arrivé."),
    "hook_test_failed": (
        "De test is niet aangekomen: {why}",
        "The test did not arrive: {why}",
        "Le test n’est pas arrivé : {why}",
    ),
    "hook_again": ("Wordt nu opnieuw gestuurd.", "Is being sent again now.", "Est renvoyé maintenant."),
    "hook_given_up": ("Opgegeven berichten", "Messages given up", "Messages abandonnés"),
    "hook_news": ("Bericht", "Message", "Message"),
    "hook_attempts": ("Pogingen", "Attempts", "Tentatives"),
    "hook_answer": ("Laatste antwoord", "Last answer", "Dernière réponse"),
    # --- Description of the API
    "nav_docs": ("API", "API", "API"),
    "docs_explained": (
        "Wat programma’s van de stad kunnen vragen. Dezelfde beschrijving voor machines:",
        "What programs of the city can ask. The same description for machines:",
        "Ce que les programmes de la ville peuvent demander. La même description pour machines :",
    ),
    "docs_key": (
        "Een programma stuurt zijn sleutel mee als „Authorization: Bearer …”; een beheerder maakt hem onder Sleutels.",
        "A program sends its key as “Authorization: Bearer …”; an administrator makes it under Keys.",
        "Un programme envoie sa clé comme « Authorization: Bearer … » ; un administrateur la crée sous Clés.",
    ),
    "docs_who": ("Voor", "For", "Pour"),
    "docs_local": ("wie aan deze computer zit", "who sits at this machine", "qui est à cette machine"),
    "docs_anyone": ("iedereen", "everybody", "tout le monde"),
    "docs_scope": ("sleutel {scope}", "key {scope}", "clé {scope}"),
    "docs_parameters": ("Parameters", "Parameters", "Paramètres"),
    "docs_body": ("Inhoud", "Body", "Contenu"),
    "docs_answers": ("Antwoorden", "Answers", "Réponses"),
    "docs_kinds": ("Gegevens", "Data", "Données"),
    "docs_field": ("Veld", "Field", "Champ"),
    "docs_kind": ("Soort", "Kind", "Type"),
    "docs_required": ("verplicht", "required", "obligatoire"),
    # --- In the audit log
    "audit_key_added": ("sleutel gemaakt", "key made", "clé créée"),
    "audit_key_revoked": ("sleutel ingetrokken", "key revoked", "clé révoquée"),
    "audit_hook_tested": ("webhook getest", "webhook tested", "webhook testé"),
    "audit_hook_redelivered": ("webhook opnieuw gestuurd", "webhook sent again", "webhook renvoyé"),
    "audit_identity_linked": (
        "account bij de stad gekoppeld",
        "account at the city linked",
        "compte de la ville associé",
    ),
}  # fmt: skip
