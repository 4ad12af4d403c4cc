"""One form for the addresses of one page, and only web pages are links."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor import urls
from monitor.urls import canonical, web_link
from tests.hanging import not_hanging

ODD = st.text(alphabet=st.sampled_from("ab0/.:?&=#%25[]@+ é\ud800;\\-wW_漢"), max_size=40)


@pytest.mark.parametrize(
    "variant",
    [
        pytest.param("http://news.example/a/b", id="other scheme"),
        pytest.param("https://www.news.example/a/b", id="www"),
        pytest.param("https://www.www.news.example/a/b", id="www twice"),
        pytest.param("https://NEWS.example/a/b", id="host in capitals"),
        pytest.param("https://news.example./a/b", id="host with its final dot"),
        pytest.param("https://news.example:443/a/b", id="default port"),
        pytest.param("https://news.example/a/b/", id="closing slash"),
        pytest.param("https://news.example//a///b", id="slashes"),
        pytest.param("https://news.example/a/b#top", id="fragment"),
        pytest.param("https://news.example/a/b?utm_source=x&fbclid=1", id="tracking"),
        pytest.param("https://news.example/a/b?UTM_Medium=x", id="tracking in capitals"),
        pytest.param("https://news.example/a/b?utm%5Fsource=x", id="tracking, escaped"),
        pytest.param("https://reader:secret@news.example/a/b", id="login"),
        pytest.param("https://news.example/%61/b", id="needless escape"),
        pytest.param("  https://news.example/a/b\n", id="white space around"),
    ],
)
def test_variants_of_an_address_are_one_article(variant: str) -> None:
    assert canonical(variant) == "https://news.example/a/b"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("https://n.example/a", "https://n.example/A", id="case of the path"),
        pytest.param("https://n.example/?id=1", "https://n.example/?id=2", id="parameter"),
        pytest.param("https://n.example/?id=%E8", "https://n.example/?id=%E9", id="parameter in an old charset"),
        pytest.param("https://n.example/%E8", "https://n.example/%E9", id="path in an old charset"),
        pytest.param("https://n.example/a%2Fb", "https://n.example/a/b", id="escaped slash"),
        pytest.param("https://n.example/?a=1%26b=2", "https://n.example/?a=1&b=2", id="escaped ampersand"),
        pytest.param("https://n.example/?q=a%2Bb", "https://n.example/?q=a+b", id="escaped plus"),
        pytest.param("https://n.example/%2541", "https://n.example/A", id="escaped percent sign"),
        pytest.param("https://n.example:8080/", "https://n.example/", id="port"),
        pytest.param("https://a.n.example/", "https://b.n.example/", id="host"),
    ],
)
def test_different_pages_stay_different(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


def test_the_order_of_parameters_does_not_matter() -> None:
    assert canonical("https://n.example/?b=2&a=1&c") == canonical("https://n.example/?c=&a=1&b=2")


@pytest.mark.parametrize(
    "address", ["", "mailto:desk@example.org", "http://[", "https://n.example:port/", "a/b", "///"]
)
def test_what_is_no_address_stays_as_it_is(address: str) -> None:
    assert canonical(address) == address


def test_an_address_of_numbers_keeps_its_brackets() -> None:
    assert canonical("http://[2001:DB8::1]:8080/x/") == "https://[2001:db8::1]:8080/x"


@settings(max_examples=60, deadline=None)
@example("https:// :")
@given(ODD.map("https://n.example/".__add__) | ODD.map("https://".__add__) | ODD | st.text(max_size=40))
def test_the_canonical_form_is_its_own_canonical_form(url: str) -> None:
    assert canonical(canonical(url)) == canonical(url)


@settings(max_examples=60, deadline=None)
@given(ODD)
def test_a_link_that_may_be_followed_can_be_stored_and_stays_as_it_is(link: str) -> None:
    address = web_link(link, "https://n.example/dir/page")
    if address is not None:
        address.encode("utf-8")
        assert web_link(address) == address


@pytest.mark.parametrize(
    ("link", "address"),
    [
        pytest.param("https://m.example/x", "https://m.example/x", id="absolute"),
        pytest.param("x?y=1", "https://n.example/dir/x?y=1", id="relative"),
        pytest.param("//m.example/x", "https://m.example/x", id="without scheme"),
        pytest.param(" \n https://m.example/x \n", "https://m.example/x", id="white space around"),
        pytest.param("https://m.example/\n   long/path", "https://m.example/long/path", id="broken over lines"),
        pytest.param("https://m.example/two words", "https://m.example/two%20words", id="space within"),
        pytest.param("https://m.example/\x00x\u200b\u202e", "https://m.example/x", id="control characters"),
        pytest.param("HTTPS://m.example/x", "https://m.example/x", id="scheme in capitals"),
        pytest.param("java\nscript:alert(1)", None, id="script, broken over lines"),
        pytest.param("javascript:alert(1)", None, id="script"),
        pytest.param("data:text/html,x", None, id="data"),
        pytest.param("file:///etc/passwd", None, id="file"),
        pytest.param("mailto:a@example.org", None, id="mail"),
        pytest.param("https:///x", "https://n.example/x", id="no host: the page's own"),
        pytest.param("https://m.example:0/", None, id="port nought"),
        pytest.param("https://m.example:99999/", None, id="port too high"),
        pytest.param("https://two words.example/", None, id="space in the host"),
        pytest.param("http://[", None, id="half a bracket"),
        pytest.param("", None, id="nothing"),
        pytest.param(None, None, id="no link"),
    ],
)
def test_only_web_pages_are_links(link: str | None, address: str | None) -> None:
    assert web_link(link, "https://n.example/dir/page") == address


@pytest.mark.parametrize(
    "hostile", ["https://n.example/" + "/" * 500_000 + "x", "https://n.example/?" + "a&" * 250_000]
)
def test_a_hostile_address_takes_no_longer_than_its_length(hostile: str) -> None:
    with not_hanging():
        canonical(hostile)
        web_link(hostile)


SCHEMES = st.sampled_from(["https://", "http://", "HTTP://"])
HOSTS = st.sampled_from(["www.", "a.example", "b-c.example", ".", "EXAMPLE", ":80", ":443", ":8080", ":0", "-"])
PATHS = st.sampled_from(["/", "//", "a", "b.html", "?", "x=1", "&", "%41", "~", "#f", ".", "..", "é", " ", ";"])
ADDRESSES = st.builds(
    lambda scheme, host, path: scheme + "".join(host + path),
    *(SCHEMES, st.lists(HOSTS, max_size=3), st.lists(PATHS, max_size=6)),
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(ADDRESSES)
def test_a_short_cut_leads_to_the_same_address(url: str) -> None:
    quick = canonical(url), web_link(url, "https://n.example/dir/")
    with pytest.MonkeyPatch.context() as patch:
        for short_cut in ("_CANONICAL", "_SIMPLE"):
            patch.setattr(urls, short_cut, re.compile("(?!)"))
        assert (canonical(url), web_link(url, "https://n.example/dir/")) == quick
