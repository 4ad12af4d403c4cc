"""Pages to articles: each sample page stands beside the text that a person would copy from it."""

import logging
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import extract as extract_module
from monitor.errors import ExtractError
from monitor.extract import MAX_BYTES, NEWSPAPER_MAX_LINKS, decode, extract, medoid, similarity

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "tests" / "samples" / "pages"
URL = "https://lantern.example/story"
SENTENCES = [
    "The council met behind closed doors on Tuesday and named a new commander for the mission.",
    "She will take up the post at the end of the month, two of those present told reporters.",
    "The vote was not unanimous, and the minutes of the meeting are to be published next week.",
]


def read(name: str) -> bytes:
    return (PAGES / f"{name}.html").read_bytes()


def page_of(markup: str, head: str = "<title>A new commander for the mission</title>") -> bytes:
    return f"<html><head><meta charset=utf-8>{head}</head><body>{markup}</body></html>".encode()


def article_of(sentences: list[str]) -> str:
    return f"<article>{''.join(f'<p>{sentence}</p>' for sentence in sentences)}</article>"


# --------------------------------------------------------------------------- text


@pytest.mark.parametrize("name", sorted(path.stem for path in PAGES.glob("*.txt")))
def test_the_text_is_the_articles_paragraphs_and_nothing_around_them(name: str) -> None:
    content_type = "text/html; charset=utf-8" if name == "header_contradicts_meta" else "text/html"

    page = extract(read(name), URL, content_type)

    assert page.text == (PAGES / f"{name}.txt").read_text(encoding="utf-8").rstrip("\n")


def newspaper3k(body: bytes) -> str:
    return extract_module._newspaper3k(extract_module._load(body, URL, ""))


def test_bare_text_is_an_article_to_newspaper3k_although_lxml_6_does_not_make_it_a_paragraph() -> None:
    text = newspaper3k(read("bare_text_between_line_breaks"))

    assert text.startswith("The secretary-general has asked")
    assert text.endswith("no country has so far offered to take over the command.")


@pytest.mark.parametrize("language", ["ht", "zh", "xx", ""])
def test_a_page_in_a_language_without_stop_words_does_not_stop_newspaper3k(language: str) -> None:
    body = page_of(article_of(SENTENCES)).replace(b"<html>", f"<html lang='{language}'>".encode())

    assert newspaper3k(body).split("\n\n") == SENTENCES
    assert "jieba" not in sys.modules


def test_readers_comments_are_not_the_article() -> None:
    rumour = "I hear that the whole mission will be disbanded before the summer, believe me, I know people."
    comments = f'<section id="comments" class="comments"><h2>Comments</h2><p>{rumour}</p></section>'

    assert "disbanded" not in extract(page_of(article_of(SENTENCES) + comments), URL).text


@pytest.mark.parametrize("mark", ["\x00", "\x0b", "\x1b", "\x7f", "&#1;", "&#x1B;", "&#0027", "\ufffe"], ids=ascii)
def test_control_characters_neither_stop_an_extractor_nor_reach_the_text(mark: str) -> None:
    first, second, third = SENTENCES
    bare = page_of(f"<div>{first}<br>{second}<p>{third}</p></div>".replace(" the ", f" {mark}the "))

    assert "closed doors" in newspaper3k(bare)
    assert extract(bare, URL).text.split("\n") == SENTENCES


def test_ordinary_character_references_stay() -> None:
    body = page_of(
        article_of([*SENTENCES, "Fran&#231;ois &#38; Zo&#xEB; wrote &#8220;a hundred&#8221; letters, he said."])
    )

    assert "François & Zoë wrote “a hundred” letters" in extract(body, URL).text


def test_a_page_with_too_many_links_for_newspaper3k_is_read_by_the_others() -> None:
    links = "".join(f'<li><a href="/{i}">Story {i}</a></li>' for i in range(NEWSPAPER_MAX_LINKS + 1))
    body = page_of(article_of(SENTENCES) + f"<ul>{links}</ul>")

    assert newspaper3k(body) == ""
    assert extract(body, URL).text.split("\n") == SENTENCES


def fail(_: object) -> str:
    raise LookupError("planted")


def test_an_extractor_that_fails_is_left_out_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(extract_module._EXTRACTORS, "newspaper3k", fail)
    caplog.set_level(logging.DEBUG, "monitor")

    page = extract(page_of(article_of(SENTENCES)), URL)

    assert page.text.split("\n") == SENTENCES
    assert f"newspaper3k left out for {URL}" in caplog.messages


def test_where_every_extractor_fails_the_error_names_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in extract_module._EXTRACTORS:
        monkeypatch.setitem(extract_module._EXTRACTORS, name, fail)

    with pytest.raises(ExtractError, match=r"newspaper3k: LookupError: planted; .*readability: LookupError"):
        extract(page_of(article_of(SENTENCES)), URL)


def test_a_page_whose_title_and_metadata_cannot_be_read_keeps_its_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import trafilatura

    monkeypatch.setattr(trafilatura, "extract_metadata", fail)
    monkeypatch.setattr(extract_module, "_config", fail)

    page = extract(page_of(article_of(SENTENCES)), URL)

    assert (page.title, page.authors, page.published) == ("", (), None)
    assert page.text.split("\n") == SENTENCES


def test_nothing_is_fetched_that_a_page_names() -> None:
    asked: list[str] = []

    class Recorder(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    with ThreadingHTTPServer(("127.0.0.1", 0), Recorder) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        head = f'<title>A new commander</title><meta http-equiv="refresh" content="0; url={address}/refresh">'
        image = f'<img src="{address}/image.jpg" width="900" height="600">'
        extract(page_of(article_of([f"{image} {sentence}" for sentence in SENTENCES]), head), f"{address}/story")
        server.shutdown()

    assert asked == []


def test_nothing_is_written_to_the_shared_temporary_directory(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from monitor.extract import extract;"
        "extract(pathlib.Path(sys.argv[1]).read_bytes(), 'https://lantern.example/')"
    )
    sample = str(PAGES / "news_with_everything_around_it.html")

    environment = os.environ | {"TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code, sample], cwd=ROOT, check=True, env=environment)

    assert list(tmp_path.iterdir()) == []


# --------------------------------------------------------------------------- title, authors, date


def test_title_authors_and_the_day_it_was_first_published_come_with_the_text() -> None:
    page = extract(read("news_with_everything_around_it"), URL)

    assert page.title == "Council names Okonjo to lead the harbour mission"
    assert page.authors == ("Mireille Toussaint",)
    assert page.published == datetime(2025, 3, 13, tzinfo=UTC)
    assert page.extractor == "trafilatura-precision"


def test_a_day_that_is_only_guessed_from_a_year_is_no_date() -> None:
    footer = "<footer><p>Copyright 2019 The Lantern Post</p></footer>"

    assert extract(page_of(article_of(SENTENCES) + footer), URL).published is None


@pytest.mark.parametrize(
    ("head", "url"),
    [
        ('<meta property="article:published_time" content="2025-01-01T08:00:00Z">', URL),
        ("", "https://lantern.example/2025/01/01/story"),
    ],
    ids=["in the page", "in the address"],
)
def test_a_first_of_january_that_is_written_out_is_a_date(head: str, url: str) -> None:
    body = page_of(article_of(SENTENCES), head=head)

    assert extract(body, url).published == datetime(2025, 1, 1, tzinfo=UTC)


def test_accents_reach_title_and_author_too() -> None:
    assert extract(read("french_windows_1252"), URL).title == "Le général Kéïta démissionne de la tête de la mission"
    assert extract(read("spanish_paragraphs_as_divs"), URL).authors == ("Rosaura Peñalver",)


@pytest.mark.parametrize(
    ("written", "now", "published"),
    [
        ("2025-05-20", datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 5, 20, tzinfo=UTC)),
        ("2025-06-02", datetime(2025, 6, 1, 12, tzinfo=UTC), datetime(2025, 6, 2, tzinfo=UTC)),
        ("2025-07-20", datetime(2025, 6, 1, tzinfo=UTC), None),
        ("2031-07-20", None, datetime(2031, 7, 20, tzinfo=UTC)),
        ("1991-02-03", None, datetime(1991, 2, 3, tzinfo=UTC)),
        ("1970-01-01", None, None),
        ("soon", None, None),
    ],
    ids=["past", "tomorrow", "after tomorrow", "no now: the caller judges", "old", "before 1990", "no date"],
)
def test_dates_that_cannot_be_are_no_dates(written: str, now: datetime | None, published: datetime | None) -> None:
    body = page_of(article_of(SENTENCES), head=f'<meta property="article:published_time" content="{written}">')

    assert extract(body, URL, now=now).published == published


# --------------------------------------------------------------------------- characters

FRENCH = "L'été dernier, à Genève, l'équipe a été reçue : « c'était très bref », pour 300 €."


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (FRENCH.encode(), ""),
        (FRENCH.encode(), "text/html; charset=ISO-8859-1"),
        (b"<meta charset=iso-8859-1>" + FRENCH.encode(), ""),
        (FRENCH.encode("utf-8-sig"), "text/html; charset=windows-1252"),
        (b"\xff\xfe" + FRENCH.encode("utf-16-le"), "text/html"),
        (b"\xfe\xff" + FRENCH.encode("utf-16-be"), "text/html"),
        (FRENCH.encode("cp1252"), "text/html;charset='windows-1252'"),
        (FRENCH.encode("cp1252"), "text/html; charset=iso-8859-1"),
        (FRENCH.encode("cp1252"), "text/html; charset=utf-8"),
        (b"<meta charset=utf-8>" + FRENCH.encode("cp1252"), "text/html"),
        (FRENCH.encode("cp1252"), "text/html; charset=no-such-thing"),
        (FRENCH.encode("cp1252"), "text/html; charset=punycode"),
        (FRENCH.encode("cp1252"), ""),
    ],
    ids=[
        "UTF-8, undeclared",
        "UTF-8 behind a server's default",
        "UTF-8 with a wrong meta",
        "byte order mark before header",
        "UTF-16, little end first",
        "UTF-16, big end first",
        "windows-1252, by the header",
        "windows-1252 called latin-1",
        "windows-1252 called UTF-8 by the header",
        "windows-1252 called UTF-8 by the page",
        "unknown charset",
        "a codec that is no charset",
        "windows-1252, undeclared",
    ],
)
def test_characters_are_read_as_they_were_written(body: bytes, content_type: str) -> None:
    assert decode(body, content_type).endswith(FRENCH)


def test_the_header_decides_between_charsets_that_both_fit() -> None:
    body = b"<meta charset=iso-8859-1>" + "Ελλάδα".encode("iso-8859-7")

    assert decode(body, "text/html; charset=iso-8859-7").endswith("Ελλάδα")


def test_the_pages_own_declaration_counts_where_the_header_has_none() -> None:
    body = b'<?xml version="1.0" encoding="iso-8859-2"?><html>' + "Łódź, żółć".encode("iso-8859-2")

    assert decode(body, "text/html").endswith("Łódź, żółć")


def test_a_broken_byte_does_not_spoil_a_whole_page_of_utf_8() -> None:
    assert decode(FRENCH.encode() + b"\xe9 " + FRENCH.encode()).count("été") == 4


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.text(max_size=40).map(lambda name: f"text/html; charset={name}"))
def test_no_bytes_and_no_declaration_make_decoding_fail(body: bytes, content_type: str) -> None:
    assert isinstance(decode(body, content_type), str)


# --------------------------------------------------------------------------- what is no article


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        (b"", "text/html", "the page is empty"),
        (b" \r\n\t ", "text/html", "the page is empty"),
        (
            b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj <</Type /Catalog>>",
            "text/html",
            "a PDF document, not with a web page",
        ),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "image/png", "an image, not with a web page"),
        (b"PK\x03\x04\x14\x00", "application/octet-stream", "an archive or office document"),
        (b'{"headline": "<p>A commander is named.</p>"}', "text/html", "the address answers with JSON"),
        (
            b'<?xml version="1.0"?><!-- x --><rss><channel><title>News</title></channel></rss>',
            "",
            "a feed or a site map",
        ),
        (
            b"BEGIN:VCALENDAR\nEND:VCALENDAR",
            "text/calendar; charset=utf-8",
            "answers with text/calendar, not",
        ),
        (b"Just some words.", "text/html", "text without HTML, not with a web page"),
        (b"<p>" + b"x" * MAX_BYTES, "text/html", "5,000,003 bytes; more than 5,000,000 are not read"),
        (read("no_article"), "text/html", "no article text was found in the page"),
    ],
    ids=[
        "empty",
        "white space",
        "pdf",
        "image",
        "archive",
        "json",
        "feed",
        "calendar",
        "plain",
        "huge",
        "sign-in page",
    ],
)
def test_what_holds_no_article_is_refused_with_a_sentence(body: bytes, content_type: str, message: str) -> None:
    with pytest.raises(ExtractError) as caught:
        extract(body, URL, content_type)

    assert message in str(caught.value)


def test_a_page_that_the_server_calls_something_else_is_read_all_the_same() -> None:
    assert extract(page_of(article_of(SENTENCES)), URL, "text/plain").text.split("\n") == SENTENCES


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(["<p>", "</p>", "<div class=a>", "<a href='//['>", "<table>", "&#x0;", "<!--", "é", *SENTENCES])
    )
)
def test_any_soup_of_tags_gives_a_page_or_an_extract_error(parts: list[str]) -> None:
    try:
        page = extract("".join(parts).encode(), URL)
    except ExtractError:
        return
    assert page.text.strip()


# --------------------------------------------------------------------------- the vote


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("a b c d e", "a b c d e", 1.0),
        ("a b c d e", "a  b,\nc d. e", 1.0),
        ("a b c d e", "v w x y z", 0.0),
        ("a b c d e", "a b c d z", 0.5),
        ("too short", "too short", 1.0),
        ("a b c d a b c d", "a b c d", 2 / 6),
        ("", "", 0.0),
    ],
    ids=[
        "same",
        "spacing and points",
        "nothing in common",
        "half",
        "under four words",
        "repetition",
        "both empty",
    ],
)
def test_similarity_is_the_f1_of_four_grams(one: str, other: str, expected: float) -> None:
    assert similarity(one, other) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("texts", "winner"),
    [
        (
            [
                "menu " * 9 + "one two three four five",
                "one two three four five",
                "one two three four five six",
            ],
            1,
        ),
        (["one two three four", "five six seven eight"], 0),
        (["alone"], 0),
    ],
    ids=["the one in the middle", "the first of equals", "the only one"],
)
def test_the_medoid_is_the_text_most_like_the_others(texts: list[str], winner: int) -> None:
    assert medoid(texts) == winner


# --------------------------------------------------------------------------- what an import costs


def test_importing_the_module_loads_no_extractor() -> None:
    code = (
        "import sys, monitor.extract, monitor.worker_pool as _;"
        "print(*{'newspaper', 'trafilatura', 'readability', 'htmldate', 'lxml'} & set(sys.modules))"
    )

    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)

    assert loaded.stdout.strip() == ""
