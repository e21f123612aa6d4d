"""Nothing that a person newly wrote is hidden, nothing that was quoted is shown as new: client by client."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.mail import read
from channels.mail.html import text_of
from channels.mail.quotes import new_text

NOW = datetime(2026, 9, 28, tzinfo=UTC)
DATA = Path(__file__).parents[1] / "data" / "mail"


def examples() -> list[tuple[str, str | None, str, str]]:
    """(name, author, text, newly written) of each example."""
    out = []
    for record in re.split(r"^=== ", (DATA / "replies.txt").read_text(), flags=re.MULTILINE)[1:]:
        head, _, rest = record.partition("\n")
        name, _, author = head.partition("|")
        text, _, new = rest.partition("--- new\n")
        out.append((name.strip(), author.strip() or None, text, new))
    return out


@pytest.mark.parametrize(("name", "author", "text", "new"), examples(), ids=[example[0] for example in examples()])
def test_new_text(name: str, author: str | None, text: str, new: str) -> None:
    assert new_text(text, author).split() == new.split()


def test_there_are_enough_examples() -> None:
    assert len(examples()) >= 60


@pytest.mark.parametrize(("name", "author", "text", "new"), examples(), ids=[example[0] for example in examples()])
def test_every_line_shown_is_a_line_of_the_mail(name: str, author: str | None, text: str, new: str) -> None:
    lines = {line.strip() for line in text.split("\n")}
    shown = [line.strip() for line in new_text(text, author).split("\n")]
    assert all(line in lines or any(whole.startswith(line) for whole in lines) for line in shown)


OWN_WORDS = [
    "The console says:\n\n> boot ok\n> modem lost\n\nAgain and again.",
    "Temperaturen var\n>45 grader i går\n>50 grader i dag\noch det luktar bränt.",
    "Namn: Eva\nFrån: Malmö\nTill: Lund\nDatum: 21 september\nÄmne: Laddaren startade inte.\n\nJag fick åka vidare.",
    "Datum: 2026-09-21 15:12\nFrån: laddare 21645\nTill: drift\nÄmne: Isolationsfel",
    "The display shows\n>>> ERROR 17 >>>\nand goes dark.",
]


@pytest.mark.parametrize("text", OWN_WORDS)
def test_a_mail_that_answers_none_quotes_nothing_by_a_mark_alone(text: str) -> None:
    assert new_text(text, follows=False) == text
    assert read(f"From: eva@example.org\r\nSubject: Laddaren\r\n\r\n{text}".encode(), NOW).text == text


@pytest.mark.parametrize("fields", ["Subject: Re: Laddaren", "Subject: x\r\nIn-Reply-To: <1@support.example>"])
def test_a_mail_that_answers_one_does(fields: str) -> None:
    raw = f"From: eva@example.org\r\n{fields}\r\n\r\nI går.\n\n> När hände det?\n> Hälsningar".encode()
    assert read(raw, NOW).text == "I går."


def test_a_quote_that_says_whose_it_is_needs_no_more() -> None:
    for quote in (
        "> 21 sep. 2026 kl. 15:12 skrev Kundservice:\n> \n> Hej",
        "> From: Support <k@support.example>\n> Subject: x\n> \n> Hi",
        "On 21/09/2026 15:12, Support wrote:\n> Hi\n> there",
    ):
        assert new_text(f"Ja.\n\n{quote}", follows=False) == "Ja."


def test_b70_two_megabytes_of_history_are_trimmed_in_time() -> None:
    deep = "Ny rad.\n\nDen 21 sep. 2026 kl. 15:12 skrev K <k@x.example>:\n" + "".join(
        f"{'>' * (1 + n % 300)} rad {n}\n" for n in range(100_000)
    )
    assert len(deep) > 2_000_000
    raw = f"Subject: Re: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{deep}".encode()
    begun = time.process_time()
    report = read(raw, NOW)
    assert time.process_time() - begun < 2
    assert (report.text, report.quarantined, report.raw) == ("Ny rad.", None, raw)


PIECES = [
    "hej",
    "Från: a",
    "From: x <a@b.se>",
    "skrev:",
    "wrote:",
    "> ",
    ">",
    "--",
    "-- ",
    "_____",
    "-----Original Message-----",
    ":",
    "Mvh",
    "070-123 45 67",
    "",
    "2026",
    "@",
    "Sent from my iPhone",
    "\ue000",
    "\ue001",
    "|",
    "*",
    "(",
    "Ämne:",
]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=5).map(" ".join), max_size=40).map("\n".join))
def test_any_lines_have_an_answer(text: str) -> None:
    shown = new_text(text, "Eva Hedlund")
    assert set(shown.split()) <= set(text.replace("\ue001", " ").split()) | set(text.split())


@pytest.mark.parametrize(
    "unit",
    [
        "> ",
        "a@b.se skrev:\n",
        "From: x\n",
        "-" * 50 + "\n",
        "On 1 wrote: ",
        "[" * 50,
        "2026-01-01 ",
        "\n",
        " ",
        "070 1",
        "Mvh\n",
        "x" * 500 + ":\n",
        "*_* ",
        "Hej. ",
        "A" * 70 + "\n",
        "Begin forwarded message:\n\n> From: a@b.example\n>\n> x\n\n",
        "--- x --- from: a\n",
        "Mvh\nEva Ek\n070-174 06 01\nKabel 7\n\n",
        '  <a b="c">d</a>\n',
        "References: <1@x.example>\n",
        "Felkod 12:\n",
    ],
)
def test_time_grows_with_length_only(unit: str) -> None:
    import time

    text = unit * (300_000 // len(unit))
    begun = time.process_time()
    new_text(text, "Eva Hedlund")
    assert time.process_time() - begun < 1.5


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "Någon har av misstag backat in i laddaren så att kabeln ryker. Skriv ett meddelande när den är lagad, ok.",
            "ryker",
        ),
        (
            "Please keep this message confidential. Our neighbour cut the cable at charger 21052, the lid hangs down.",
            "lid",
        ),
        ("Laddaren är trasig.\n\nMvh Anna Berg\nTel 070-123 45 67\nStorgatan 5\nDet luktar bränt", "luktar bränt"),
        ("Se nedan.\n\n--\nLaddare 21052\nUttag 2\nRök ur kontakten", "Rök ur kontakten"),
        ("Se nedan.\n\n-----\nLaddare 21052\nVill avsluta prenumerationen", "Vill avsluta prenumerationen"),
        ("See below.\n\n=====\nCharger 20417\nPlease unsubscribe my card from it", "unsubscribe my card"),
        ("On 1 March 2026 at 10:00 our guard bob@x.example writes:\nThe cable is on fire", "on fire"),
        ("We need:\n- both cables\n--\n- nobody in bay 2\n\nKind regards", "nobody in bay 2"),
    ],
)
def test_words_that_only_look_like_a_footer_are_shown(text: str, shown: str) -> None:
    assert shown in new_text(f"Hej!\n\n{text}", "Anna Berg", follows=False)


@pytest.mark.parametrize(
    "line",
    [
        "Hämta BlueMail för Android",
        "Lähetetty Nine-sovelluksesta",
        "Get Spark Mail for iOS",
        "Skaff BlueMail for Android",
        "Få BlueMail til Android",
        "BlueMail für Android herunterladen",
        "Hae Outlook for iOS",
        "Hanki Outlook iOS:lle",
        "Lähetetty Proton Mailista",
        "Lähetetty Windows 10:n Sähköposti -sovelluksesta",
        "Get BlueMail for Mobile",
        "Yahoo Mail: Search, Organize, Conquer",
        "Sent with Tuta, enjoy secure & ad-free emails:\nhttps://tuta.com",
        "Citando Kundservice <kundservice@support.example>:\n> gammalt",
        "Obter o Outlook para Android",
        "Obtener Outlook para iOS",
        "Ottieni Outlook per Android",
        "Outlook voor iOS downloaden",
        "Az iPhone-omról küldve",
        "أُرسلت من الـ iPhone",
    ],
)
def test_what_other_programs_add_is_not_new(line: str) -> None:
    assert new_text(f"Fungerar nu.\n\n{line}") == "Fungerar nu."


@pytest.mark.parametrize(
    "line",
    [
        "Skickat från laddare 21052",
        "Skickat med posten i måndags",
        "Skickat via formuläret, inget svar",
        "Sent from the parking below the school",
        "Sent by courier last Monday",
        "Sent via the app, error 14",
        "Sendt fra lader 21052",
        "Sendt med posten på mandag",
        "Sendt via skjemaet i går",
        "Lähetetty minun kortilla eilen",
        "Gesendet mit der Post am Montag",
        "Gesendet von Säule 21052",
    ],
)
def test_where_or_how_somebody_sent_something_is_their_own(line: str) -> None:
    assert new_text(f"Kortet fungerar inte.\n\n{line}") == f"Kortet fungerar inte.\n\n{line}"


def test_a_warning_of_a_rare_sender_is_not_theirs() -> None:
    warning = "[You don't often get email from a@b.example. Learn why this is important at https://aka.example/x ]"
    assert new_text(f"{warning}\n\nStill dead.") == "Still dead."


WARNINGS = (
    "CAUTION: This email originated from outside of the organization. Do not click links or open attachments unless "
    "you recognize the sender and know the content is safe.",
    "Varning: Detta e-postmeddelande kommer från en extern avsändare. Klicka inte på länkar.",
    "ADVARSEL: Denne e-posten kommer fra en ekstern avsender. Klikk ikke på lenker.",
    "Externe E-Mail. Öffnen Sie keine Anhänge.",
    "EXTERNAL EMAIL\nDo not click links or attachments.",
    "CAUTION: This email originated from outside this organisation. Do not open links or attachments unexpectedly.",
)


@pytest.mark.parametrize("warning", WARNINGS)
@pytest.mark.parametrize("below", ["\n", " ", "\n\n"])
@pytest.mark.parametrize("written", ["Charger 21052 is burning.", "Kabeln ryker", "Uttaget är dött.\nKom nu."])
def test_only_the_warning_goes_not_the_sentence_right_below(warning: str, below: str, written: str) -> None:
    assert new_text(f"{warning}{below}{written}\n\nAnna").split() == [*written.split(), "Anna"]


MARKINGS = (
    "Classification: Internal",
    "[Informationsklass: Intern]",
    "Informationsklass: K1",
    "Sensitivity: Public",
    "Sensitivity label: Highly Confidential \\ All Employees",
    "Classified as Rowan Internal",
    "TLP:AMBER+STRICT",
    "Klassning: Intern",
    "Säkerhetsklass: Öppen",
    "Klassifisering: Åpen",
    "Klassifikation: Fortrolig",
    "Turvallisuusluokka: TL IV",
    "Luokitus: Sisäinen",
    "Klassifizierung: Öffentlich",
    "Vertraulichkeit: Intern",
)


@pytest.mark.parametrize("marking", MARKINGS)
@pytest.mark.parametrize(
    "text", ["{}\n\nHej,\nladdaren är död.", "\n{}\nHej,\nladdaren är död.", "Hej,\nladdaren är död.\n\n{}"]
)
def test_how_secret_a_mail_is_nobody_wrote(marking: str, text: str) -> None:
    assert new_text(text.format(marking)) == "Hej,\nladdaren är död."


@pytest.mark.parametrize(
    "mark",
    ["[EXTERN]", "[EXTERNAL EMAIL]", "**EXTERNAL**", "[Ekstern e-post]", "*** Internal use only ***", "[Internal]"],
)
@pytest.mark.parametrize("warning", ["", f"{WARNINGS[0]}\n", f"{WARNINGS[1]}\n\nKlassning: Intern\n"])
def test_a_mark_above_a_mail_is_not_its_senders(mark: str, warning: str) -> None:
    assert new_text(f"{mark}\n{warning}\nLaddare 21052 är död.") == "Laddare 21052 är död."


def test_a_mark_before_the_first_words_is_not_theirs() -> None:
    assert new_text("[EXTERN] Hej, laddaren är död.") == "Hej, laddaren är död."


@pytest.mark.parametrize(
    "said",
    [
        "Class: the cable is burning",
        "Classification: the cable is burning",
        "Sensitivity: public charger is dead",
        "Klassning: laddare 21052",
        "Känslighet: kortläsaren",
        "[P2]",
        "Extern laddare",
        "Internal",
        "Öppen",
    ],
)
def test_words_that_only_look_like_a_marking_are_shown(said: str) -> None:
    assert new_text(f"{said}\n\nDen är död.") == f"{said}\n\nDen är död."


@pytest.mark.parametrize(
    "signature",
    [
        "Mvh\nEva Ek\n{}\nStorgatan 5, Lund\n070-174 06 01",
        "Kind regards\n\nEva Ek\n{}\nRowan Ltd\n+46 70 174 06 01",
        "Mit freundlichen Grüßen\nEva Ek\nMusterstraße 5, 80331 München\n{}",
        "--\nEva Ek\n{}\nTel 070-174 06 01",
        "Eva Ek\n{}\nStorgatan 5, Lund",
    ],
)
@pytest.mark.parametrize(
    "place", ["Laddare 21052", "Parking level 3, bay 44", "Garageplats 14", "Stellplatz 14", "Charger 20417"]
)
def test_a_charger_or_bay_within_a_signature_is_told(signature: str, place: str) -> None:
    shown = new_text(f"Den startar inte, felkod 12.\n\n{signature.format(place)}", "Eva Ek", follows=False)
    assert place in shown
    assert "Storgatan" not in shown
    assert "174 06" not in shown


@pytest.mark.parametrize(
    "signature",
    [
        "Mvh\nEva Ek\n070-174 06 01",
        "Best regards\nEva Ek\n12 High Street\n+46 70 174 06 01",
        "Venlig hilsen\nEva\n\nEva Ek\neva@ek.example",
        "Mit freundlichen Grüßen\n\nEva Ek\nMusterstraße 5\n80331 München\nTel 070 174 06 01",
        "Eva Ek\nStorgatan 5, Lund\n070-174 06 01",
    ],
)
@pytest.mark.parametrize(
    "words",
    [
        "Kabeln fast i bilen",
        "Volvo EX30, ABC123",
        "Cable stuck since noon",
        "Kaapeli jumissa\nVirhe 12",
        "Kablet klemt fast\nFejl 7",
        "Kabel klemmt",
        "https://pictures.example/a/display-of-the-charger.jpg",
    ],
)
def test_short_words_below_a_signature_are_shown(signature: str, words: str) -> None:
    shown = new_text(f"Den startar inte.\n\n{signature}\n{words}\n", "Eva Ek", follows=False)
    assert shown.split()[-len(words.split()) :] == words.split()
    assert "174 06" not in shown


@pytest.mark.parametrize(
    "fault", ["Felkod 12", "Error code: E14", "Feilkode 7", "Fejl 31", "Virhekoodi 9", "Fehler 22"]
)
def test_a_fault_within_a_signature_is_told(fault: str) -> None:
    shown = new_text(f"Den startar inte.\n\nMvh\nEva Ek\n{fault}\n070-174 06 01", "Eva Ek", follows=False)
    assert fault in shown
    assert "174 06" not in shown


@pytest.mark.parametrize(
    "place",
    [
        "Ekholms Livs\nStorgatan 5\n222 22 Lund",
        "Rowan Retail Park\nMill Street 12\nLeeds",
        "Havnens Parkering\nKystvej 4\n8000 Aarhus",
        "Kauppakeskus Koivu\nKoivukatu 3\n20100 Turku",
        "Markt Nord\nMusterstraße 5\n80331 München",
    ],
)
@pytest.mark.parametrize("below", ["", "Kan ni komma i dag?", "Thanks\nEva"])
def test_an_address_in_a_paragraph_of_its_own_is_where_the_charger_stands(place: str, below: str) -> None:
    text = f"Laddaren är trasig på\n\n{place}\n\n{below}".strip()
    assert new_text(text, "Eva Ek", follows=False) == text


@pytest.mark.parametrize("link", ["https://pictures.example/a/7731", "[see https://maps.example/@55.70,13.19]"])
def test_a_link_to_a_page_makes_no_signature(link: str) -> None:
    text = f"Se bilden på displayen.\n\nMvh Eva\n\n{link}"
    assert new_text(text, "Eva Ek", follows=False) == text


def test_the_senders_name_within_the_text_signs_nothing() -> None:
    text = "Hej\n\nEva Ek\nLund\n\nLaddaren på gården är död sedan i går. Kan ni starta om den?"
    assert new_text(text, "Eva Ek", follows=False) == text


@pytest.mark.parametrize("words", ["Kabeln sitter fast. Jag väntar här", "It blinks red. Please call me"])
@pytest.mark.parametrize("kind", ["gmail_signature", "moz-signature"])
def test_what_stands_below_a_marked_signature_is_shown(kind: str, words: str) -> None:
    source = f'<p>Hej</p><div>-- <br><div class="{kind}">Eva Ek<br>070-174 06 01</div></div><div>{words}</div>'
    assert new_text(text_of(source), "Eva Ek", follows=False) == f"Hej\n\n{words}"
    assert new_text(f"Hej\n\n--\nEva Ek\n070-174 06 01\n\n{words}", "Eva Ek") == f"Hej\n\n{words}"


@pytest.mark.parametrize(
    ("author", "signature", "shown"),
    [
        ("Eva Ek", "Hälsningar,\nEva\n\nEva Ek\nRektorsassistent, Lindskolan", "Hälsningar, Eva"),
        ("Jeppe Juhl", "Hilsen\nJeppe\n\nJeppe Juhl\nHavneboligerne", "Hilsen Jeppe"),
        ("Fastighetsjouren via Kommunservice", "Med vänlig hälsning\n\nMira Lindahl\nFastighetsjouren", ""),
        ("Harbour Parking (Desk)", "Kind regards,\n\nOrla Byrne\nHarbour Parking", ""),
    ],
)
def test_a_block_is_known_by_the_name_that_the_mail_came_under(author: str, signature: str, shown: str) -> None:
    assert new_text(f"22044 är död.\n\n{signature}", author).split() == ["22044", "är", "död.", *shown.split()]


RULE = "-" * 46
HEADS = [
    ("Eva (Brf Eken), 25 sep. 2026 14:41 CEST", "Kundservice, 24 sep. 2026 10:03 CEST"),
    ("Eva, Sep 25, 2026, 2:41 PM", "Kundservice, Sep 24, 2026, 10:14"),
    ("Eva Ek 25.09.2026 14:41", "Kundservice 24.09.2026 10:03"),
]


@pytest.mark.parametrize(("newest", "older"), HEADS)
@pytest.mark.parametrize(
    "lead",
    [
        "##- Skriv ditt svar ovanför den här raden -##\n\nDitt ärende (88231) har uppdaterats. Svara på mejlet.",
        "##- Please type your reply above this line -##\n\nYour request (88231) has been updated. Reply to this email.",
        "--- Svar venligst over denne linje ---",
        "-- Bitte antworten Sie über dieser Zeile --\n\nIhre Anfrage (88231) wurde aktualisiert.",
    ],
)
def test_the_newest_comment_of_a_desk_is_new(lead: str, newest: str, older: str) -> None:
    text = f"{lead}\n\n{RULE}\n\n{newest}\n\nStill dark.\n\nRegards\nEva\n\n{RULE}\n\n{older}\n\nIs it dark?"
    assert new_text(text) == "Still dark.\n\nRegards\nEva"
    text = f"##- Reply above this line -##\n\nStill dark.\n\nEva\n\n{RULE}\n\n{older}\n\nIs it dark?"
    assert new_text(text) == "Still dark.\n\nEva"


@pytest.mark.parametrize(
    "text",
    [
        "—-—-—-—\nReply above this line.\n\nEva Ek commented:\n\nStill dark.",
        "—-—-—-—\nSvara ovanför den här raden.\n\nEva Ek kommenterade:\n\nStill dark.",
        "Vastaa tämän rivin yläpuolelle\n\nEva Ek kommentoi:\n\nStill dark.",
        "##- Veuillez saisir votre réponse au-dessus de cette ligne -##\n\nStill dark.",
        "##- Por favor, escriba su respuesta por encima de esta línea -##\n\nStill dark.",
        "##- Digita la risposta sopra questa riga -##\n\nStill dark.",
        "##- Typ uw antwoord boven deze lijn -##\n\nStill dark.",
        "Ref:MSG88120771_k0aaQ\n24-09-2026 09:29:48 CEST - Eva Ek (Additional comments)\nStill dark.\n\n"
        "23-09-2026 15:02:10 CEST - Kundservice (Additional comments)\nIs it dark?",
        "2026-09-24 09:29 - Eva Ek (Kommentarer)\nStill dark.\n\n2026-09-23 15:02 - Kundservice (Kommentarer)\nÄr det?",
        "Still dark.\n\nTicket #771042 | Status: Waiting | Company: Brf\nKundservice 30-09-2026 09:02\nIs it dark?",
        "<URL: https://rt.example/Ticket/Display.html?id=58213 >\n\nStill dark.",
    ],
)
def test_how_desks_lead_to_a_comment_is_not_new(text: str) -> None:
    assert new_text(text) == "Still dark."


@pytest.mark.parametrize(
    "footer",
    [
        "This email is a service from Brf Eken. Delivered by Zendesk\n\n[7QX1K2-Z88M]",
        f"{RULE}\nDet här mejlet är en tjänst från Brf Eken. Levereras av Zendesk",
        "View request: https://desk.example/4410\nTurn off this request's notifications: https://desk.example/u/4410",
        "thread::Xq77a10cTzuRk50::",
        "ref:_00D70077a._50070Xq:ref",
        "You can view all the details of the incident by following the link below:\nTake me to the Incident\n\n"
        "Unsubscribe | Notification Preferences",
        "________________\nVi håber, at svaret hjalp dig. Du kan se sagen her: https://sag.example/view?auth=1",
        "Du får det här nyhetsbrevet för att du prenumererar på Elnytt.\nAvsluta prenumerationen",
        "You are receiving this newsletter because you subscribed to Elnytt.\nUnsubscribe",
        "Powered by Intercom",
    ],
)
def test_what_desks_and_newsletters_put_below_is_not_new(footer: str) -> None:
    assert new_text(f"The post is dark.\n\nAnna\n\n{footer}") == "The post is dark.\n\nAnna"


@pytest.mark.parametrize(
    "text",
    [
        "Please:\n\nUnsubscribe",
        "The label says\n\n[21052-44120]",
        "It is\n\nRef:21052",
        "Stäng av laddaren här: https://karta.example/21052",
        f"Log of the night:\n{RULE}\nEva, 24 Sep 2026 10:03\nDark.",
        "2026-09-24 09:29 - post 4 went dark\n2026-09-24 09:31 - post 4 came back",
        "Svara ovanför den här raden, står det i era mejl, men hur gör man det?",
        "Ticket #771042 | Status: open\nNobody has called.",
    ],
)
def test_words_that_only_look_like_a_desks_are_shown(text: str) -> None:
    assert new_text(text).split() == text.split()


@pytest.mark.parametrize(
    "mention",
    [
        "It only says\n\n-----Original Message-----\n\nand then nothing more.",
        "Överst står\n----- Ursprungligt meddelande -----\noch sedan inget.",
        "Oben steht nur\n\n-------- Weitergeleitete Nachricht --------\n\nund weiter nichts.",
    ],
)
def test_a_mark_within_a_sentence_is_somebodys_own(mention: str) -> None:
    assert new_text(mention).split() == mention.split()
    assert new_text(f"{mention}\n\n-----Original Message-----\nFrom: us@x.example\nSent: today\n\nOld.") == mention


@pytest.mark.parametrize(
    "says", ["See my answers inline, marked EE.", "Mina svar står nedan.", "Meine Antworten stehen unten."]
)
def test_answers_between_marked_lines_below_a_header_are_new(says: str) -> None:
    head = "-----Original Message-----\nFrom: Us <us@x.example>\nSent: Monday, 21 September 2026 8:12\nSubject: Posts"
    text = f"{says}\n\n{head}\n\n> 1. Which posts?\n\n[EE] 26340.\n\n> 2. The tag too?\n\n[EE] No.\n\n> Us\n\nEva"
    assert new_text(text) == f"{says}\n\n[EE] 26340.\n\n[EE] No.\n\nEva"
    assert new_text(f"{says}\n\n{head}\n\nWhich?\n\n> Older.") == says


WITHIN = "Hej Anna,\n1. Vilken laddare är det?\n21052, vid garageporten\n2. När hände det?\nI går kväll"


def shown_as(form: str, says: str) -> str:
    """A mail that says where its answers stand, as programs write it that tell them apart by colour alone."""
    attribution = "Den 3 mars 2026 09:14 skrev Kundservice <a@support.example>:"
    coloured = "".join(
        f'<div style="color:{"red" if n % 2 == 0 and n else "black"}">{line}</div>'
        for n, line in enumerate(WITHIN.split("\n"))
    )
    marked = "\n".join(f"> {line}" for line in WITHIN.split("\n"))
    return {
        "marked": f"Hej,\n{says}\n\n{attribution}\n\n{marked}\n>\n> > Den 1 mars 2026 08:00 skrev Anna:\n> > gammalt",
        "unmarked": f"Hej,\n{says}\n\n{attribution}\n\n{WITHIN}",
        "block": f"Hej,\n{says}\n\nFrån: Kundservice <a@support.example>\nSkickat: den 3 mars 2026 09:14\n"
        f"Till: Anna\nÄmne: Laddare\n\n{WITHIN}",
        "html": text_of(
            f'<div>Hej,<br>{says}</div><br><div class="gmail_quote"><div class="gmail_attr">{escape(attribution)}</div>'
            f'<blockquote class="gmail_quote">{coloured}</blockquote></div>'
        ),
    }[form]


@pytest.mark.parametrize("form", ["marked", "unmarked", "block", "html"])
@pytest.mark.parametrize(
    "says",
    [
        "Se mina svar i rött nedan.",
        "Jag har svarat med grön text.",
        "Se rött nedan.",
        "See my answers in red below.",
        "I have replied in blue.",
        "Mine svar står med rødt.",
        "Jeg har skrevet svarene i teksten.",
        "Vastaukseni punaisella alla.",
        "Vastasin tekstin sekaan.",
        "Meine Antworten in rot.",
        "Meine Antworten sind blau markiert.",
    ],
)
def test_answers_that_a_colour_alone_tells_apart_are_shown_with_what_they_answer(form: str, says: str) -> None:
    assert new_text(shown_as(form, says)).split() == ["Hej,", *says.split(), *WITHIN.split()]


@pytest.mark.parametrize("form", ["marked", "unmarked", "block", "html"])
@pytest.mark.parametrize("says", ["Tack för ditt svar nedan.", "Thanks for your reply below.", "Den är död."])
def test_the_old_mail_is_not_shown_where_nobody_says_that_answers_stand_in_it(form: str, says: str) -> None:
    assert new_text(shown_as(form, says)).split() == ["Hej,", *says.split()]


@pytest.mark.parametrize(
    "header",
    [
        "----- Vidarebefordrat meddelande ----- Från: Eva Ek <eva@ek.example>Till: x <x@b.example>Skickat: mån 2 mars"
        " 2026 10:04:11 CETÄmne: laddaren",
        "   ----- Videresendt melding ----- Fra: Eva Ek <eva@ek.example>Til: a@b.exampleSendt: mandag 2. mars 2026",
        "----- Edelleenlähetetty viesti ----- Lähettäjä: Eva Ek <eva@ek.example>Vastaanottaja: a@b.example",
        "-------- Originalmeddelande --------Från: Eva Ek <eva@ek.example> Datum: 2026-03-02  10:04  (GMT+01:00)"
        " Till: x Ämne: Sv: laddaren",
        "-------- Oprindelig besked --------Fra: Eva Ek Dato: 02.03.2026  10.04  (GMT+01:00) Til: x Emne: Re: lader",
        "-------- Ursprüngliche Nachricht --------Von: Eva Ek <eva@ek.example> Datum: 02.03.26  10:04 An: x Betreff:",
        "-------- Original message --------From: Eva Ek <eva@ek.example> Date: 02/03/2026  10:04 To: x Subject:",
    ],
)
def test_a_header_right_behind_its_title_is_one(header: str) -> None:
    assert new_text(f"Se nedan.\n\n{header}\nDet gamla brevet.\nDess andra rad.") == "Se nedan."


@pytest.mark.parametrize(
    "text",
    [
        "--- Original plan --- from Monday on: we park outside.",
        "Displayen visar\n--- original message --- error: 14\noch blinkar.",
    ],
)
def test_words_between_rules_that_begin_no_header_are_somebodys_own(text: str) -> None:
    assert new_text(text) == text


@pytest.mark.parametrize(
    "title", ["Begin forwarded message:", "Vidarebefordrat meddelande:", "-------- Weitergeleitete Nachricht --------"]
)
@pytest.mark.parametrize("below", ["Så skrev hon i går. Vad gäller?", "This is what they told me\n\nEva"])
def test_what_stands_below_a_forwarded_mail_with_marks_is_new(title: str, below: str) -> None:
    old = "> From: Ola Ek <ola@ek.example>\n> Subject: charger\n> Date: 2 March 2026 10:04\n>\n> It is dead.\n>\n> Ola"
    assert new_text(f"Hej\n\n{title}\n\n{old}\n\n{below}") == f"Hej\n\n{below}"
    header = old.replace("> ", "").partition("\n>")[0]
    assert new_text(f"Hej\n\n{title}\n\n{header}\n\nIt is dead.\n\n{below}") == "Hej"


@pytest.mark.parametrize(
    "line",
    [
        "Op 02/03/2026 10:04 heeft Eva Ek <eva@ek.example> geschreven:",
        "Wiadomość napisana przez Eva Ek <eva@ek.example> w dniu 2 mar 2026, o godz. 10:04:",
    ],
)
def test_who_wrote_an_old_mail_in_other_languages(line: str) -> None:
    assert new_text(f"Se nedan.\n\n{line}\n\nDet gamla brevet.") == "Se nedan."


def test_what_a_relay_broke_off_quoted_lines_is_quoted() -> None:
    text = (
        "Thanks, solved.\n\n"
        "On Thu, 24 Sep 2026 at 16:48 Us <us@x.example> wrote:\n\n"
        "> We see that both of the posts in the yard have lost their\nconnection at 14:10\n"
        "> and did not come back. Is the power out there, or did someone\ntouch the\n"
        "> network in the cabinet, number 22590 or\n22591.\n>"
    )
    assert new_text(text) == "Thanks, solved."


def test_short_answers_right_between_quoted_lines_are_new() -> None:
    asked = "On Thu, 24 Sep 2026 at 16:48 Us <us@x.example> wrote:\n"
    text = f"{asked}> Which of the posts is it and since when is it dark\nall of them\n> And the tag\nworks\n> Us"
    assert new_text(text) == "all of them\n\nworks"


@pytest.mark.parametrize(
    "old",
    [
        "---- Kundservice skrev ----\n\nFungerar den nu?",  # telephones
        "---- Eva Ek wrote ----\n\nFungerar den nu?",
        "发件人： Kundservice\n发送时间： 2026-09-21 10:12\n收件人： li\n主题： 充电桩\nFungerar den nu?",  # Foxmail
        "--------- 원본 메일 ---------\n보낸사람: K <k@x.example>\n받는사람 : <k@y.example>\n제목: x\nFungerar den nu?",
        "\u2063Skaffa BlueMail för Android\n\nDen 21 sep. 2026 10:12, K <k@x.example> skrev:\n>Fungerar den nu?",
    ],
)
def test_old_mails_below_what_some_programs_write_are_not_new(old: str) -> None:
    raw = f"Subject: Re: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nJa, tack.\n\n{old}\n"
    assert read(raw.encode(), NOW).text == "Ja, tack."


@pytest.mark.parametrize(
    "title", ["---- Det jag skrev ----", "--- Så här står det ---", "---- Bilagor jag skriver om ----"]
)
def test_a_title_of_ones_own_is_shown(title: str) -> None:
    text = f"Hej!\n\n{title}\n\nLaddaren är död."
    assert new_text(text) == text


def test_the_header_of_an_old_mail_in_an_indentation_is_known_and_what_stands_below_is_new() -> None:
    old = "envoyé : 21 septembre 2026 à 10:12<br>de : K &lt;k@x.example&gt;<br>à : j@y.example<br>objet : Borne"
    raw = (
        "Subject: Re: Borne\r\nContent-Type: text/html; charset=utf-8\r\n\r\nMerci.<blockquote style='margin-left"
        f":0'><p>{old}</p><p>Marche-t-elle ?</p></blockquote><p>La 24352 aussi.</p>"
    )
    assert read(raw.encode(), NOW).text == "Merci.\n\nLa 24352 aussi."


NOTES = [
    "Support/Desk/Example\n03/03/2026 09:12\n        To      Eva Ek/Kund\n        cc      Per Berg/Kund\n"
    "        Subject Re: Laddaren",
    "Support <support@desk.example> \n2026-03-03 09:12\n\nTo\nEva Ek <eva@kund.example>\ncc\n\nSubject\nRe: Laddaren",
    '"Support" <support@desk.example>\n03.03.2026 09:12\n\nAn\n<eva@kund.example>\nKopie\n\nThema\nRe: Laddaren',
    '             "Support"\n             <support@desk.example>\n'
    "                                                  To\n"
    '             03/03/2026 09:12      "Eva Ek" <eva@kund.example>\n'
    "                                                  cc\n\n"
    "                                             Subject\n                         Re: Laddaren",
    "Support <support@desk.example>    To       Eva Ek <eva@kund.example>\ncc\n"
    "03/03/2026 09:12                  Subject  Re: Laddaren",
    "To       Eva Ek <eva@kund.example>\ncc\nSupport <support@desk.example>    Subject  Re: Laddaren\n\n"
    "03/03/2026 09:12",
    "Support <support@desk.example>\nSent by: Bo Ek <bo@desk.example>\n03/03/2026 09:12\nPlease respond to\n"
    "Support <support@desk.example>\n\nTo\nEva Ek <eva@kund.example>\ncc\n\nSubject\nRe: Laddaren",
]


@pytest.mark.parametrize("header", NOTES)
def test_the_header_of_an_old_mail_without_colons_is_known(header: str) -> None:
    assert new_text(f"Den är fortfarande död.\n\n\n\n{header}\n\n\nHar ni startat om den?") == "Den är fortfarande död."


@pytest.mark.parametrize(
    "text",
    [
        "Vi kom 03/03/2026 09:12 och gick 10:30.\n\nTo\nuse it, press the button.\n\nSubject\nto change.",
        "Eva tried it at\n2026-03-03 09:12\nTo\nno\nSubject\navail. Nothing.",
        "Fält i formuläret:\n\nTo\nSubject\n\nBåda är tomma sedan 2026-03-03 09:12, skriv till eva@kund.example.",
    ],
)
def test_words_that_only_could_be_such_a_header_are_shown(text: str) -> None:
    assert new_text(text) == text


@pytest.mark.parametrize("mark", [" |", "|", "| ", " EE> ", ": ", "# ", "} "])
def test_answers_below_marks_of_a_programs_own_are_shown(mark: str) -> None:
    old = [f"{mark}{line}" for line in ("Hur länge har den varit död?", "Och har ni startat om den?")]
    led = "Den 21 sep. 2026 10:12 skrev Eva Ek <eva@kund.example>:"
    text = f"{led}\n{old[0]}\n{old[1]}\n\nSedan i går.\n\n{mark}Lyser den?\n\nNej."
    assert new_text(text).split() == ["Sedan", "i", "går.", "Nej."]


def test_an_old_mail_that_begins_with_a_table_is_not_new() -> None:
    table = "|laddare|fel|\n|21052|17|"
    text = f"Tack!\n\nDen 21 sep. 2026 10:12 skrev Eva Ek <eva@kund.example>:\n{table}\n\nFungerar den?"
    assert new_text(text) == "Tack!"


@pytest.mark.parametrize(
    "above",
    [
        "Excerpts from Support's message of March 3, 2026 10:00 am:\n> ",
        "Excerpts from Support's message of Tue Mar 03 10:00:02\n+0100 2026:\n> ",
        "In message <a.1@support.example>, Support <help@support.example> writes:\n",
        "In message <a.1.reply@support.example>,\nSupport <help@support.example>\nwrites:\n",
        "In article <a.1@support.example>, Support writes:\n> ",
        "I meddelandet <a.1@support.example> skrev Kundservice:\n",
        "Excerpts from Support's message of March 3, 2026 10:00 am:\n",
        "Excerpts from Support's message of Tue Mar 03 10:00:02\n+0100 2026:\n\n",
    ],
)
def test_what_names_the_mail_that_is_quoted_is_not_new(above: str) -> None:
    assert new_text(f"Det går inte.\n\n{above}Har du provat?") == "Det går inte."


@pytest.mark.parametrize("name", ['"Eva Ek"', "Eva Maria Ek", '"Ek, Eva (Kundservice)"'])
@pytest.mark.parametrize("day", ["2026-03-02 10:04", "Mon, 2 Mar 2026 10:04:07 +0100", "den 2 mars 2026 kl. 10:04"])
@pytest.mark.parametrize("old", ["Har du provat?", "> Har du provat?"])
def test_an_author_on_lines_above_the_day_is_not_new(name: str, day: str, old: str) -> None:
    assert new_text(f"Den laddar nu.\n\n{name}\n<eva@ek.example>\n{day}\nskrev:\n\n{old}") == "Den laddar nu."


def test_words_above_an_attribution_that_name_an_address_are_shown() -> None:
    written = "Svara hellre till\n<bo@ek.example>"
    old = "Den 2 mars 2026 kl. 10:04\nskrev:\n> Har du provat?"
    assert new_text(f"{written}\n{old}") == written


@pytest.mark.parametrize(
    "text",
    [
        "I article 3 of the agreement, you write:\nwe get money back.",
        "I mejlet, in message <a@b.example>, fick jag svar.\nDet stod:\nNi kommer i morgon.",
        "Excerpts from your message of 3 March 2026:\nThe cable is on fire.",
    ],
)
def test_what_only_begins_so_is_shown(text: str) -> None:
    assert new_text(f"Hej!\n\n{text}") == f"Hej!\n\n{text}"


@pytest.mark.parametrize(
    "old",
    [
        ">>> Eva Ek <eva@ek.example> 10/22/26 21:02 >>>\n\nhar du provat?",
        "<div>-------- Original message --------</div><div>From: Eva Ek <eva@ek.example> </div>"
        "<div>Date:12/02/2026  09:48  (GMT+01:00) </div><div>To: bo@bo.example </div>"
        "<div>Subject: Re: kabel </div><div>\n</div>Har du provat?",
        '**Gesendet:** Mittwoch, 3. Juni 2026 um 09:43\n\n**Von:** "Eva" <eva@ek.example>\n\n'
        "**An:** <bo@bo.example>\n\n**Betreff:** Kabel\n\nHar du provat?",
        "Skickat från min iPhone\n\neva@ek.example skrev:\n\nHar du provat?",
        "Eva Ek skrev den 3 mars 2026 kl. 10:00:\n\nHar du provat?",
        "Eva Ek schrieb am Do. 20. Juni 2026 um 14:49:\n    Har du provat?",
    ],
)
def test_old_mails_that_begin_in_a_way_of_their_own_are_not_new(old: str) -> None:
    assert new_text(f"Det gick\n\n{old}") == "Det gick"


@pytest.mark.parametrize(
    "written",
    [
        "Elektrikern skrev den 3 mars 2026 kl. 10:00:\n\nVi kommer. Men de kom inte.",
        "eva@ek.example skrev:\n\nVi kommer. Men hon kom inte.",
    ],
)
def test_what_somebody_tells_of_a_mail_is_shown(written: str) -> None:
    assert new_text(f"Hej!\n\n{written}") == f"Hej!\n\n{written}"


def test_a_line_like_a_label_above_a_header_is_shown() -> None:
    header = "Von: Eva <eva@ek.example>\nGesendet: 3. Juni 2026 09:43\nAn: bo@bo.example\nBetreff: Kabel\n\nHar du?"
    assert new_text(f"Ja.\n\nDatum: 3 mars\n\n{header}") == "Ja.\n\nDatum: 3 mars"


@pytest.mark.parametrize(
    "footer",
    [
        "Disclaimer\n\nThe information contained in this communication from the sender is confidential. It is intended "
        "solely for use by the recipient.\n\nThis email has been scanned for viruses and malware, and may have been "
        "archived by Example Ltd.",
        "Detta e-postmeddelande har kontrollerats av Exempel med avseende på virus.",
        "Diese E-Mail wurde von Beispiel auf Viren geprüft.",
        "Tämä viesti on tarkistettu virusten varalta.",
    ],
)
def test_what_a_scanner_and_its_lawyers_put_below_is_not_new(footer: str) -> None:
    assert new_text(f"Kabeln sitter fast.\n\n{footer}") == "Kabeln sitter fast."


@pytest.mark.parametrize(
    "text",
    [
        "This email has been scanned for viruses, I hope: the charger smells of burning.",
        "Disclaimer\n\nJag är ingen elektriker, men laddaren luktar.",
    ],
)
def test_words_that_only_begin_as_a_scanners_are_shown(text: str) -> None:
    assert new_text(f"Kabeln sitter fast.\n\n{text}") == f"Kabeln sitter fast.\n\n{text}"


@pytest.mark.parametrize(
    "title", ["Original Message processed by david®", "Original-Nachricht verarbeitet von Beispiel 12"]
)
def test_an_old_mail_below_a_title_that_names_its_program_is_not_new(title: str) -> None:
    header = "AW: Kabel 9. August 2026, 12:44 Uhr\nVon Eva Ek\nAn Bo Ek"
    assert new_text(f"Danke, es lädt.\n\n{title}\n{header}\n\nHaben Sie es probiert?") == "Danke, es lädt."
