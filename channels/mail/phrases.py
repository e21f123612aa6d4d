"""The words by which mail clients mark quotes, forwards and signatures, as they write them in their languages.

Swedish, English, Norwegian, Danish, Finnish and German whole; for other languages only what the big clients add. Taken
from what Gmail, Outlook, Apple Mail, Thunderbird, Samsung, Yahoo and Proton put into replies.
"""

from __future__ import annotations

import re

# Labels of an Outlook-style header block, lower case, by what they stand for.
LABELS = {
    **dict.fromkeys(("from", "från", "fra", "lähettäjä", "von", "de", "van", "da", "od", "afsender", "avsender"), "from"),
    **dict.fromkeys(
        ("sent", "date", "skickat", "datum", "sendt", "dato", "lähetetty", "päivämäärä", "päiväys", "pvm", "gesendet",
         "envoyé", "verzonden", "enviado", "inviato", "fecha", "data", "wysłano", "skickades", "tid"), "date"),
    **dict.fromkeys(
        ("to", "till", "til", "vastaanottaja", "kenelle", "an", "à", "aan", "para", "a", "do", "modtager"), "to"),
    **dict.fromkeys(("cc", "kopia", "kopi", "kopio", "kopie", "bcc", "reply-to", "svar till", "dw"), "cc"),
    **dict.fromkeys(
        ("subject", "ämne", "emne", "aihe", "betreff", "rubrik", "objet", "onderwerp", "asunto", "oggetto", "temat",
         "assunto"), "subject"),
    **dict.fromkeys(("importance", "prioritet", "vigtighed", "viktighet", "tärkeys", "priorität", "wichtigkeit",
                     "attachments", "bifogade filer", "vedhæftede filer", "vedlegg", "liitteet", "anlagen"), "other"),
}  # fmt: skip

# What stands between dashes, or before a colon, above an original or forwarded mail.
ORIGINALS = frozenset(
    """original message|originalmeddelande|ursprungligt meddelande|ursprungligt mail|ursprungligt brev
    ursprungligt e-postmeddelande|originalmeddelelse|oprindelig meddelelse|oprindelig besked|original besked|original meddelelse
    oprindelig mail|opprinnelig melding|opprinnelig e-post|original melding|alkuperäinen viesti|alkuperäinen sähköposti
    ursprüngliche nachricht|originalnachricht|original-nachricht|ursprüngliche mail|reply message|original mail
    forwarded message|forwarded mail|forwarded email|forwarded by|begin forwarded message|weitergeleitete nachricht
    weitergeleitete e-mail|anfang der weitergeleiteten nachricht|anfang der weitergeleiteten e-mail|vidarebefordrat meddelande
    vidarebefordrat brev|vidarebefordrat mail|vidarebefordrat e-postmeddelande|vidarebefordrat mejl|videresendt meddelelse
    videresendt besked|videresendt mail|start på videresendt besked|start videresendt besked|videresendt melding
    videresendt e-post|start på videresendt melding|välitetty viesti|edelleenlähetetty viesti|edelleen lähetetty viesti
    välitetty viesti alkaa|alku välitetylle viestille|message d'origine|message transféré|oorspronkelijk bericht
    doorgestuurd bericht|mensaje original|mensaje reenviado|messaggio originale|messaggio inoltrato|wiadomość oryginalna
    lainattu viesti|uudelleenlähetetty viesti|vastattu viesti|svar på meddelande""".replace("\n    ", "|").split("|")
)  # fmt: skip

# "On … wrote": the verb, and how such a line can begin.
VERB = re.compile(
    r"(?<!\w)(?:wrote|writes|skrev|skriver|kirjoitti|kirjoittaa|schrieb|schreibt|geschrieben|a écrit|schreef|escribió"
    r"|ha scritto|escreveu|napisał(?:\(?a\)?)?|napsal(?:\(?a\)?)?|написал(?:\(?а\)?)?)(?!\w)",
    re.IGNORECASE,
)
BEGINS = re.compile(
    r"(?:on|den|på|am|le|op|el|il|em|dne|w dniu|dňa|\d{1,4}[-./ ]"
    r"|(?:m[åa]n|mon|tis|tir|tue|ons|wed|tors?|thu|fre|fri|l[öø]r|sat|s[öø]n|sun|maa?|tii?|kes?|pe|per|la|lau|su|sun"
    r"|mo|di|mi|do|fr|sa|so|die|mit|don|frei|sam|son)\w{0,9}\.?,?\s+(?:den\s+|the\s+)?(?:\d|\w{3,9}\.?\s+\d))",
    re.IGNORECASE,
)
MOMENT = re.compile(r"\b20\d\d\b|\b\d{1,2}[:.]\d\d\b|\b\d{1,2}[./-]\d{1,2}[./-](?:20)?\d\d\b")

# What phones and programs add below a mail.
DEVICE = re.compile(
    r"(?:skicka(?:t|des|d) (?:från|med|via|av|genom)|sänt från|sent (?:from|with|via|using|by) (?!me\b|you\b|us\b)"
    r"|sendt (?:fra|med|via|från)|gesendet (?:von|mit|über|aus)|von mein(?:em|er) .{2,60} gesendet"
    r"|diese nachricht wurde von mein(?:em|er) .{2,60} gesendet|(?:von unterwegs|mobil) gesendet"
    r"|lähetetty (?:\S*(?:phone|pad|puhelim|androidi?|samsung|outlook|windows|gmail|sähköposti|laitte|galaxy)|minun )"
    r"|envoyé (?:de|depuis)|verzonden vanaf|enviado desde|inviato da"
    r"|(?:hämta|skaffa|get|hent|få|skaff deg|last ned|holen sie sich|hanki|lataa|download|téléchargez|laden sie) outlook\b"
    r"|outlook (?:für|för|for|til) (?:ios|android)|yahoo mail|sent with proton)",
    re.IGNORECASE,
)
EXCUSE = re.compile(
    r"excuse|typos?\b|brevity|ursäkta|stavfel|undskyld|beklager|entschuldig|tippfehler|kirjoitusvirhe", re.IGNORECASE
)
DEVICE_LIMIT = 110  # characters; a longer line is somebody's sentence

FOOTER = re.compile(
    r"mailing ?list|e-?postlista|mejllista|postiluettelo|sähköpostilista|adresseliste|mailingliste|unsubscribe|listinfo"
    r"|avregistrera|prenumer|avmeld|afmeld|abmelden|abbestellen|you received this (?:message|e-?mail) because"
    r"|checked for viruses|virus-free|virusfri|avast|virenfrei|viruksia",
    re.IGNORECASE,
)
DISCLAIMER = re.compile(
    r"confidential|konfidentiel|vertraulich|luottamuksel|fortrolig|sekretess|privileged|intended (?:only|solely|recipient)"
    r"|avsedd? (?:endast|enbart)|behandlar (?:vi )?(?:dina )?personuppgift|processing of personal data|before printing"
    r"|innan du skriver ut|skriv(?:er)? (?:inte )?ut (?:detta|denna)|please consider the environment|ta hänsyn till miljön"
    r"|bestimmt (?:ausschließlich|nur)|utilsiktet|fejlagtigt modtaget|av misstag|tarkoitettu vain",
    re.IGNORECASE,
)

_CLOSINGS = r"""
(?:(?:med|sända|tusen|många)\ )?(?:(?:vänlig|vänliga|bästa|varma|varm|soliga|goda|glada|hjärtliga|trevliga|kära)\ )?hälsning(?:ar)?(?:\ från)?
|m\.?v\.?h\.?|vänligen|vänl\.|hälsn\.?|bästa|allt\ gott|kram(?:ar)?|högaktningsfullt|v[äe]nligt
|(?:med\ )?(?:(?:vennlig(?:e)?|venlig(?:e)?|beste|bedste|hjertelig(?:e)?|kærlig(?:e)?|varm(?:e)?|mange|gode|de\ bedste)\ )?
 (?:hilsen|hilsner|hilsener|helsing)(?:\ fra)?|v\.?h\.?|dbh|kh
|(?:(?:ystävällisin|parhain|lämpimin|yhteistyö|kiitollisin|kauniisti|hyvin|kesäisin)\ )?(?:terveisin|terveiset|terv\.?)|yst\.?\ ?terv\.?
|ystävällisesti|kunnioittaen|kiittäen|kiitoksin|t
|(?:mit\ )?(?:(?:freundlich(?:e[mnr]?|st)?|best(?:e[mnr]?)|lieb(?:e[nr]?)|herzlich(?:e[nr]?)|viel(?:e[n]?)|schön(?:e[nr]?)|sonnig(?:e[nr]?))\ )
 (?:gr(?:ü|ue)(?:ß|ss)(?:en|e)?|gru(?:ß|ss))(?:\ aus\ \w+)?|gr(?:ü|ue)(?:ß|ss)(?:e)?|gru(?:ß|ss)|mfg|lg|vg|hochachtungsvoll
|(?:with\ )?(?:(?:best|kind|kindest|warm|warmest|many|sincere|my\ best)\ )?(?:regards|wishes|rgds)|(?:yours\ )?sincerely(?:\ yours)?
|yours(?:\ (?:faithfully|truly))?|cheers|best|all\ the\ best|(?:many\ )?thanks(?:\ again)?|thank\ you|respectfully|br|kr|warmly
"""
CLOSING = re.compile(
    rf"(?P<closing>{_CLOSINGS})(?:\s*[/|]\s*(?:{_CLOSINGS}))?(?:[\s,.!:;–-]+(?P<name>\S.{{0,40}}?))?[\s,.!]*",
    re.IGNORECASE | re.VERBOSE,
)
POSTSCRIPT = re.compile(r"(?:p\.?\s?s\.?|obs)(?:[\s:.!]|$)", re.IGNORECASE)
