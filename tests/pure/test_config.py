"""What the configuration accepts, refuses and completes; every fault at once, a line each, and never a secret."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from datetime import date
from ipaddress import ip_network
from pathlib import Path

import pytest

from gateway import checks
from gateway.config import NAMES, SECRETS, ConfigError, load
from gateway.settings import MailAddress, Mailbox, Number, on_loopback

ROOT = Path(__file__).parents[2]
TLS = ROOT / "tests" / "data" / "tls"
LONG = "k" * 32
OUTSIDE = {
    "HTTP_HOST": "0.0.0.0",
    "PUBLIC_URL": "https://support.example.org",
    "ADMIN_TOKEN": LONG,
    "SECRET_KEYS": f"{LONG},{'o' * 40}",
    "TWILIO_AUTH_TOKEN": "t" * 32,
}


def faults_of(environ: dict[str, str]) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        load(environ)
    assert all("\n" not in fault for fault in refused.value.faults)
    return refused.value.faults


def test_nothing_set_is_enough_on_loopback(environ: dict[str, str]) -> None:
    config = load({"DATA_DIR": environ["DATA_DIR"]})
    assert (config.port, config.smtp_port, config.http_host) == (8080, 8025, "127.0.0.1")
    assert config.public_url == "http://127.0.0.1:8080"
    assert config.blob_url == f"file://{environ['DATA_DIR']}/blobs"
    assert config.mail_domains == ("support.example",)
    assert config.database_url is None
    assert not config.exposed


@pytest.mark.parametrize("domain", ["laddnät.se", "LADDNÄT.SE", "laddna\u0308t.se", "xn--laddnt-fua.se"])
def test_a_domain_of_ours_is_taken_however_it_is_spelled(environ: dict[str, str], domain: str) -> None:
    config = load({**environ, "MAIL_DOMAINS": domain, "MAIL_ADDRESSES": f"Support@{domain}=billing"})
    assert config.mail_domains == ("xn--laddnt-fua.se",)
    assert config.mail_addresses == (MailAddress("support@xn--laddnt-fua.se", "billing"),)


def test_lists_are_read_into_values(environ: dict[str, str]) -> None:
    config = load(
        {
            **environ,
            "TWILIO_NUMBERS": "+46771234567, +46701234567=sms,+4631765432=voice",
            "MAIL_ADDRESSES": "Support@Example.org, invoices@example.org=billing",
            "IMAP_URLS": "imaps://support%40example.org:p%2Cw%23@imap.example.org/INBOX#field,imap://u:s@localhost:1143",
            "TRUSTED_PROXIES": "10.0.0.0/8,2001:db8::1",
            "SECRET_KEYS": " new , old ",
        }
    )
    assert config.twilio_numbers == (
        Number("+46771234567"),
        Number("+46701234567", voice=False, sms=True),
        Number("+4631765432", voice=True, sms=False),
    )
    assert config.mail_addresses == (
        MailAddress("support@example.org"),
        MailAddress("invoices@example.org", "billing"),
    )
    assert config.mail_domains == ("example.org",)
    assert config.imap_urls == (
        Mailbox("imap.example.org", 993, True, "support@example.org", "p,w#", "INBOX", "field"),
        Mailbox("localhost", 1143, False, "u", "s", "INBOX", None),
    )
    assert config.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("2001:db8::1/128"))
    assert config.secret_keys == ("new", "old")


def test_an_empty_variable_counts_as_missing(environ: dict[str, str]) -> None:
    config = load({**environ, "PORT": "", "DATABASE_URL": "  ", "PUBLIC_URL": ""})
    assert config.port == 8080
    assert config.database_url is None


def test_the_configuration_cannot_be_changed(environ: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="frozen"):
        load(environ).port = 1


def test_all_faults_are_told_at_once_and_hold_no_secret(environ: dict[str, str]) -> None:
    faults = faults_of(
        {
            **environ,
            "PORT": "eighty",
            "SMTP_PORT": "70000",
            "PUBLIC_URL": "ftp://x",
            "DATABASE_URL": "mysql://root:hunter2@db/x",
            "TWILIO_NUMBERS": "0771,+46771234567=fax",
            "MAIL_ADDRESSES": "nobody",
            "IMAP_URLS": "imaps://u:hunter2@",
            "OUTBOUND_SMTP_URL": "relay:hunter2",
            "TRUSTED_PROXIES": "everyone",
            "LAST_RESORT_NUMBER": "112",
            "TWILIO_API_KEY": "SK1",
            "OIDC_ISSUER": "https://login.example.org",
            "SMTP_TLS_CERT": "/nowhere/cert.pem",
        }
    )
    named = {fault.partition(":")[0] for fault in faults}
    assert named == {
        *("PORT", "SMTP_PORT", "PUBLIC_URL", "DATABASE_URL", "TWILIO_NUMBERS", "MAIL_ADDRESSES", "IMAP_URLS"),
        *("OUTBOUND_SMTP_URL", "TRUSTED_PROXIES", "LAST_RESORT_NUMBER", "TWILIO_API_SECRET", "OIDC_CLIENT_ID"),
        *("OIDC_CLIENT_SECRET", "SMTP_TLS_CERT", "SMTP_TLS_KEY", "TWILIO_ACCOUNT_SID"),
    }
    assert "hunter2" not in "\n".join(faults)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"LMTP_PORT": "lmtp"}, ["LMTP_PORT: 'lmtp' is not a whole number from 0 to 65535"]),
        ({"WEB_PROCESSES": "33"}, ["WEB_PROCESSES: '33' is not a whole number from 1 to 32"]),
        ({"TWILIO_ACCOUNT_SID": "SK12"}, ["TWILIO_ACCOUNT_SID: does not begin with AC, as the SID of an account does"]),
        ({"TWILIO_API_URL": "http://api.example.org"}, ["TWILIO_API_URL: without TLS, use https://"]),
        ({"TWILIO_APP_SID": "AC12"}, ["TWILIO_APP_SID: does not begin with AP, as the SID of a TwiML app does"]),
        ({"TWILIO_APP_SID": "AP12"}, ["TWILIO_API_KEY: missing, because TWILIO_APP_SID is set"]),
        ({"MAIL_TOKEN_REFRESH": "hunter2"}, ["MAIL_TOKEN_URL: missing, because MAIL_TOKEN_REFRESH is set"]),
        (
            {"TWILIO_NUMBERS": "0771234567,+46771234567,+4670=fax"},
            [
                "TWILIO_NUMBERS: '0771234567' is not a number like +46771234567",
                "TWILIO_NUMBERS: +4670 is for voice, sms or both, not for 'fax'",
            ],
        ),
        (
            {"TWILIO_NUMBERS": "+46771234567=sms,+46771234567=voice"},
            ["TWILIO_NUMBERS: +46771234567 is there twice"],
        ),
        (
            {"TWILIO_NUMBERS": "+46771234567", "LAST_RESORT_NUMBER": "+46771234567"},
            ["LAST_RESORT_NUMBER: +46771234567 is in TWILIO_NUMBERS: calls would go in circles"],
        ),
        (
            {"MAIL_ADDRESSES": "a@example.org,a@example.org=billing"},
            ["MAIL_ADDRESSES: a@example.org is there twice"],
        ),
        (
            {"MAIL_ADDRESSES": "stöd@laddnät.se"},
            [
                "MAIL_ADDRESSES: stöd@laddnät.se: write what stands before the @ in ASCII, "
                "not every server takes other letters"
            ],
        ),
        (
            {"MAIL_ADDRESSES": "a+b@example.org"},
            ["MAIL_ADDRESSES: a+b@example.org: write it without + and what follows, which is taken in as well"],
        ),
        (
            {"IMAP_URLS": "imaps://u:s@h/A,imaps://u:hunter,2@h/B"},
            [
                "IMAP_URLS: entry 2: has no number for a port, or a reserved character in user or secret that is not "
                "percent-encoded",
                "IMAP_URLS: entry 3: is not a URL that begins with imaps:// or imap://",
            ],
        ),
        (
            {"IMAP_URLS": "imaps://u:hunter2@h/A,imaps://u:hunter2@h/B,imaps://u:hunter2@h/A#billing"},
            ["IMAP_URLS: A of u@h is there twice"],
        ),
    ],
)
def test_what_is_wrong_with_one_value_is_told_so_that_it_can_be_mended(
    environ: dict[str, str], given: dict[str, str], told: list[str]
) -> None:
    assert faults_of({**environ, **given}) == told


@pytest.mark.parametrize(
    ("name", "url"),
    [("IMAP_URLS", "imaps://u:{}@mail.example.org/INBOX"), ("OUTBOUND_SMTP_URL", "smtps://u:{}@mail.example.org")],
)
@pytest.mark.parametrize("secret", ["hunter/2", "hunter#2", "hunter?2"])
def test_a_secret_that_lacks_its_percent_signs_is_told_and_not_shown(
    environ: dict[str, str], name: str, url: str, secret: str
) -> None:
    faults = faults_of({**environ, name: url.format(secret)})
    assert all(fault.startswith(f"{name}: ") for fault in faults)
    assert "percent-encoded" in faults[0]
    assert "hunter" not in "".join(faults)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("smtp+starttls://u@relay.example.org", "has a user without a secret"),
        ("smtps://u;AUTH=XOAUTH2:hunter2@relay.example.org", "both a secret and AUTH=XOAUTH2"),
        ("smtp://u:hunter2@relay.example.org", "without TLS"),
        ("smtp://relay.example.org/path", "behind host and port"),
        ("smtp://one.example.org,smtp://two.example.org", "no host"),
    ],
)
def test_a_relay_that_cannot_be_used_is_refused(environ: dict[str, str], url: str, told: str) -> None:
    (fault,) = faults_of({**environ, "OUTBOUND_SMTP_URL": url})
    assert told in fault
    assert "hunter2" not in fault


@pytest.mark.parametrize("url", ["smtp://u:s@localhost:1025", "smtp://relay.internal", "smtps://u%40x:s%2F@h:465"])
def test_a_relay_that_can_be_used_is_taken(environ: dict[str, str], url: str) -> None:
    assert load({**environ, "OUTBOUND_SMTP_URL": url}).outbound_smtp_url == url


@pytest.mark.parametrize("behind", ["?x=1", "/#top", "?x=/"])
def test_links_and_signatures_begin_with_nothing_but_a_place(environ: dict[str, str], behind: str) -> None:
    url = f"https://support.example.org{behind}"
    assert faults_of({**environ, **OUTSIDE, "PUBLIC_URL": url})[0].startswith("PUBLIC_URL: has ? or # in it")


@pytest.mark.parametrize(
    ("given", "lacks"),
    [
        ({"TWILIO_ACCOUNT_SID": "AC12"}, "TWILIO_NUMBERS is not set, though TWILIO_ACCOUNT_SID is: "),
        ({"TWILIO_NUMBERS": "+46771234567"}, "TWILIO_ACCOUNT_SID is not set, though TWILIO_NUMBERS is: "),
        ({"MAIL_ADDRESSES": "a@example.org"}, "OUTBOUND_SMTP_URL is not set, though MAIL_ADDRESSES is: "),
    ],
)
def test_what_will_not_work_for_want_of_a_setting_is_noted(
    environ: dict[str, str], given: dict[str, str], lacks: str
) -> None:
    (note,) = load({**environ, **OUTSIDE, **given}).notes
    assert note.startswith(lacks)


@pytest.mark.parametrize(
    ("given", "refused"), [("a" * 20, False), ("a" * 21, True), (f"support@example.org,{'a' * 21}", False)]
)
def test_a_first_address_without_room_for_what_marks_answers_is_refused(
    environ: dict[str, str], given: str, refused: bool
) -> None:
    told = faults_of({**environ, "OIDC_ISSUER": "https://login.example.org", "MAIL_ADDRESSES": f"{given}@example.org"})
    assert any("before the @" in fault for fault in told) is refused


@pytest.mark.parametrize("folder", ["IN%0D%0ABOX", "IN%22BOX", "IN%5CBOX", "IN%00BOX", "IN%7FBOX"])
def test_b49_imap_folder_that_ends_its_command_refused(environ: dict[str, str], folder: str) -> None:
    assert faults_of({**environ, "IMAP_URLS": f"imaps://u:s@imap.example.org/{folder}"}) == [
        "IMAP_URLS: imaps://…@imap.example.org: control characters, quotes or backslashes in the folder name"
    ]


@pytest.mark.parametrize("url", ["imaps://u:s@imap.example.org/IN\r\nBOX", "imaps://u:s%0D%0A@imap.example.org/INBOX"])
def test_b49_imap_url_with_line_ends_refused(environ: dict[str, str], url: str) -> None:
    assert "control characters" in faults_of({**environ, "IMAP_URLS": url})[0]


@pytest.mark.parametrize(
    "given",
    [
        {"IMAP_URLS": "imaps://u%40x.example;AUTH=XOAUTH2@imap.example.org/INBOX"},
        {"OUTBOUND_SMTP_URL": "smtp+starttls://u;auth=xoauth2@relay.example.org:587"},
    ],
)
def test_a_url_that_says_tokens_needs_to_know_where_they_come_from(
    environ: dict[str, str], given: dict[str, str]
) -> None:
    asked = {"MAIL_TOKEN_URL": "https://login.example.org/token", "MAIL_TOKEN_CLIENT": "switchyard"}
    assert [fault.partition(":")[0] for fault in faults_of({**environ, **given})] == ["MAIL_TOKEN_URL"]
    config = load({**environ, **given, **asked})
    assert [(box.user, box.password) for box in config.imap_urls] in ([("u@x.example", None)], [])
    plain = {**asked, "MAIL_TOKEN_URL": "http://login.example.org/token"}
    assert "without TLS" in faults_of({**environ, **given, **plain})[0]
    both = {"IMAP_URLS": "imaps://u;AUTH=XOAUTH2:secret@imap.example.org/INBOX"}
    assert faults_of({**environ, **both, **asked})[0].startswith("IMAP_URLS")


def test_b51_a_mailbox_says_since_when_it_is_read_and_where_read_mails_go(environ: dict[str, str]) -> None:
    url = "imaps://u:s@imap.example.org/INBOX?since=2026-09-01&move=Klart%2C+arkiv/%C3%A5r#field,imap://u:s@localhost?move=A"
    one, other = load({**environ, "IMAP_URLS": url}).imap_urls
    assert (one.since, one.move, one.folder, one.queue) == (date(2026, 9, 1), "Klart,+arkiv/år", "INBOX", "field")
    assert (other.since, other.move, other.folder) == (None, "A", "INBOX")


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        ("since=yesterday", "since is not a day like 2026-09-01"),
        ("since=2026-02-30", "since is not a day like 2026-09-01"),
        ("since=", "after ? at most since=2026-09-01 and move=FOLDER, with & between"),
        ("move=A&move=B", "after ? at most since=2026-09-01 and move=FOLDER, with & between"),
        ("from=2026-09-01", "after ? at most since=2026-09-01 and move=FOLDER, with & between"),
        ("move=A%0D%0AB", "control characters, quotes or backslashes in the folder name"),
        ("move=A%22B", "control characters, quotes or backslashes in the folder name"),
        ("move=inbox", "read mails cannot be moved to the folder that is read"),
    ],
)
def test_b51_what_a_mailbox_cannot_be_asked_is_told_in_one_line(
    environ: dict[str, str], asked: str, fault: str
) -> None:
    faults = faults_of({**environ, "IMAP_URLS": f"imaps://u:hunter2@imap.example.org?{asked}"})
    assert faults == [f"IMAP_URLS: imaps://…@imap.example.org: {fault}"]


def test_mail_is_not_read_without_tls_from_afar(environ: dict[str, str]) -> None:
    assert "use imaps://" in faults_of({**environ, "IMAP_URLS": "imap://u:s@imap.example.org/INBOX"})[0]


def test_b109_missing_secrets_are_generated_and_kept_on_loopback(environ: dict[str, str]) -> None:
    first, again = load(environ), load(environ)
    assert first == again
    folder = Path(environ["DATA_DIR"]) / "secrets"
    assert sorted(path.name for path in folder.iterdir()) == sorted(SECRETS)
    for name in SECRETS:
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
        assert any(note.startswith(f"{name} ") and str(folder / name) in note for note in first.notes)
        assert (folder / name).read_text() not in "\n".join(first.notes)
        assert (folder / name).read_text() not in repr(first)
    assert len(first.secret_keys[0]) >= 32
    assert len({first.admin_token, first.secret_keys[0], first.twilio_auth_token}) == 3


def test_b109_a_secret_that_is_given_is_not_generated(environ: dict[str, str]) -> None:
    config = load({**environ, "ADMIN_TOKEN": "mine"})
    assert config.admin_token == "mine"
    assert not (Path(environ["DATA_DIR"]) / "secrets" / "ADMIN_TOKEN").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_b109_secret_file_readable_by_others_refused(environ: dict[str, str], mode: int) -> None:
    load(environ)
    path = Path(environ["DATA_DIR"]) / "secrets" / "SECRET_KEYS"
    path.chmod(mode)
    assert faults_of(environ) == [f"SECRET_KEYS: {path} is readable by others (mode {mode:04o}): chmod 600 it"]


def test_b109_tls_key_readable_by_others_refused(environ: dict[str, str], tmp_path: Path) -> None:
    for name in ("cert", "key"):
        (tmp_path / name).write_text("-")
    (tmp_path / "key").chmod(0o644)
    tls = {**environ, "SMTP_TLS_CERT": str(tmp_path / "cert"), "SMTP_TLS_KEY": str(tmp_path / "key")}
    assert "readable by others" in faults_of(tls)[0]
    (tmp_path / "key").chmod(0o600)
    assert load(tls).smtp_tls_key == tmp_path / "key"


@pytest.mark.parametrize("given", ["mail.nowhere.invalid", "127.0.0.1.", "no host", "300.1.1.1"])
@pytest.mark.parametrize("name", ["HTTP_HOST", "SMTP_HOST"])
def test_an_address_that_nobody_can_listen_on_is_told_before_a_port_is_opened(
    environ: dict[str, str], name: str, given: str
) -> None:
    config = load({**environ, **OUTSIDE, name: given})
    assert [fault for fault in checks.faults(config) if "HOST" in fault] == [
        f"{name}: {given!r} is not an address to listen on, like 127.0.0.1 or 0.0.0.0"
    ]


def test_a_certificate_without_its_key_is_told_before_a_port_is_opened(environ: dict[str, str], tmp_path: Path) -> None:
    good = {"SMTP_TLS_CERT": str(TLS / "cert.pem"), "SMTP_TLS_KEY": str(tmp_path / "key")}
    (tmp_path / "key").write_text((TLS / "key.pem").read_text())
    (tmp_path / "key").chmod(0o600)
    assert not any("TLS" in fault for fault in checks.faults(load({**environ, **good})))
    (tmp_path / "key").write_text("-")
    (fault,) = (fault for fault in checks.faults(load({**environ, **good})) if "TLS" in fault)
    assert fault.startswith("SMTP_TLS_CERT: not a certificate in PEM")


def test_b109_beyond_loopback_everything_given_is_accepted(environ: dict[str, str]) -> None:
    config = load({**environ, **OUTSIDE})
    assert config.exposed
    assert config.notes == ()
    assert config.mail_domains == ()
    assert not (Path(environ["DATA_DIR"]) / "secrets").exists()


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("value", ["", "  ", None])
def test_b109_beyond_loopback_a_missing_secret_refused(environ: dict[str, str], name: str, value: str | None) -> None:
    given = {key: text for key, text in {**environ, **OUTSIDE, name: value}.items() if text is not None}
    assert faults_of(given) == [f"{name}: missing; generated secrets are for loopback only"]


@pytest.mark.parametrize(
    "where", [{"HTTP_HOST": "0.0.0.0"}, {"HTTP_HOST": "::"}, {"PUBLIC_URL": "https://support.example.org"}]
)
def test_b109_either_address_takes_us_beyond_loopback(environ: dict[str, str], where: dict[str, str]) -> None:
    assert {fault.partition(":")[0] for fault in faults_of({**environ, **where})} >= set(SECRETS)


def test_b109_plain_http_beyond_loopback_refused(environ: dict[str, str]) -> None:
    assert faults_of({**environ, **OUTSIDE, "PUBLIC_URL": "http://support.example.org"}) == [
        "PUBLIC_URL: http:// is for loopback only, use https://"
    ]
    assert faults_of({**environ, **OUTSIDE, "PUBLIC_URL": "http://127.0.0.1:8080"})[0].startswith("PUBLIC_URL")
    assert faults_of({**environ, **OUTSIDE, "PUBLIC_URL": ""})[0].startswith("PUBLIC_URL: missing")


def test_b109_weak_secrets_beyond_loopback_refused(environ: dict[str, str]) -> None:
    faults = faults_of({**environ, **OUTSIDE, "SECRET_KEYS": "short", "ADMIN_TOKEN": "admin"})
    assert [fault.partition(":")[0] for fault in faults] == ["SECRET_KEYS", "ADMIN_TOKEN"]


def _example() -> dict[str, str]:
    """Every variable of .env.example, those in comments as well."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    found = [match for line in lines if (match := re.fullmatch(r"#?([A-Z_]+)=(.*)", line))]
    return {match[1]: match[2] for match in found}


def test_every_variable_is_documented_once() -> None:
    assert set(_example()) == set(NAMES)


def test_b109_values_of_the_example_left_in_place_refused(environ: dict[str, str], tmp_path: Path) -> None:
    example = {name: value for name, value in _example().items() if not name.startswith("SMTP_TLS")}
    faults = faults_of({**example, "DATA_DIR": environ["DATA_DIR"], "HTTP_HOST": "0.0.0.0"})
    left = {fault.partition(":")[0] for fault in faults if "still the value of .env.example" in fault}
    assert left >= {*SECRETS, "PUBLIC_URL", "TWILIO_AUTH_TOKEN_NEXT", "TWILIO_API_SECRET", "OIDC_CLIENT_SECRET"}
    assert left >= {"DATABASE_URL", "OUTBOUND_SMTP_URL", "IMAP_URLS"}
    alone = faults_of({**environ, **OUTSIDE, "TWILIO_AUTH_TOKEN": example["TWILIO_AUTH_TOKEN"]})
    assert alone == ["TWILIO_AUTH_TOKEN: still the value of .env.example"]


@pytest.mark.parametrize("name", ["DEBUG", "PYTHONASYNCIODEBUG", "PYTHONDEVMODE"])
def test_b113_debugging_beyond_loopback_refused(environ: dict[str, str], name: str) -> None:
    assert faults_of({**environ, **OUTSIDE, name: "1"}) == [f"{name}: debugging is for loopback only"]
    assert load({**environ, **OUTSIDE, name: "0"}).exposed


def test_two_doors_on_one_port_refused(environ: dict[str, str]) -> None:
    assert faults_of({**environ, "PORT": "9000", "SMTP_PORT": "9000"}) == ["SMTP_PORT: 9000 is PORT as well"]
    assert faults_of({**environ, "SMTP_PORT": "8025", "LMTP_PORT": "8025"}) == ["LMTP_PORT: 8025 is SMTP_PORT as well"]
    assert faults_of({**environ, "PORT": "8080", "LMTP_PORT": "8080"}) == ["LMTP_PORT: 8080 is PORT as well"]


def test_an_address_outside_our_domains_refused(environ: dict[str, str]) -> None:
    faults = faults_of({**environ, "MAIL_DOMAINS": "example.org", "MAIL_ADDRESSES": "a@example.com"})
    assert faults == ["MAIL_ADDRESSES: a@example.com is in none of MAIL_DOMAINS"]


def test_a_data_dir_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert faults_of({"DATA_DIR": str(tmp_path / "file" / "data")})[0].startswith("DATA_DIR: ")


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]", "LOCALHOST."])
def test_what_is_this_machine(host: str) -> None:
    assert on_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "localhost.example.org", "127.0.0.1.example.org", "10.0.0.1"])
def test_what_is_not_this_machine(host: str) -> None:
    assert not on_loopback(host)


@pytest.mark.parametrize(
    ("url", "exposed"),
    [
        ("http://localhost:8080", False),
        ("http://[::1]:8080", False),
        ("http://127.0.0.1", False),
        ("https://localhost@evil.example", True),
        ("https://localhost.evil.example/", True),
    ],
)
def test_the_public_url_alone_decides_too(environ: dict[str, str], url: str, exposed: bool) -> None:
    given = {**environ, **OUTSIDE, "HTTP_HOST": "127.0.0.1", "PUBLIC_URL": url}
    assert load(given).exposed is exposed


def test_b109_commands_end_with_78_and_a_line_for_each_fault(environ: dict[str, str], tmp_path: Path) -> None:
    tried = subprocess.run(
        [sys.executable, "-m", "gateway", "web"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environ, "HTTP_HOST": "0.0.0.0", "PORT": "x"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert tried.returncode == 78
    lines = tried.stderr.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["PORT", *SECRETS, "PUBLIC_URL"]
    assert tried.stdout == ""
