"""What people read: complete, short, and harmless whatever the web put into it."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any, Literal
from zoneinfo import ZoneInfoNotFoundError

import pytest

from monitor.messages import compose, digest
from monitor.models import AlertFacts, Evidence, Message

AT = datetime(2026, 3, 3, 23, 30, tzinfo=UTC)
EVIDENCE = Evidence(
    outlet="Example Wire",
    title="Council names a new lead for the force",
    url="https://wire.example.org/news/1?ref=feed&page=2",
    sentence="The council named a new lead nation for the force on Tuesday.",
    rule="leadership-handover",
    published=AT,
    language="en",
)
FACTS = AlertFacts(
    kind="stage",
    development=7,
    change="leadership",
    stage="decided",
    severity="high",
    title="New lead for the force",
    actors=("Kenya", "United States"),
    first_seen=AT,
    evidence=(
        EVIDENCE,
        replace(EVIDENCE, outlet="El Ejemplo", url="http://ejemplo.example.es/2", language="es"),
    ),
    outlets=14,
    stories=3,
    previous_stage="proposed",
    follows="proposed on 20 May 2025, 14 outlets",
)
ZERO_WIDTH = "\u200b"


def with_evidence(**changes: Any) -> AlertFacts:
    return replace(FACTS, evidence=(replace(EVIDENCE, **changes),))


class Page(HTMLParser):
    """Tags, links and visible words of a document; fails on tags that do not close in order."""

    VOID = frozenset({"meta", "hr", "br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open, f"left open: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in {"style", "title"}:
            self.text += data

    @property
    def links(self) -> list[str]:
        return [value or "" for name, value in self.attributes if name == "href"]


# --------------------------------------------------------------------------- what it says


def test_the_subject_says_what_changed_its_stage_and_the_headline() -> None:
    assert compose(FACTS).subject == "Leadership · decided: Council names a new lead for the force"


def test_the_text_says_everything_a_person_needs_without_opening_a_link() -> None:
    assert compose(FACTS).text == (
        "New stage in leadership: decided, after proposed.\n"
        "“The council named a new lead nation for the force on Tuesday.” — Example Wire\n"
        "\n"
        "Who: Kenya, United States\n"
        "Since: 3 March 2026, 23:30 UTC\n"
        "Reported by: 14 outlets in 3 independent stories\n"
        "Follows: proposed on 20 May 2025, 14 outlets\n"
        "Why: rule leadership-handover, severity high\n"
        "\n"
        "Example Wire: https://wire.example.org/news/1?ref=feed&page=2\n"
        "El Ejemplo: http://ejemplo.example.es/2"
    )


def test_the_page_says_the_same_and_every_article_has_its_sentence_and_its_link() -> None:
    page = Page(compose(FACTS).html)
    for words in (
        "Leadership",
        "decided",
        "high severity",
        "New stage in leadership: decided, after proposed.",
        "Who: Kenya, United States",
        "Since: 3 March 2026, 23:30 UTC",
        "14 outlets in 3 independent stories",
        "proposed on 20 May 2025, 14 outlets",
        "rule leadership-handover",
        "El Ejemplo · 3 March 2026, 23:30 UTC",
    ):
        assert words in page.text
    assert page.text.count(EVIDENCE.sentence) == 2
    assert set(page.links) == {evidence.url for evidence in FACTS.evidence}
    assert page.tags.count("mark") == 1


@pytest.mark.parametrize(
    ("kind", "previous", "first_line"),
    [
        pytest.param("new", None, "New development in leadership: decided.", id="new"),
        pytest.param("new", "proposed", "New development in leadership: decided, after proposed.", id="new-after"),
        pytest.param("stage", "proposed", "New stage in leadership: decided, after proposed.", id="stage"),
        pytest.param("stage", None, "New stage in leadership: decided.", id="stage-unknown-before"),
        pytest.param(
            "contradiction",
            "effective",
            "Reports on leadership contradict each other: now decided, after effective.",
            id="contradiction",
        ),
    ],
)
def test_the_first_line_says_what_is_new(
    kind: Literal["new", "stage", "contradiction"], previous: str | None, first_line: str
) -> None:
    facts = replace(FACTS, kind=kind, previous_stage=previous)
    assert compose(facts).text.splitlines()[0] == first_line


def test_a_contradiction_shows_in_the_subject() -> None:
    assert compose(replace(FACTS, kind="contradiction")).subject.startswith("Leadership · decided · contradicted: ")


def test_what_is_not_known_takes_no_line() -> None:
    text = compose(replace(FACTS, actors=(), follows=None, outlets=1, stories=1)).text
    assert "Who" not in text
    assert "Follows" not in text
    assert "Reported by: 1 outlet in 1 independent story" in text


def test_moments_are_shown_in_the_readers_zone_with_its_name() -> None:
    message = compose(FACTS, timezone="America/Port-au-Prince")
    assert "Since: 3 March 2026, 18:30 EST" in message.text
    assert "3 March 2026, 18:30 EST" in message.html
    assert "Since: 4 March 2026, 00:30 CET" in compose(FACTS, timezone="Europe/Paris").text


def test_an_unknown_zone_is_an_error() -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        compose(FACTS, timezone="Caribbean/Nowhere")


def test_without_evidence_the_developments_own_title_stands_in() -> None:
    message = compose(replace(FACTS, evidence=()))
    assert message.subject == "Leadership · decided: New lead for the force"
    assert "Who: Kenya, United States" in message.text
    assert Page(message.html).links == []


def test_an_article_without_a_sentence_is_quoted_by_its_headline() -> None:
    assert f"“{EVIDENCE.title}” — Example Wire" in compose(with_evidence(sentence="")).text


def test_each_sentence_carries_its_language_for_screen_readers() -> None:
    attributes = Page(compose(FACTS).html).attributes
    assert ("lang", "es") in attributes
    assert ("dir", "auto") in attributes


def test_joiners_that_a_script_needs_stay() -> None:
    assert "می\u200cرود" in compose(with_evidence(sentence="او می\u200cرود.")).text


# --------------------------------------------------------------------------- how long it is


def many(count: int, length: int = 20) -> tuple[Evidence, ...]:
    return tuple(
        replace(EVIDENCE, outlet=f"Outlet {number}", url=f"https://o{number}.example.org/{'n' * length}")
        for number in range(count)
    )


def test_eight_links_are_shown_and_the_others_counted() -> None:
    lines = compose(replace(FACTS, evidence=many(20))).text.splitlines()
    assert [line for line in lines if "https://" in line] == [
        f"Outlet {number}: https://o{number}.example.org/{'n' * 20}" for number in range(8)
    ]
    assert lines[-1] == "and 12 more"


def test_long_links_are_fewer_so_that_the_text_stays_short() -> None:
    text = compose(replace(FACTS, evidence=many(20, length=200))).text
    assert len(text) < 1200
    assert re.search(r"\nand 1\d more$", text)


def test_the_first_link_is_there_however_long_it_is() -> None:
    long = "https://o.example.org/" + "n" * 1500
    assert long in compose(with_evidence(url=long)).text


def test_two_articles_with_one_address_are_one_link() -> None:
    text = compose(replace(FACTS, evidence=(EVIDENCE, replace(EVIDENCE, outlet="Mirror")))).text
    assert text.count("https://") == 1
    assert "Example Wire: https://" in text


def test_the_page_shows_twelve_articles_and_counts_the_others() -> None:
    page = Page(compose(replace(FACTS, evidence=many(30))).html)
    assert page.text.count(EVIDENCE.sentence) == 12
    assert "and 18 more articles" in page.text


def test_the_longest_facts_make_one_short_subject_and_a_short_text() -> None:
    long = "word " * 1000
    facts = replace(
        FACTS,
        title=long,
        follows=long,
        actors=tuple(f"Actor {number} of a long name" for number in range(40)),
        evidence=tuple(
            replace(EVIDENCE, outlet=long, title=long, sentence=long, rule=f"rule-{number}") for number in range(9)
        ),
    )
    message = compose(facts)
    assert len(message.subject) <= 110
    assert message.subject.endswith("word…")
    assert len(message.text) < 1200
    assert len(message.html) < 30_000
    assert "and 34 more" in message.text


@pytest.mark.parametrize("letter", ["x", "字", "🇭🇹"])
def test_a_headline_without_spaces_is_cut_to_the_limit(letter: str) -> None:
    subject = compose(with_evidence(title=letter * 300)).subject
    assert 105 <= len(subject) <= 110


# --------------------------------------------------------------------------- what the web cannot do with it

PLANTED = (
    "<script>alert(1)</script> <img src=x onerror=alert(2)> \"quoted' & </style> {{x}} ${html} "
    "@everyone @here <!channel> <!here|x> <@U123> <@&77> [click](https://bad.example) @\u200deveryone "
    "\u202eesrever\u202c \u2066isolate\u2069 \u061cmark \x00nul\x1b[31mred\x07 a\r\n"
    "Bcc: b@bad.example\u2028next \U000e0041tag soft\u00adhyphen \ud800lone"
)

STEERING = r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u2028\u2029\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"


def planted() -> AlertFacts:
    evidence = replace(EVIDENCE, outlet=PLANTED, title=PLANTED, sentence=PLANTED, rule=PLANTED, language='en"><b>')
    return AlertFacts(
        kind="stage",
        development=1,
        change=PLANTED,
        stage=PLANTED,
        severity=PLANTED,
        title=PLANTED,
        actors=(PLANTED,),
        first_seen=AT,
        evidence=(evidence, replace(evidence, url="https://b.example.org")),
        outlets=1,
        stories=1,
        previous_stage=PLANTED,
        follows=PLANTED,
    )


def test_planted_markup_makes_no_tag_and_no_attribute_in_the_page() -> None:
    message = compose(planted())
    honest, forged = Page(compose(FACTS).html), Page(message.html)
    assert set(forged.tags) <= set(honest.tags)
    assert {name for name, _ in forged.attributes} <= {name for name, _ in honest.attributes}
    assert "<script>alert(1)</script>" in forged.text


def test_the_page_loads_nothing_from_anywhere() -> None:
    html = compose(FACTS).html
    page = Page(html)
    assert not {"img", "link", "script", "iframe", "form", "object"} & set(page.tags)
    assert not {"src", "srcset", "background", "style"} & {name for name, _ in page.attributes}
    assert not re.search(r"url\(|@import", html)


def test_planted_characters_neither_steer_a_terminal_nor_turn_the_text_around() -> None:
    message = compose(planted())
    for part in (message.subject, message.text, message.html):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u202a-\u202e\u2066-\u2069\u2028\u2029\u00ad]", part)
        part.encode("utf-8")
    assert "\n" not in message.subject
    assert not any(line.startswith("Bcc") for line in message.text.splitlines())


def test_planted_mentions_call_nobody_and_stay_readable() -> None:
    message = compose(planted())
    for part in (message.subject, message.text):
        assert "<" not in part
        assert ">" not in part
        assert "](" not in part
        assert not re.search(r"(?i)@(everyone|here|channel)", part)
    assert f"@{ZERO_WIDTH}everyone" in message.text
    assert "‹!channel›" in message.text


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        pytest.param("@Everyone", f"@{ZERO_WIDTH}Everyone", id="capitals"),
        pytest.param("all@everyone", f"all@{ZERO_WIDTH}everyone", id="within-a-word"),
        pytest.param("@\u200b\u2060everyone", f"@{ZERO_WIDTH}everyone", id="hidden-characters"),
        pytest.param("@desk_lead", f"@{ZERO_WIDTH}desk_lead", id="one-person"),
        pytest.param("press@example.org", "press@example.org", id="address-stays"),
        pytest.param("5 @ 3", "5 @ 3", id="no-mention"),
    ],
)
def test_a_mention_gets_a_zero_width_space(word: str, shown: str) -> None:
    assert f"“Says {shown} today”" in compose(with_evidence(sentence=f"Says {word} today")).text


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JavaScript://example.org/%0aalert(1)",
        "data:text/html,<b>x</b>",
        "file:///etc/hosts",
        "//example.org/x",
        "/relative",
        "https://",
        "https://[::1",
        "https://example.org:port/",
        "https://exa mple.org/",
        "https://<b>.example.org/",
        "",
    ],
)
def test_a_link_that_is_no_web_address_is_left_out(url: str) -> None:
    message = compose(with_evidence(url=url))
    assert Page(message.html).links == []
    assert "://" not in message.text
    assert "Example Wire" in message.text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        pytest.param("https://example.org/a b", "https://example.org/a%20b", id="space"),
        pytest.param("https://example.org/@everyone", "https://example.org/%40everyone", id="mention"),
        pytest.param('https://example.org/"><b>', "https://example.org/%22%3E%3Cb%3E", id="markup"),
        pytest.param("https://example.org/%C3%A9?a=1&b=%26", "https://example.org/%C3%A9?a=1&b=%26", id="quoted"),
        pytest.param("https://exämple.org/é", "https://xn--exmple-cua.org/%C3%A9", id="international"),
        pytest.param("https://bank.example@bad.example/x", "https://bad.example/x", id="user-part"),
        pytest.param("http://[::1]:8080/x", "http://[::1]:8080/x", id="ipv6"),
        pytest.param("https://example.org/\u202egpj", "https://example.org/%E2%80%AEgpj", id="direction"),
    ],
)
def test_a_link_is_shown_without_what_could_mislead(url: str, shown: str) -> None:
    message = compose(with_evidence(url=url))
    assert message.text.endswith(f"Example Wire: {shown}")
    assert set(Page(message.html).links) == {shown}


# --------------------------------------------------------------------------- digests


def test_a_digest_lists_every_message_with_its_sentence_and_one_link() -> None:
    other = compose(replace(FACTS, kind="new", change="funding", stage="proposed", evidence=many(3)))
    joined = digest([compose(FACTS), other], title="2 developments since yesterday")
    assert joined.subject == "2 developments since yesterday"
    assert joined.text == (
        "1. Leadership · decided: Council names a new lead for the force\n"
        "“The council named a new lead nation for the force on Tuesday.” — Example Wire\n"
        "Example Wire: https://wire.example.org/news/1?ref=feed&page=2\n"
        "\n"
        "2. Funding · proposed: Council names a new lead for the force\n"
        "“The council named a new lead nation for the force on Tuesday.” — Outlet 0\n"
        f"Outlet 0: https://o0.example.org/{'n' * 20}"
    )


def test_a_digests_page_holds_every_development_whole_in_one_document() -> None:
    joined = digest([compose(FACTS), compose(replace(FACTS, change="funding"))], title="Two")
    page = Page(joined.html)
    assert page.tags.count("html") == page.tags.count("style") == 1
    assert page.tags.count("h2") == page.tags.count("mark") == 2
    assert page.text.count("Who: Kenya, United States") == 2
    assert page.text.index("Two") < page.text.index("Funding · decided: Council") < page.text.index("high severity")


def test_a_digest_of_planted_messages_stays_harmless() -> None:
    joined = digest([compose(planted())] * 2, title=f"{PLANTED}")
    assert set(Page(joined.html).tags) <= {*Page(compose(FACTS).html).tags, "h1", "ol", "li"}
    assert "@everyone" not in joined.subject + joined.text
    assert "\n" not in joined.subject


def test_a_digest_shows_a_message_of_another_making_by_its_text() -> None:
    joined = digest([Message("Feed <down>", "Two feeds\nfail", "<p>own page</p>")], title="One")
    page = Page(joined.html)
    assert "Two feeds\nfail" in page.text
    assert "Feed <down>" in page.text
    assert joined.text == "1. Feed <down>\nTwo feeds\nfail"


def test_a_digest_of_thirty_stays_below_what_a_chat_service_takes_in_a_few_messages() -> None:
    joined = digest([compose(replace(FACTS, first_seen=AT + timedelta(days=day))) for day in range(30)], title="30")
    assert len(joined.text) < 8000
    assert joined.text.count("\n\n") == 29


# --------------------------------------------------------------------------- readable on every screen


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    channels = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def colours(css: str, selector: str) -> dict[str, str]:
    rules = re.findall(
        rf"^\s*(?:[^{{}}\n]*, )?{re.escape(selector)}(?:,[^{{}}\n]*)? {{(.*?)}}",
        css,
        re.MULTILINE | re.DOTALL,
    )
    pairs = re.findall(r"(?<!-)(background|color): (#[0-9a-f]{3,6})", " ".join(rules))
    return dict(pairs)


def test_words_stand_out_from_their_ground_in_light_and_dark() -> None:
    css = compose(FACTS).html.partition("<style>")[2].partition("</style>")[0]
    light, dark = css.split("@media (prefers-color-scheme: dark)")
    for scheme in (light, dark):
        ground = colours(scheme, ".card")["background"]
        for selector in ("body", "a", ".tag", ".from", ".address a"):
            assert contrast(colours(scheme, selector)["color"], ground) >= 4.5, selector
        mark = colours(scheme, "mark")
        assert contrast(mark["color"], mark["background"]) >= 4.5


def test_the_page_fits_a_phone_and_knows_both_colour_schemes() -> None:
    html = compose(FACTS).html
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in html
    assert '<meta name="color-scheme" content="light dark">' in html
    assert "max-width: 600px" in html
