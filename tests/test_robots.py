"""robots.txt: what an answer means, and what its rules ask of us."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.models import FetchFailure, Response
from monitor.robots import LASTS, MAX_BYTES, RobotsAnswer, Rules, answered, is_fresh, location
from tests.hanging import not_hanging

NOW = datetime(2025, 9, 30, 12, tzinfo=UTC)
SITE = "https://news.example"


def allowed(rules: str, path: str = "/world/1.html") -> bool:
    return Rules(rules).allow(SITE + path)


@pytest.mark.parametrize(
    ("rules", "path", "may"),
    [
        pytest.param("", "/a", True, id="nothing"),
        pytest.param("User-agent: *\nDisallow:", "/a", True, id="nothing disallowed"),
        pytest.param("User-agent: *\nDisallow: /", "/a", False, id="everything disallowed"),
        pytest.param("USER-AGENT: *\ndisallow: /a", "/a", False, id="in any case"),
        pytest.param("User-agent: *\nDisallow: /a", "/A", True, id="the path with its case"),
        pytest.param("User-agent: *\nDisallow: /a", "/abc", False, id="by the beginning"),
        pytest.param("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", True, id="the longest rule decides"),
        pytest.param("User-agent: *\nAllow: /a\nDisallow: /a", "/a", True, id="allowed where both are as long"),
        pytest.param("User-agent: *\nDisallow: /*.pdf$", "/a/b.pdf", False, id="wildcards"),
        pytest.param("User-agent: *\nDisallow: /*.pdf$", "/a/b.pdf?x", True, id="wildcards and an end"),
        pytest.param("User-agent: *\nDisallow: /*?print=", "/a?print=1", False, id="wildcards in the query"),
        pytest.param("User-agent: *\nDisallow: /caf%C3%A9", "/caf%c3%a9", False, id="escapes in any case"),
        pytest.param("User-agent: *\nDisallow: /café", "/caf%C3%A9", False, id="letters that are escaped"),
        pytest.param("User-agent: *\nDisallow: /\n\nUser-agent: haiti-monitor\nAllow: /", "/a", True, id="ours"),
        pytest.param("User-agent: haiti-monitor\nDisallow: /\n\nUser-agent: *\nAllow: /", "/a", False, id="ours first"),
        pytest.param("User-agent: Haiti-Monitor/0.1 # us\nDisallow: /", "/a", False, id="ours with its version"),
        pytest.param("User-agent: monitor\nDisallow: /", "/a", True, id="a part of our name"),
        pytest.param("User-agent: haiti\nDisallow: /", "/a", True, id="the beginning of our name"),
        pytest.param("User-agent: haiti-monitors\nDisallow: /", "/a", True, id="more than our name"),
        pytest.param("User-agent: GPTBot\nUser-agent: CCBot\nDisallow: /", "/a", True, id="others"),
        pytest.param("User-agent: GPTBot\nUser-agent: *\nDisallow: /", "/a", False, id="others and all"),
        pytest.param("User-agent: *\nAllow: /\nUser-agent: CCBot\nDisallow: /", "/a", True, id="others without a gap"),
        pytest.param("User-agent\t: CCBot\nDisallow: /", "/a", True, id="others, written oddly"),
        pytest.param("\ufeffUser-agent: *\r\nDisallow: /\r\n", "/a", False, id="as Windows writes it"),
        pytest.param("<html><body>Disallow: /</body></html>", "/a", True, id="a web page"),
    ],
)
def test_rules_ask_what_the_standard_says(rules: str, path: str, may: bool) -> None:
    answer = answered(SITE, Response(location(SITE), 200, body=rules.encode()), NOW)
    assert allowed(answer.body, path) is may


@pytest.mark.parametrize(
    ("rules", "seconds"),
    [
        ("", 0),
        ("User-agent: *\nCrawl-delay: 10", 10),
        ("User-agent: *\nCrawl-delay: 0.5", 0.5),
        ("User-agent: *\nCrawl-delay: 86400", 30),
        ("User-agent: *\nCrawl-delay: 1e400", 0),
        ("User-agent: *\nCrawl-delay: -3", 0),
        ("User-agent: *\nCrawl-delay: soon", 0),
        ("User-agent: *\nCrawl-delay: 10\n\nUser-agent: haiti-monitor\nCrawl-delay: 2", 2),
        ("User-agent: CCBot\nCrawl-delay: 10", 0),
    ],
)
def test_a_delay_is_kept_up_to_half_a_minute(rules: str, seconds: float) -> None:
    assert Rules(rules).delay == timedelta(seconds=seconds)


def failure(kind: str, status: int | None = None) -> FetchFailure:
    return FetchFailure(location(SITE), kind, "so it is", status)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "known"),
    [
        *((failure("status", status), True) for status in (204, 300, 400, 401, 403, 404, 410, 451)),
        *((failure("status", status), False) for status in (429, 500, 502, 503, 999)),
        *((failure(kind), True) for kind in ("redirect", "address", "url")),
        *((failure(kind), False) for kind in ("dns", "connection", "timeout", "tls", "protocol", "encoding", "proxy")),
    ],
    ids=lambda value: f"{value.kind} {value.status or ''}".strip() if isinstance(value, FetchFailure) else None,
)
def test_who_shows_no_rules_has_none_and_who_cannot_answer_has_perhaps_some(answer: FetchFailure, known: bool) -> None:
    assert answered(SITE, answer, NOW) == RobotsAnswer(SITE, NOW, failure=None if known else "so it is")


def test_only_the_beginning_of_a_long_file_counts_and_bytes_that_are_no_text_do_not_matter() -> None:
    body = b"User-agent: *\nDisallow: /\xff\n" + b"#" * MAX_BYTES + b"\nDisallow: /"
    answer = answered(SITE, Response(location(SITE), 200, body=body), NOW)
    assert len(answer.body) <= MAX_BYTES
    assert allowed(answer.body)


@pytest.mark.parametrize(
    ("age", "fresh"), [(timedelta(0), True), (LASTS - timedelta(seconds=1), True), (LASTS, False), (-LASTS, False)]
)
def test_an_answer_holds_for_a_day(age: timedelta, fresh: bool) -> None:
    assert is_fresh(RobotsAnswer(SITE, NOW - age), NOW) is fresh


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param(
            "".join(f"User-agent: {i}\n" for i in range(15_000)) + "Allow: /\n" * 30_000, id="names and rules"
        ),
        pytest.param("User-agent: *\n" + "Disallow: /" + "*a" * 240_000 + "b", id="stars"),
        pytest.param(
            "User-agent: *\n" + "".join(f"Disallow: /*a*{i}*b\n" for i in range(22_000)), id="rules with stars"
        ),
        pytest.param("User-agent: *\n" + "".join(f"Disallow: /${i}\n" for i in range(30_000)), id="rules with ends"),
        pytest.param("User-agent: *\n" * 30_000 + "Disallow: /\n" * 5_000, id="one name again and again"),
    ],
)
def test_hostile_rules_end(rules: str) -> None:
    with not_hanging():
        parsed = Rules(rules[:MAX_BYTES])
        for _ in range(3):
            parsed.allow(f"{SITE}/{'a' * 5_000}")


@settings(max_examples=200, deadline=None)
@given(
    rules=st.lists(
        st.tuples(
            st.sampled_from(["User-agent", "Disallow", "Allow", "Crawl-delay", "Sitemap", "user agent", "?"]),
            st.text("*$/%#: abAB01é\t\x1c", max_size=12) | st.sampled_from(["*", "haiti-monitor"]),
        ).map(": ".join)
        | st.text(max_size=20)
    ).map("\n".join),
    path=st.text(max_size=20),
)
def test_whatever_rules_say_the_answer_is_yes_or_no(rules: str, path: str) -> None:
    parsed = Rules(rules)
    assert parsed.allow(f"{SITE}/{path}") in (True, False)
    assert timedelta(0) <= parsed.delay <= timedelta(seconds=30)
