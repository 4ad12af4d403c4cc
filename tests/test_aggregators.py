"""A redirector's link gives the article's own address where it tells it, and is opaque where it does not."""

import base64
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.aggregators import is_opaque, target
from tests.hanging import not_hanging

ARTICLE = "https://times.example/2026/votes?id=7&x=a%20b"
LONG = f"https://times.example/{'part/' * 60}end"


def token(text: str, *, after: bytes = b"\xd2\x01\x00") -> str:
    """Google's token around a text: its length stands before it in one byte or two."""
    size = len(text.encode())
    length = bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])
    return base64.urlsafe_b64encode(b"\x08\x13\x22" + length + text.encode() + after).decode().rstrip("=")


def google(text: str, **more: bytes) -> str:
    return f"https://news.google.com/rss/articles/{token(text, **more)}?oc=5"


OPAQUE = google("AU_yqLInventedToken_" + "abcDEF123-" * 12)


@pytest.mark.parametrize(
    ("link", "address"),
    [
        pytest.param(
            f"http://www.bing.com/news/apiclick.aspx?ref=FexRss&tid=1&url={quote(ARTICLE, '').lower()}&c=1&mkt=en-us",
            ARTICLE.lower(),
            id="Bing News",
        ),
        pytest.param(f"https://bing.com/News/ApiClick.aspx?url={quote(ARTICLE, '')}", ARTICLE, id="in capitals"),
        pytest.param(f"https://www.google.com/url?rct=j&url={quote(ARTICLE, '')}&ct=ga", ARTICLE, id="Google Alerts"),
        pytest.param(f"https://www.google.co.uk/url?q={quote(ARTICLE, '')}", ARTICLE, id="Google elsewhere"),
        pytest.param(
            f"http://news.google.com/news/url?sa=t&url={quote(ARTICLE, '')}", ARTICLE, id="Google News of old"
        ),
        pytest.param(f"https://l.facebook.com/l.php?h=1&u={quote(ARTICLE, '')}", ARTICLE, id="Facebook"),
        pytest.param(f"https://duckduckgo.com/l/?uddg={quote(ARTICLE, '')}", ARTICLE, id="DuckDuckGo"),
        pytest.param(google(ARTICLE), ARTICLE, id="Google's token, short"),
        pytest.param(google(LONG), LONG, id="Google's token, long"),
        pytest.param(google(ARTICLE, after=b"\xd2\x01\x05https"), ARTICLE, id="Google's token with a second address"),
        pytest.param(google(ARTICLE, after=b""), ARTICLE, id="Google's token with nothing after it"),
        pytest.param(google(ARTICLE).replace("rss/articles", "read"), ARTICLE, id="Google's page for reading"),
        pytest.param(google(ARTICLE).replace("/rss/", "/__i/rss/rd/"), ARTICLE, id="Google's token, older"),
        pytest.param(f"https://www.google.com/url?url={quote(google(ARTICLE), '')}", ARTICLE, id="one within another"),
    ],
)
def test_a_link_that_tells_its_article_gives_its_address(link: str, address: str) -> None:
    assert target(link) == address
    assert not is_opaque(link)


@pytest.mark.parametrize(
    "link",
    [
        pytest.param(OPAQUE, id="Google's token since 2024"),
        pytest.param("https://news.google.com/read/CBMiabc?hl=en-US", id="a token in ruins"),
        pytest.param("https://news.google.com/rss/articles/", id="no token"),
        pytest.param("https://news.google.com/stories/CAAqNggKIjBDQklTSGpvSmMzUnZjbmt0TXpZd1NoRUtEd2k", id="a story"),
        pytest.param(google(ARTICLE)[:60], id="a token cut off"),
        pytest.param(google("javascript:alert(1)"), id="a script in a token"),
        pytest.param(google("https://"), id="half an address in a token"),
        pytest.param("https://news.google.com/articles/" + "é" * 9, id="letters that are no token"),
        pytest.param("http://www.bing.com/news/apiclick.aspx?ref=FexRss", id="Bing without an address"),
        pytest.param("http://www.bing.com/news/apiclick.aspx?url=javascript%3aalert(1)", id="a script"),
        pytest.param("http://www.bing.com/news/apiclick.aspx?url=file%3a%2f%2f%2fetc%2fpasswd", id="a file"),
        pytest.param("https://www.google.com/url?q=lagoon+mission", id="words for an address"),
        pytest.param(f"https://www.google.com/url?url={quote(OPAQUE, '')}", id="an opaque one within another"),
    ],
)
def test_a_redirector_s_link_that_does_not_tell_is_opaque(link: str) -> None:
    assert target(link) is None
    assert is_opaque(link)


@pytest.mark.parametrize(
    "link",
    [
        ARTICLE,
        "https://times.example/url?url=https://other.example/",
        "https://times.example/share?u=https://news.google.com/rss/articles/CBMi",
        "https://notgoogle.com/url?q=https://other.example/",
        "https://news.google.com.times.example/rss/articles/CBMi",
        "https://news.google.com@times.example/rss/articles/CBMi",
        "https://www.google.com/search?q=https://other.example/",
        "https://blog.google/url?q=https://other.example/",
        "https://www.bing.com/news/search?q=x&url=https://other.example/",
        "https://feedproxy.google.com/~r/times/~3/abc/",
        "http://[",
        "",
    ],
)
def test_other_links_are_left_alone(link: str) -> None:
    assert target(link) is None
    assert not is_opaque(link)


def test_redirectors_within_redirectors_are_followed_a_few_steps_only() -> None:
    link = ARTICLE
    for _ in range(4):
        link = f"https://www.google.com/url?url={quote(link, '')}"
    assert target(link) == ARTICLE
    link = f"https://www.google.com/url?url={quote(link, '')}"
    assert target(link) is None
    assert is_opaque(link)


@pytest.mark.parametrize(
    "hostile",
    [
        "https://" + "a." * 500_000 + "google.com/url?q=x",
        "https://www.google.com/url?" + "url=x&" * 200_000,
        "https://news.google.com/articles/" + "A" * 1_000_000,
        "https://news.google.com/" + "articles/" * 100_000,
        "https://" + "a" * 1_000_000,
    ],
    ids=["labels", "parameters", "token", "parts", "host"],
)
def test_a_hostile_link_takes_no_longer_than_its_length(hostile: str) -> None:
    with not_hanging():
        target(hostile)
        is_opaque(hostile)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["https://news.google.com/rss/articles/", "https://www.google.com/url?url=", "http://[", ""]),
    st.text(max_size=40) | st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode()),
)
def test_every_text_has_an_answer(start: str, rest: str) -> None:
    told = target(start + rest)
    assert told is None or told.startswith(("http://", "https://"))
