"""Messages get through to real receivers, or the error says why and keeps the secret."""

import logging
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from monitor.errors import NotifyError
from monitor.messages import compose
from monitor.models import Message
from monitor.notify import Notifier, _in_lines, check_url, redact
from tests.receivers import (
    MailServer,
    Webhook,
    chat_room,
    dead_port,
    mail_server,
    server_tls,
    silent_server,
    webhook,
)
from tests.test_messages import EVIDENCE, FACTS

MESSAGE = compose(FACTS)
PASSWORD = "t0p-secret"
ADDRESSES = "from=watch@example.org&to=desk@example.org"


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[MailServer, Path]]:
    """A mail server with STARTTLS and a password, and the certificate to trust."""
    context, certificate = server_tls(tmp_path_factory.mktemp("tls"))
    with mail_server(tls=context, login=("watch", PASSWORD)) as server:
        yield server, certificate


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as running:
        yield running


def secure_url(server: MailServer, password: str = PASSWORD) -> str:
    return f"mailtos://watch:{password}@127.0.0.1:{server.port}?{ADDRESSES}&mode=starttls"


def failure(url: str, message: Message = MESSAGE) -> str:
    """What the error says when a message cannot be sent to a URL."""
    with pytest.raises(NotifyError) as caught:
        Notifier({"desk": url}).send("desk", message, "key-1")
    return str(caught.value)


# --------------------------------------------------------------------------- mail


def test_mail_goes_through_starttls_with_a_password_and_has_both_parts(
    secure: tuple[MailServer, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, certificate = secure
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    Notifier({"desk": secure_url(server)}).send("desk", MESSAGE, "key-1")
    mail = server.get()
    assert mail.sender == "watch@example.org"
    assert mail.recipients == ("desk@example.org",)
    assert mail.message["Subject"] == MESSAGE.subject
    assert mail.message.get_content_type() == "multipart/alternative"
    assert mail.part("html").strip() == MESSAGE.html.strip()


def test_the_plain_part_of_a_mail_reads_well_and_keeps_the_links(secure: tuple[MailServer, Path]) -> None:
    server, _ = secure
    Notifier({"desk": f"{secure_url(server)}&verify=no"}).send("desk", MESSAGE, "key-1")
    lines = server.get().part("plain").splitlines()
    assert lines[0] == "Leadership · decided · high severity"
    for line in (
        EVIDENCE.title,
        "New stage in leadership: decided, after proposed.",
        f">“{EVIDENCE.sentence}”",
        EVIDENCE.url,
        "Who: Kenya, United States",
        "Why: rule leadership-handover, severity high",
    ):
        assert line in lines
    assert not any("{" in line or "<" in line for line in lines)


def test_every_try_carries_the_same_key(secure: tuple[MailServer, Path], hook: Webhook) -> None:
    server, _ = secure
    notifier = Notifier({"mail": f"{secure_url(server)}&verify=no", "hook": f"json://127.0.0.1:{hook.port}/hook"})
    for channel in ("mail", "hook"):
        notifier.send(channel, MESSAGE, "alert-7\r\nX-Evil: 1")
        notifier.send(channel, MESSAGE, "alert-7\r\nX-Evil: 1")
    mails = [server.get().message for _ in range(2)]
    assert [mail["Message-ID"] for mail in mails] == ["<alert-7-X-Evil-1@haiti-monitor>"] * 2
    assert [len(mail.get_all("Message-ID")) for mail in mails] == [1, 1]
    keys = [mail["X-Haiti-Monitor-Key"] for mail in mails]
    keys += [hook.get().headers["x-haiti-monitor-key"] for _ in range(2)]
    assert keys == ["alert-7--X-Evil:-1"] * 4


def test_a_mail_channel_that_asks_for_text_gets_the_text() -> None:
    with mail_server() as server:
        Notifier({"desk": f"mailto://127.0.0.1:{server.port}?{ADDRESSES}&format=text"}).send("desk", MESSAGE, "key-1")
        mail = server.get()
    assert mail.message.get_content_type() == "text/plain"
    assert mail.part("plain").strip() == MESSAGE.text


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\u2028"])
def test_a_line_break_in_a_subject_adds_no_header_and_loses_no_word(break_: str) -> None:
    with mail_server() as server:
        message = Message(f"Lead changes{break_}Bcc: spy@bad.example", "text", "<p>text</p>")
        Notifier({"desk": f"mailto://127.0.0.1:{server.port}?{ADDRESSES}"}).send("desk", message, "key-1")
        mail = server.get()
    assert mail.message["Subject"] == "Lead changes Bcc: spy@bad.example"
    assert mail.message["Bcc"] is None
    assert mail.recipients == ("desk@example.org",)


def test_a_wrong_password_is_told_without_showing_it(secure: tuple[MailServer, Path]) -> None:
    server, _ = secure
    said = failure(f"{secure_url(server, 'wr0ng-secret')}&verify=no")
    assert "channel 'desk'" in said
    assert "authentication failed" in said
    assert "535" in said
    assert "wr0ng" not in said


def test_a_certificate_that_nobody_vouches_for_is_refused(secure: tuple[MailServer, Path]) -> None:
    said = failure(secure_url(secure[0]))
    assert "certificate cannot be trusted" in said
    assert PASSWORD not in said


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param("550 5.1.1 no such mailbox", id="refused"),
        pytest.param("451 4.7.1 come back later", id="deferred"),
    ],
)
def test_a_refusal_is_told_with_the_servers_words(answer: str) -> None:
    with mail_server(answers={"*": answer}) as server:
        said = failure(f"mailto://127.0.0.1:{server.port}?{ADDRESSES}")
        assert server.mails.empty()
    assert "desk@example.org" in said
    assert f"the server said {answer}" in said


@pytest.mark.parametrize("field", ["cc", "bcc", "to"])
def test_one_refused_recipient_is_told_and_the_others_get_no_second_mail(
    field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []  # Apprise sleeps 5.5 s between two mails if it is let
    monkeypatch.setattr("apprise.url.time", SimpleNamespace(sleep=slept.append))
    answers = {"gone@example.org": "550 5.1.1 no such mailbox"}
    with mail_server(answers=answers) as server:
        recipients = f"{ADDRESSES}&{field}=gone@example.org"
        if field == "to":
            recipients = "from=watch@example.org&to=desk@example.org,gone@example.org"
        notifier = Notifier({"desk": f"mailto://127.0.0.1:{server.port}?{recipients}"})
        served: frozenset[str] = frozenset()
        for _ in range(2):
            with pytest.raises(NotifyError, match=r"gone@example\.org.*no such mailbox") as caught:
                notifier.send("desk", MESSAGE, "key-1", served)
            served = caught.value.delivered
        answers.clear()
        notifier.send("desk", MESSAGE, "key-1", served)
        got = [server.get().recipients for _ in range(server.mails.qsize())]
        assert got == [("desk@example.org",), ("gone@example.org",)]
        notifier.send("desk", MESSAGE, "key-2")
        assert server.mails.qsize() == 2
        assert not slept


# --------------------------------------------------------------------------- everything else


def test_a_webhook_gets_subject_and_text_without_markup(hook: Webhook) -> None:
    Notifier({"hook": f"json://127.0.0.1:{hook.port}/services/T0KEN"}).send("hook", MESSAGE, "key-1")
    call = hook.get()
    assert call.path == "/services/T0KEN"
    assert call.body["title"] == MESSAGE.subject
    assert call.body["message"] == MESSAGE.text


def test_a_text_that_is_too_long_for_a_service_arrives_in_pieces(hook: Webhook) -> None:
    words = [f"word{number}" for number in range(6000)]
    message = Message("Long", " ".join(words), "<p>long</p>")
    Notifier({"hook": f"json://127.0.0.1:{hook.port}/hook"}).send("hook", message, "key-1")
    pieces = [hook.get().body["message"] for _ in range(hook.calls.qsize())]
    assert len(pieces) == 2
    assert " ".join(pieces).split() == words


@pytest.mark.parametrize("extra", ["", "?optional=yes"])
def test_a_webhook_that_answers_500_is_a_failure_whatever_the_url_says(hook: Webhook, extra: str) -> None:
    hook.status = 500
    said = failure(f"json://user:{PASSWORD}@127.0.0.1:{hook.port}/services/T0KEN{extra}")
    assert "500" in said
    assert "Cannot POST ***" in said
    assert PASSWORD not in said
    assert "T0KEN" not in said


@pytest.mark.parametrize(
    "url",
    ["json://user:{}@127.0.0.1:{}/T0KEN", f"mailto://user:{{}}@127.0.0.1:{{}}?{ADDRESSES}"],
    ids=["json", "mailto"],
)
def test_a_port_where_nobody_listens_is_told(url: str) -> None:
    said = failure(url.format(PASSWORD, dead_port()))
    assert "connection refused" in said
    assert PASSWORD not in said
    assert "T0KEN" not in said


@pytest.mark.parametrize(
    "url",
    ["json://127.0.0.1:{}/T0KEN?rto=0.1", f"mailto://127.0.0.1:{{}}?{ADDRESSES}&cto=0.1"],
    ids=["json", "mailto"],
)
def test_a_server_that_says_nothing_is_given_up(url: str) -> None:
    with silent_server() as port:
        said = failure(url.format(port))
    assert "no answer in time" in said
    assert "T0KEN" not in said


def test_a_channel_that_fails_leaves_the_other_alone(hook: Webhook) -> None:
    notifier = Notifier({"broken": f"json://127.0.0.1:{dead_port()}/x", "hook": f"json://127.0.0.1:{hook.port}/x"})
    with pytest.raises(NotifyError, match="channel 'broken'"):
        notifier.send("broken", MESSAGE, "key-1")
    notifier.send("hook", MESSAGE, "key-1")
    assert hook.get().body["title"] == MESSAGE.subject


def test_two_channels_at_once_do_not_mix_up_their_causes(hook: Webhook) -> None:
    hook.status = 503
    said: dict[str, str] = {}
    start = threading.Barrier(2)
    urls = {"dead": f"json://127.0.0.1:{dead_port()}/x", "busy": f"json://127.0.0.1:{hook.port}/x"}
    notifier = Notifier(urls)

    def send(channel: str) -> None:
        start.wait(5)
        try:
            notifier.send(channel, MESSAGE, "key-1")
        except NotifyError as error:
            said[channel] = str(error)

    threads = [threading.Thread(target=send, args=(channel,)) for channel in urls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert "refused" in said["dead"]
    assert "503" not in said["dead"]
    assert "503" in said["busy"]
    assert "refused" not in said["busy"]


def test_a_channel_that_does_not_exist_is_told_with_those_that_do() -> None:
    with pytest.raises(NotifyError, match="no channel is named 'dessk'; there are: desk, hook"):
        Notifier({"desk": "json://a.example", "hook": "json://b.example"}).send("dessk", MESSAGE, "key-1")


def test_no_log_line_carries_what_apprise_says_of_a_secret(hook: Webhook, caplog: pytest.LogCaptureFixture) -> None:
    hook.status = 500
    failure(f"json://user:{PASSWORD}@127.0.0.1:{hook.port}/T0KEN")
    assert [record for record in caplog.records if record.name == "apprise"] == []


def test_what_others_log_through_apprise_is_still_heard(hook: Webhook, caplog: pytest.LogCaptureFixture) -> None:
    Notifier({"hook": f"json://127.0.0.1:{hook.port}/x"}).send("hook", MESSAGE, "key-1")
    logging.getLogger("apprise").warning("somebody else's warning")
    logging.getLogger("apprise").debug("somebody else's chatter")
    assert [record.message for record in caplog.records] == ["somebody else's warning"]


def test_importing_the_module_does_not_load_apprise() -> None:
    code = "import sys, monitor.notify, monitor.messages; sys.exit('apprise' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --------------------------------------------------------------------------- checking a URL


@pytest.mark.parametrize(
    "url",
    [
        "mailto://localhost:2525?from=watch@example.org&to=desk@example.org",
        "mailtos://user:p%40ss@mail.example.org:587?from=watch@example.org&to=desk@example.org&mode=starttls",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#news",
        "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        "tgram://123456789:abcdefghijklmnopqrstuvwxyz123456789/-1001234567890",
        "matrixs://watch:secret@matrix.example.org/%23news",
        "ntfys://ntfy.example.org/desk-alerts",
        "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
        "jsons://hooks.example.org/path?verify=no",
    ],
    ids=lambda url: url.partition(":")[0],
)
def test_a_usable_url_passes_the_check_and_nothing_is_sent(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        pytest.param("", "no Apprise URL", id="empty"),
        pytest.param("desk@example.org", "no Apprise URL", id="address"),
        pytest.param("mailto:desk@example.org", "no Apprise URL", id="mailto-link"),
        pytest.param("console:", "no Apprise URL", id="pseudo-channel"),
        pytest.param("mailx://user:hushhush@example.org", "no service is named 'mailx://'; examples", id="mailx"),
        pytest.param("slak://hushhush/b/c", "did you mean 'slack://'", id="typo"),
        pytest.param("https://hooks.example.org/hushhush", "a webhook is jsons://", id="web-address"),
        pytest.param("http://hooks.example.org/hushhush", "a webhook is json://", id="plain-web-address"),
        pytest.param("windows://", "does not work here: .*Windows environment", id="package-missing"),
        pytest.param("file:///etc/hosts", "no service is named 'file://'", id="file"),
        pytest.param("mailtos://hushhush", "lacks something", id="mail-without-sender"),
        pytest.param("slack://T1JJ3T3L2/hush-hush/x", r"Token \(\*\*\*\)", id="slack-with-a-wrong-token"),
        pytest.param("slack://hushhush", "lacks something", id="slack-without-tokens"),
        pytest.param("tgram://hushhush", "lacks something", id="telegram-without-token"),
        pytest.param("discord://hushhush", "lacks something", id="discord-without-token"),
        pytest.param("json://", "lacks something", id="json-without-host"),
        pytest.param("mailtos://u:hushhush@example.org?mode=tls9", "tls9", id="mail-mode"),
        pytest.param("mailtos://u:hushhush@example.org?to=nobody", "recipient", id="recipient"),
        pytest.param("mailtos://u:hushhush@example.org?to=a@b.org&cc=nobody", "recipient", id="copy"),
        pytest.param("json://a.example/hushhush, json://b.example", "several URLs", id="two-urls"),
    ],
)
def test_an_unusable_url_is_told_without_its_secret(url: str, said: str) -> None:
    with pytest.raises(NotifyError, match=said) as caught:
        check_url(url)
    assert not re.search("hush-?hush", str(caught.value))


# --------------------------------------------------------------------------- masking secrets


@pytest.mark.parametrize(
    ("url", "text", "shown"),
    [
        pytest.param(
            "mailtos://user:p%40ss-w0rd@mail.example.org?to=desk@example.org",
            "mail.example.org: p@ss-w0rd and p%40ss-w0rd for desk@example.org",
            "mail.example.org: *** and *** for desk@example.org",
            id="password-in-both-spellings",
        ),
        pytest.param(
            "mailtos://user:pä:sswort@mail.example.org",
            "login of user with p%C3%A4%3Asswort",
            "login of user with ***",
            id="password-quoted-by-a-library",
        ),
        pytest.param(
            "mailtos://mail.example.org?to=desk@example.org&pass=geheimnis&+X-Token=abc123",
            "geheimnis abc123 desk@example.org",
            "*** *** desk@example.org",
            id="password-and-header-as-arguments",
        ),
        pytest.param(
            "jsons://hooks.example.org/services/T0/B0/xyzzy",
            "hooks.example.org: POST /services/T0/B0/xyzzy failed",
            "hooks.example.org: POST *** failed",
            id="whole-path",
        ),
        pytest.param(
            "tgram://123456789:abcdefghijk/-100",
            "POST /bot123456789:abcdefghijk/sendMessage",
            "POST /bot***/sendMessage",
            id="token-glued-to-a-word",
        ),
        pytest.param(
            "discord://4174216298/JHMHI8qBe7bk2ZwO5U711",
            "Post 4174216298 jhmhi8qbe7bk2zwo5u711",
            "Post *** ***",
            id="identifier-for-a-host",
        ),
        pytest.param(
            "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazk/#news",
            "token TIiajkdnlazk of T1JJ3T3L2: no newsroom",
            "token *** of ***: no newsroom",
            id="short-pieces-only-as-words",
        ),
        pytest.param("", "nothing to hide", "nothing to hide", id="no-url"),
    ],
)
def test_what_is_secret_in_a_url_is_masked_and_the_rest_stays(url: str, text: str, shown: str) -> None:
    assert redact(text, url) == shown


# --------------------------------------------------------------------------- chat


def test_a_chat_server_gets_an_alert_in_lines_and_no_line_of_it_is_a_command() -> None:
    """Apprise gives what follows a line break to an IRC server as it stands."""
    evil = replace(MESSAGE, text="New stage: decided.\nJOIN #elsewhere\nKICK #news reader\n“Norland leads” — Wire")
    with chat_room() as room:
        Notifier({"room": f"irc://bot@127.0.0.1:{room.port}/%23news"}).send("room", evil, "key")
        assert room.lines() == [
            f"{MESSAGE.subject} · New stage: decided. · JOIN #elsewhere · KICK #news reader · “Norland leads” — Wire"
        ]


def test_a_long_alert_takes_a_few_lines_of_a_chat_and_no_half_letter() -> None:
    lines = _in_lines("ééé " * 400)
    assert len(lines) == 3
    assert {len(line.encode()) <= 380 for line in lines} == {True}
    assert _in_lines("é" * 400) == ["é" * 190]
