"""The SMS door: every message is kept before it is acknowledged, and nobody is answered by machine from here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.answers import Question
from channels.report import ANSWER, START, STOP, UNSOLVED, Channel, NotStored, Outcome, Receipt, Report, Unconfirmed
from channels.sms import EMPTY, SmsDoor

NOW = datetime(2026, 9, 14, 3, 0, tzinfo=UTC)
OURS = "+46313900100"


@dataclass
class Desk:
    """Everything an SMS door is given."""

    reports: dict[str, Report] = field(default_factory=dict)
    spooled: dict[str, Report] = field(default_factory=dict)
    pictures: dict[str, bytes | None] = field(default_factory=dict)
    deliveries: list[tuple[str, str, str | None]] = field(default_factory=list)
    questions: dict[str, Question] = field(default_factory=dict)
    ratings: list[tuple[str, int]] = field(default_factory=list)
    conclusions: dict[str, Unconfirmed] = field(default_factory=dict)
    confirmed: list[int] = field(default_factory=list)
    away: bool = False
    full: bool = False

    async def accept(self, report: Report) -> Receipt:
        if self.away:
            raise NotStored("away")
        outcome = Outcome.REPEATED if report.key in self.reports else Outcome.OPENED
        kept = self.reports.setdefault(report.key, report)
        return Receipt("1042-9", 1, outcome, "token", "4711", "P3", "other", "helpdesk", flags=kept.flags)

    async def keep(self, report: Report) -> None:
        if self.full:
            raise NotStored("full")
        self.spooled[report.key] = report

    async def media(self, message: str, media: str) -> bytes:
        content = self.pictures.get(media)
        if content is None:
            raise ConnectionError
        return content

    async def question(self, phone: str, at: datetime) -> Question | None:
        if self.away:
            raise ConnectionError
        return self.questions.get(phone)

    async def about(self, call: str) -> str | None:
        return None

    async def rated(self, call: str, rating: int, by: str) -> None:
        self.ratings.append((call, rating))

    async def asked(self, phone: str, at: datetime) -> Unconfirmed | None:
        if self.away:
            raise ConnectionError
        return self.conclusions.get(phone)

    async def confirm(self, report: int, at: datetime, by: str) -> None:
        self.confirmed.append(report)

    async def delivered(self, sid: str, status: str, error: str | None) -> None:
        self.deliveries.append((sid, status, error))

    def door(self) -> SmsDoor:
        return SmsDoor(self, self, self, self, self, self, lambda: NOW, {OURS})


def message(body: str = "laddare 21007 startar inte", sid: str = "SM1", **more: str) -> dict[str, str]:
    return {"MessageSid": sid, "From": "+46701740605", "To": OURS, "Body": body, "NumMedia": "0", **more}


async def kept(**more: Any) -> tuple[Desk, Report]:
    desk = Desk()
    assert await desk.door().sms(message(**more)) == EMPTY
    (report,) = desk.reports.values()
    return desk, report


async def test_a_message_is_a_report_and_once_when_sent_twice() -> None:
    desk = Desk()
    for _ in range(2):
        assert await desk.door().sms(message()) == EMPTY
    (report,) = desk.reports.values()
    assert (report.channel, report.key, report.sender.phone) == (Channel.SMS, "SM1", "+46701740605")
    assert b"21007" in report.raw


@pytest.mark.parametrize("body", ["", "\U0001f525\U0001f525", "å" * 1600, "a\x00b", "\u202egnirts", "hej\ud800"])
async def test_b19_odd_bodies_are_kept(body: str) -> None:
    _, report = await kept(body=body)
    assert report.text == body


@pytest.mark.parametrize(
    ("body", "wish"),
    [
        ("STOP", STOP),
        ("Stopp", STOP),
        ("stop.", STOP),
        (" START ", START),
        ("Stoppa", STOP),
        ("stopp tack", STOP),
        ("STOP!", STOP),
        ("ＳＴＯＰ", STOP),
        ("STOP\u200b", STOP),
        ("Sluta skicka sms", STOP),
        ("Sluta skicka mig sms nu!", STOP),
        ("sluta sms:a mig tack", STOP),
        ("Inga fler sms, tack.", STOP),
        ("please stop sending me messages", STOP),
        ("unsubscribe", STOP),
        ("Slutt å sende meg sms", STOP),
        ("Bitte keine SMS mehr", STOP),
        ("ei enää viestejä", STOP),
    ],
)
async def test_b20_a_wish_for_silence_is_kept_with_its_message(body: str, wish: str) -> None:
    _, report = await kept(body=body)
    assert (report.text, report.flags) == (body, (wish,))


@pytest.mark.parametrize(
    "body",
    [
        "please stop the charging at 21007",
        "stoppar hela tiden",
        "start does not work at all",
        "Stoppa laddningen på 21007",
        "stop 21007",
        "Stoppa laddningen!",
        "stop?",
        "stopp \U0001f525",
        "Jag får inga sms",
    ],
)
async def test_b20_a_sentence_with_the_word_is_no_wish(body: str) -> None:
    _, report = await kept(body=body)
    assert report.flags == ()


async def test_b20_a_word_with_a_picture_is_no_wish() -> None:
    _, report = await kept(body="Stopp", NumMedia="1")
    assert STOP not in report.flags


@pytest.mark.parametrize(("body", "rating"), [("5", 5), (" 1\n", 1), ("4.", 4), ("3!", 3)])
async def test_one_digit_of_somebody_who_was_asked_goes_to_the_case_and_rates_the_call(body: str, rating: int) -> None:
    desk = Desk(questions={"+46701740605": Question("CA1", "1042.token")})
    await desk.door().sms(message(body=body))
    (report,) = desk.reports.values()
    assert (report.thread.token, report.flags, report.text) == ("1042.token", ("answer", "rates:CA1"), body)
    assert desk.ratings == [("CA1", rating)]


@pytest.mark.parametrize("body", ["0", "6", "55", "5 minutes and it stopped", "", "21007", "\u0665"])
async def test_anything_else_is_no_rating(body: str) -> None:
    desk = Desk(questions={"+46701740605": Question("CA1", "1042.token")})
    await desk.door().sms(message(body=body))
    (report,) = desk.reports.values()
    assert (report.thread.token, report.flags, desk.ratings) == (None, (), [])


async def test_a_digit_of_whoever_was_not_asked_or_while_the_record_is_away_is_kept_as_any_text() -> None:
    desk = Desk()
    await desk.door().sms(message(body="5"))
    assert desk.reports["SM1"].flags == ()
    desk = Desk(away=True, questions={"+46701740605": Question("CA1", "1042.token")})
    await desk.door().sms(message(body="5"))
    assert (desk.spooled["SM1"].text, desk.ratings) == ("5", [])


async def test_b21_pictures_are_fetched_by_id_and_failures_shown() -> None:
    desk = Desk(pictures={"ME1": b"jpeg"})
    urls = {
        "MediaUrl0": "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/SM1/Media/ME1",
        "MediaUrl1": "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/SM1/Media/ME404",
        "MediaUrl2": "http://169.254.169.254/latest/meta-data",
        "MediaContentType0": "image/jpeg",
    }
    assert await desk.door().sms(message(**{**urls, "NumMedia": "3"})) == EMPTY
    (report,) = desk.reports.values()
    assert [(file.content, file.quarantined is None) for file in report.attachments] == [
        (b"jpeg", True),
        (b"", False),
        (b"", False),
    ]
    assert report.flags == ("media_missing:ME404", "media_missing:media")


async def test_b21_at_most_ten_pictures_and_no_nonsense_counts() -> None:
    for count, files in (("99", 10), ("-1", 0), ("x", 0), ("9" * 50, 0)):
        desk = Desk()
        await desk.door().sms(message(NumMedia=count))
        assert len(desk.reports["SM1"].attachments) == files


@pytest.mark.parametrize("sender", [OURS, "72456", "TELIA", ""])
async def test_b22_robots_and_ourselves_are_kept_and_marked(sender: str) -> None:
    _, report = await kept(From=sender)
    assert report.auto_reply


async def test_b14_card_numbers_are_masked_in_text_and_raw() -> None:
    _, report = await kept(body="my card 4111 1111 1111 1111 was charged twice")
    assert "1111" not in report.text
    assert b"1111" not in report.raw


async def test_f10_a_message_is_spooled_while_the_record_is_away() -> None:
    desk = Desk(away=True)
    assert await desk.door().sms(message()) == EMPTY
    assert desk.spooled["SM1"].text == "laddare 21007 startar inte"


async def test_f10_what_cannot_be_kept_is_not_acknowledged() -> None:
    with pytest.raises(NotStored):
        await Desk(away=True, full=True).door().sms(message())


async def test_a_delivery_report_is_noted() -> None:
    desk = Desk()
    await desk.door().status({"MessageSid": "SM9", "MessageStatus": "undelivered", "ErrorCode": "30003"})
    assert desk.deliveries == [("SM9", "undelivered", "30003")]


async def test_a_message_by_whatsapp_is_known_as_such() -> None:
    _, report = await kept(From="whatsapp:+46701740605", To=f"whatsapp:{OURS}")
    assert report.channel is Channel.WHATSAPP
    assert report.sender.phone == "+46701740605"
    assert not report.auto_reply


CONCLUSION = {"+46701740605": Unconfirmed(7, "1042.token")}


@pytest.mark.parametrize(
    "body",
    [
        *("JA", "ja.", " Ja! ", "Jo", "YES", "y", "Kyllä", "KYLLÄ", "joo", "1", "1.", "Ja\u00a0", "J"),
        *(
            "Ja tack",
            "Ja, det funkar nu, tack!",
            "\U0001f44d\U0001f3fd",
            "Ja \U0001f44d",
            "ja :)",
            "Ｊａ",
            '"Ja"',
            "Japp",
        ),
        *(
            "Yes, it works now. Thank you!",
            "Det funkar igen, tack för hjälpen",
            "Ja takk",
            "Det virker igen, mange tak",
        ),
        *("joo kiitos", "Ja, vielen Dank!"),
    ],
)
async def test_a_yes_in_one_word_answers_whether_it_is_solved(body: str) -> None:
    desk = Desk(conclusions=CONCLUSION)
    assert await desk.door().sms(message(body)) == EMPTY
    (report,) = desk.reports.values()
    assert (report.text, report.thread.token, report.flags) == (body, "1042.token", (ANSWER, "solves:7"))
    assert desk.confirmed == [7]


@pytest.mark.parametrize(
    "body",
    [
        *("NEJ", "nei", "No", "nein!", "Ei.", "2", "n"),
        *("Nej tyvärr", "Nej, det funkar inte", "Nej, det laddar fortfarande inte!", "nej, inte än", "Nope"),
        *(
            "No, it still doesn't work",
            "No it doesn\u2019t work",
            "Nei, det virker ikke",
            "Nein, es geht immer noch nicht",
        ),
    ],
)
async def test_a_no_in_one_word_opens_its_case_by_the_report_itself(body: str) -> None:
    desk = Desk(conclusions=CONCLUSION)
    await desk.door().sms(message(body))
    (report,) = desk.reports.values()
    assert (report.thread.token, report.flags) == ("1042.token", (UNSOLVED,))
    assert desk.confirmed == []
    desk = Desk(conclusions=CONCLUSION)
    desk.accept = _away  # type: ignore[method-assign]
    await desk.door().sms(message(body))
    (spooled,) = desk.spooled.values()
    assert (spooled.thread.token, spooled.flags) == (None, ()), "understood when it comes out of the spool"


async def _away(report: Report) -> Receipt:
    raise NotStored("away")


@pytest.mark.parametrize(
    "body",
    [
        *("Ja, men kabeln sitter fast", "nej tack inte mer", "3", "12", "", "STOP", "ja ja", "?"),
        *(
            "Ja, fast den laddar inte",
            "ja?",
            "JA eller NEJ",
            "Nej, det luktar bränt",
            "Ja tack, ring mig",
            "ok",
            "Tack!",
        ),
    ],
)
async def test_anything_else_is_a_report_as_before(body: str) -> None:
    desk = Desk(conclusions=CONCLUSION)
    await desk.door().sms(message(body))
    (report,) = desk.reports.values()
    assert report.thread.token is None
    assert not {ANSWER, UNSOLVED}.intersection(report.flags)
    assert desk.confirmed == []


async def test_a_digit_rates_the_call_and_a_word_answers_when_both_were_asked() -> None:
    desk = Desk(questions={"+46701740605": Question("CA1", "1043.token")}, conclusions=CONCLUSION)
    for sid, body in (("SM1", "1"), ("SM2", "2"), ("SM3", "ja")):
        await desk.door().sms(message(body, sid))
    assert desk.ratings == [("CA1", 1), ("CA1", 2)]
    assert desk.confirmed == [7]
    assert [one.thread.token for one in desk.reports.values()] == ["1043.token", "1043.token", "1042.token"]


async def test_f24_a_repeat_answers_what_it_answered_at_first_and_nothing_else() -> None:
    desk = Desk(questions={"+46701740605": Question("CA1", "1043.token")}, conclusions=CONCLUSION)
    await desk.door().sms(message("1"))
    desk.questions.clear()
    await desk.door().sms(message("1"))
    assert (desk.ratings, desk.confirmed) == ([("CA1", 1)] * 2, []), "a call keeps its first rating"
    desk = Desk(conclusions=CONCLUSION)
    await desk.door().sms(message("1"))
    desk.questions["+46701740605"] = Question("CA2", "1043.token")
    await desk.door().sms(message("1"))
    assert (desk.ratings, desk.confirmed) == ([], [7, 7])
    desk = Desk()
    await desk.door().sms(message("1"))
    desk.conclusions = CONCLUSION
    await desk.door().sms(message("1"))
    assert (desk.ratings, desk.confirmed) == ([], []), "asked only afterwards"


async def test_a_yes_from_one_of_our_own_numbers_or_while_the_record_is_away_is_kept_as_any_text() -> None:
    for desk, sender in (
        (Desk(conclusions={OURS: Unconfirmed(7, "t")}), OURS),
        (Desk(conclusions=CONCLUSION, away=True), "+46701740605"),
    ):
        await desk.door().sms(message("ja", From=sender))
        (report,) = [*desk.reports.values(), *desk.spooled.values()]
        assert report.thread.token is None
        assert desk.confirmed == []
