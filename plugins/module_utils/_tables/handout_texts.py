# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the hand-out says. One more language is one more dictionary, with the same keys and names in braces."""

from __future__ import annotations

from collections.abc import Mapping

ENGLISH = {
    "title": "Email settings for {domains}",
    "intro": "Use these values to set up a mail program for your mailbox.",
    "account": "Your account",
    "address": "Email address",
    "address_value": "your own",
    "username": "User name",
    "password": "Password",
    "password_value": "your mailbox password, for receiving and for sending",
    "EMAILADDRESS": "your full email address",
    "EMAILLOCALPART": "the part of your email address before the @",
    "EMAILDOMAIN": "the part of your email address after the @",
    "external": "Outside the network: at home and on the road",
    "internal": "Inside your organization's network",
    "external_short": "outside",
    "internal_short": "inside",
    "for": "For",
    "server": "Server",
    "port": "Port",
    "encryption": "Encryption",
    "remark": "Remark",
    "imap4": "Receiving (IMAP)",
    "pop3": "Receiving (POP3)",
    "smtp": "Sending (SMTP)",
    "implicit_tls": "SSL/TLS",
    "starttls": "STARTTLS",
    "none": "none",
    "nothing": "There are no settings to hand out here.",
    "not_tried": "not tested from here",
    "unreachable": "No connection: do not use this setting.",
    "only_on": "{servers} only",
    "in_clear": "not encrypted: others can read your password",
    "choose": "Which settings to choose",
    "choose_imap4": "Choose IMAP if your program supports it: your mail stays on the server, in all its folders, "
    "and looks the same on all your devices.",
    "choose_pop3": "POP3 downloads only the inbox, and only to this one program.",
    "choose_first": "If several lines serve the same purpose, use the first one that your program supports.",
    "choose_server": "If a line names several servers, ask your administrator which one to use.",
    "programs": "What to choose in common programs",
    "thunderbird": "Thunderbird",
    "thunderbird_1": "When you add the account, choose «Configure manually».",
    "thunderbird_2": "Connection security: SSL/TLS or STARTTLS, as shown with the server.",
    "thunderbird_3": "Authentication method: Normal password, for the incoming and for the outgoing server.",
    "outlook": "Outlook (classic)",
    "outlook_1": "When you add the account, select «Let me set up my account manually», then choose IMAP or POP. "
    "Otherwise, Outlook sets up an Exchange account.",
    "outlook_2": "Encryption method: SSL/TLS or STARTTLS, as shown with the server.",
    "outlook_3": "Leave «Require logon using Secure Password Authentication (SPA)» cleared.",
    "outlook_4": "Under More Settings, Outgoing Server, select «My outgoing server (SMTP) requires authentication» and "
    "«Use same settings as my incoming mail server».",
    "apple": "Apple Mail",
    "apple_1": "Choose Mail, Add Account, Other Mail Account.",
    "apple_2": "If Mail uses a port other than the one in the table, clear «Automatically manage connection settings» "
    "in the account's server settings, and enter the port.",
    "apple_3": "Select «Use TLS/SSL» for both servers, and choose Authentication: Password.",
    "phone": "A phone",
    "phone_1": "Add an account of the type Other, and choose IMAP or POP3, not Exchange.",
    "phone_2": "Security: SSL/TLS or STARTTLS, as shown with the server. On an iPhone, Use SSL is on for both servers.",
    "phone_3": "Enter the user name and password for the outgoing server too, even if they are marked as optional.",
    "thunderbird_pop3": "For POP3, select «Leave messages on server» in the account's server settings, and clear «For "
    "at most … days» below it.",
    "outlook_pop3": "For POP, select «Leave a copy of messages on the server» under More Settings, Advanced, and clear "
    "«Remove from server after … days».",
    "warnings": "Please note",
    "leave_copy": "POP3 removes messages from the server after they are downloaded, unless your program leaves a copy "
    "there. Without a copy, no other program or device can see them.",
    "no_465": "Do not use port 465 for sending, even if your program suggests it: Exchange does not support it.",
    "no_administrator": "The account Administrator cannot use POP3 or IMAP. This is by design; use Outlook or "
    "Outlook on the web.",
    "no_calendar": "POP3 and IMAP are for mail only, not for calendars, contacts, and tasks.",
    "certificate": "If your program warns you about a certificate, do not accept it; tell your administrator.",
    "notes": "For the administrator, before handing this out",
    "note_unread": "Could not be read: {servers}. No settings on this page come from there.",
    "note_off": "{what} is off on {servers}.",
    "note_unknown": "{what}: whether it is on could not be read on {servers}. Its settings there are not handed out.",
    "note_unreadable": "{what}: the settings on {servers} could not be read, so they are not handed out.",
    "note_not_told": "{what}: nothing is set on {servers}, so there is nothing to hand out from there.",
    "note_unusable": "{what}: {text}, as set on {servers}, is not a host name with a port and is not handed out.",
    "note_differs": "{what}: the servers differ. Each name is followed by the servers on which it is set.",
    "note_unreachable": "{what}: connecting to {text} failed. It is left out of the files for programs, the profile, "
    "and the DNS records.",
    "note_in_clear": "{what}: {text} is not encrypted. It is on this page only and in no other file.",
    "outlook_title": "Outlook (classic): settings for {domains}",
    "outlook_autodiscover": "With only an address and a password, Outlook asks Autodiscover. If the mailboxes are on "
    "Exchange, Autodiscover answers for Exchange: Outlook then sets up an Exchange account, with calendar and "
    "contacts, and uses neither POP nor IMAP. To use one of these, set up the account by hand.",
    "outlook_steps": "In Outlook",
}

GERMAN = {
    "title": "E-Mail-Einstellungen für {domains}",
    "intro": "Mit diesen Werten richten Sie ein E-Mail-Programm für Ihr Postfach ein, wenn es danach fragt.",
    "account": "Ihr Konto",
    "address": "E-Mail-Adresse",
    "address_value": "Ihre eigene",
    "username": "Benutzername",
    "password": "Kennwort",
    "password_value": "das Kennwort Ihres Postfachs, zum Empfangen und zum Senden",
    "EMAILADDRESS": "Ihre vollständige E-Mail-Adresse",
    "EMAILLOCALPART": "Ihre E-Mail-Adresse bis zum @",
    "EMAILDOMAIN": "Ihre E-Mail-Adresse ab dem @",
    "external": "Außerhalb: zu Hause und unterwegs",
    "internal": "Im Netz Ihrer Organisation",
    "external_short": "außerhalb",
    "internal_short": "im eigenen Netz",
    "for": "Wofür",
    "server": "Server",
    "port": "Port",
    "encryption": "Verschlüsselung",
    "remark": "Bemerkung",
    "imap4": "Empfangen über IMAP",
    "pop3": "Empfangen über POP3",
    "smtp": "Senden (SMTP)",
    "implicit_tls": "SSL/TLS",
    "starttls": "STARTTLS",
    "none": "keine",
    "nothing": "Hier gibt es nichts weiterzugeben.",
    "not_tried": "von hier aus nicht geprüft",
    "unreachable": "Keine Verbindung: bitte nicht verwenden.",
    "only_on": "nur {servers}",
    "in_clear": "unverschlüsselt: andere können Ihr Kennwort mitlesen",
    "choose": "Was Sie nehmen sollten",
    "choose_imap4": "Nehmen Sie IMAP, wenn Ihr Programm es unterstützt: Ihre E-Mails bleiben auf dem Server, in allen "
    "Ordnern, und sehen auf allen Ihren Geräten gleich aus.",
    "choose_pop3": "POP3 lädt nur den Posteingang, und nur in dieses eine Programm.",
    "choose_first": "Gibt es mehrere Zeilen für denselben Zweck, nehmen Sie die erste, die Ihr Programm unterstützt.",
    "choose_server": "Stehen in einer Zeile mehrere Server, fragen Sie Ihren Administrator, welcher für Sie ist.",
    "programs": "Was Sie in gängigen Programmen auswählen",
    "thunderbird": "Thunderbird",
    "thunderbird_1": "Wählen Sie beim Hinzufügen des Kontos «Manuell einrichten».",
    "thunderbird_2": "Verbindungssicherheit: SSL/TLS oder STARTTLS, wie beim Server angegeben.",
    "thunderbird_3": "Authentifizierungsmethode: Passwort, normal, für den Posteingangs- und den Postausgangsserver.",
    "outlook": "Outlook (klassisch)",
    "outlook_1": "Setzen Sie beim Hinzufügen des Kontos das Häkchen bei «Ich möchte mein Konto manuell einrichten» und "
    "wählen Sie dann IMAP oder POP. Sonst richtet Outlook ein Exchange-Konto ein.",
    "outlook_2": "Verschlüsselungsmethode: SSL/TLS oder STARTTLS, wie beim Server angegeben.",
    "outlook_3": "Setzen Sie kein Häkchen bei «Anmeldung mithilfe der gesicherten Kennwortauthentifizierung (SPA) "
    "erforderlich».",
    "outlook_4": "Setzen Sie unter Weitere Einstellungen, Postausgangsserver, die Häkchen bei «Der Postausgangsserver "
    "(SMTP) erfordert Authentifizierung» und «Gleiche Einstellungen wie für Posteingangsserver verwenden».",
    "apple": "Apple Mail",
    "apple_1": "Wählen Sie Mail, Account hinzufügen, Anderer Mail-Account.",
    "apple_2": "Wird ein anderer Port genommen als der in der Tabelle, schalten Sie in den Servereinstellungen des "
    "Accounts «Verbindungseinstellungen automatisch verwalten» aus und tragen Sie ihn ein.",
    "apple_3": "Setzen Sie für beide Server das Häkchen bei «TLS/SSL verwenden» und wählen Sie als Authentifizierung "
    "Passwort.",
    "phone": "Smartphone",
    "phone_1": "Fügen Sie ein Konto der Art «Andere» hinzu und wählen Sie IMAP oder POP3, nicht Exchange.",
    "phone_2": "Sicherheit: SSL/TLS oder STARTTLS, wie beim Server angegeben. Auf einem iPhone ist «SSL verwenden» für "
    "beide Server eingeschaltet.",
    "phone_3": "Tragen Sie Benutzername und Kennwort auch für den Postausgangsserver ein, selbst wenn sie dort als "
    "optional bezeichnet sind.",
    "thunderbird_pop3": "Setzen Sie bei POP3 in den Server-Einstellungen des Kontos das Häkchen bei «Nachrichten auf "
    "dem Server belassen» und entfernen Sie das bei «Für höchstens … Tage» darunter.",
    "outlook_pop3": "Setzen Sie bei POP unter Weitere Einstellungen, Erweitert, das Häkchen bei «Kopie aller "
    "Nachrichten auf dem Server belassen» und entfernen Sie das bei «Vom Server nach … Tagen entfernen».",
    "warnings": "Bitte beachten Sie",
    "leave_copy": "POP3 löscht Nachrichten auf dem Server, sobald sie geladen sind, wenn Ihr Programm keine Kopie dort "
    "lässt. Ohne Kopie sieht sie kein anderes Programm und kein anderes Gerät mehr.",
    "no_465": "Senden Sie nicht über Port 465, auch wenn Ihr Programm ihn vorschlägt: Exchange bedient ihn nicht.",
    "no_administrator": "Das Konto Administrator kann POP3 und IMAP nicht verwenden. Das ist bei Exchange so gewollt; "
    "nehmen Sie Outlook oder Outlook im Web.",
    "no_calendar": "POP3 und IMAP sind nur für E-Mails da, nicht für Kalender, Kontakte und Aufgaben.",
    "certificate": "Warnt Ihr Programm vor einem Zertifikat, bestätigen Sie das nicht, sondern sagen Sie Ihrem "
    "Administrator Bescheid.",
    "notes": "Für den Administrator, vor dem Weitergeben",
    "note_unread": "Nicht lesbar: {servers}. Von dort steht nichts auf dieser Seite.",
    "note_off": "{what} ist auf {servers} ausgeschaltet.",
    "note_unknown": "{what}: Auf {servers} war nicht zu lesen, ob es eingeschaltet ist. Von dort wird nichts "
    "weitergegeben.",
    "note_unreadable": "{what}: Auf {servers} waren die Einstellungen nicht zu lesen. Von dort wird nichts "
    "weitergegeben.",
    "note_not_told": "{what}: Auf {servers} ist nichts eingestellt, von dort gibt es also nichts weiterzugeben.",
    "note_unusable": "{what}: {text}, auf {servers} eingestellt, ist kein Servername mit Port und wird nicht "
    "weitergegeben.",
    "note_differs": "{what}: Die Server unterscheiden sich. Hinter jedem Namen steht, auf welchen er eingestellt ist.",
    "note_unreachable": "{what}: Zu {text} kam keine Verbindung zustande. In den Dateien für Programme, im Profil und "
    "in den DNS-Einträgen fehlt die Einstellung deshalb.",
    "note_in_clear": "{what}: {text} ist unverschlüsselt. Die Einstellung steht nur auf dieser Seite und in keiner "
    "anderen Datei.",
    "outlook_title": "Outlook (klassisch): die Werte für {domains}",
    "outlook_autodiscover": "Nur mit Adresse und Kennwort fragt Outlook die AutoErmittlung (Autodiscover). Liegen die "
    "Postfächer auf Exchange, antwortet sie für Exchange: Outlook richtet dann ein Exchange-Konto ein, mit Kalender "
    "und Kontakten, und weder POP noch IMAP. Dafür richten Sie das Konto von Hand ein.",
    "outlook_steps": "In Outlook",
}


def _quoted(texts: Mapping[str, str], opening: str, closing: str) -> Mapping[str, str]:
    """The texts with the quotation marks of their language, which programs take for slips in a source."""
    return {key: text.replace("«", opening).replace("»", closing) for key, text in texts.items()}


TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": _quoted(ENGLISH, "\u201c", "\u201d"),
    "de": _quoted(GERMAN, "\u201e", "\u201c"),
}
