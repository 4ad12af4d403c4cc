"""Page bytes to an article's text, title, authors and date: the one home of newspaper3k and its rivals.

    bytes ── decode ──> markup ── five extractors vote ──> text
                          └────── title, authors, date

No extractor is best on every page, but two that work differently and agree are seldom both wrong. So
newspaper3k and trafilatura (set to precision) read first, and where they agree, trafilatura's text is taken.
Where they do not, all five read, and the text that is most like all others wins (the medoid).

The libraries are imported when the first page comes: together they cost over half a second. They are not made
for threads (newspaper3k keeps the document on a class) and have no time limit: see `worker_pool`.
"""

import codecs
import logging
import re
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING

from monitor.errors import ExtractError
from monitor.models import Page
from monitor.text import paragraphs, printable, squeeze

if TYPE_CHECKING:
    from lxml.html import HtmlElement  # type: ignore[import-untyped]
    from newspaper import Article, Config
    from trafilatura.settings import Document

MAX_BYTES = 5_000_000
AGREEMENT = 0.95
"""The 4-gram F1 from which two texts count as the same."""
NEWSPAPER_MAX_CHARACTERS = 1_500_000
NEWSPAPER_MAX_LINKS = 5_000
"""newspaper3k's time grows with the square of the links: 20,000 of them take it 21 s."""

_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_FAR = datetime(2100, 1, 1, tzinfo=UTC)

_SENTENCE = re.compile(r".{40}[.!?…。！？؟।۔]")

_log = logging.getLogger(__name__)


def extract(body: bytes, url: str, content_type: str = "", now: datetime | None = None) -> Page:
    """Reads an article from a page's bytes, as they came (decompressed) from `url`.

    `content_type` is the HTTP header's value. `published` is a day (midnight UTC) from 1990 on; with `now`,
    later dates than the day after are no candidates for it, without it the caller judges what is plausible.
    Raises ExtractError, with a sentence for people, where there is no article to be had. Not for threads.
    """
    page = _load(body, url, content_type)
    metadata = _metadata(page, now)
    title = _title(page) or squeeze(metadata.title or "")
    extractor, text = _vote(page, title)
    return Page(
        title=title,
        text=text,
        authors=tuple(filter(None, map(squeeze, (metadata.author or "").split(";")))),
        published=_day(page, metadata.date),
        extractor=extractor,
    )


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A page ready to be read: its markup without control characters, and the tree made of it."""

    url: str
    markup: str
    tree: "HtmlElement"


def _load(body: bytes, url: str, content_type: str) -> _Loaded:
    import trafilatura

    if len(body) > MAX_BYTES:
        raise ExtractError(f"the page has {len(body):,} bytes; more than {MAX_BYTES:,} are not read")
    if not body.strip():
        raise ExtractError("the page is empty")
    # lxml keeps control characters that are written as references, and then refuses to set them as text.
    markup = printable(_CONTROL_REFERENCE.sub("", decode(body, content_type)))
    if foreign := _foreign(body, markup, content_type):
        raise ExtractError(f"the address answers with {foreign}, not with a web page")
    tree = trafilatura.load_html(markup)
    if tree is None:
        raise ExtractError("the page's HTML is too damaged to be parsed")
    return _Loaded(url, markup, tree)


# --------------------------------------------------------------------------- bytes to characters

_CONTROL_REFERENCE = re.compile(
    r"&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])(?!\d)|x0*(?:[0-8bcef]|1[\da-f])(?![\da-f]));?", re.IGNORECASE
)
_MARKS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_HEADER_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_PAGE_CHARSET = re.compile(rb"<(?:meta\b[^>]*?charset|\?xml\b[^>]*?encoding)\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_PAGE_CHARSET_WITHIN = 8192
# Browsers read what is declared as the left as if it were the right, and pages are written for them.
_REALLY = {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030"}
# Codecs of Python's that are no charsets of pages; some take forever.
_NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "utf-7"})


def decode(body: bytes, content_type: str = "") -> str:
    """The page's characters: by byte order mark, else UTF-8 where it is, else HTTP's charset, else its own.

    A declaration that the bytes contradict is passed over. Where nothing fits it is windows-1252, as browsers
    do (a statistical guess took French texts for Celtic). Never raises.
    """
    for mark, charset in _MARKS.items():
        if body.startswith(mark):
            return body[len(mark) :].decode(charset, "replace")
    header = _HEADER_CHARSET.search(content_type)
    own = _PAGE_CHARSET.search(body[:_PAGE_CHARSET_WITHIN])
    for charset in ("utf-8", header[1] if header else "", own[1].decode("ascii", "ignore") if own else ""):
        text = _decoded(body, charset)
        if text is not None:
            return text
    return body.decode("cp1252", "replace")


def _decoded(body: bytes, charset: str) -> str | None:
    """The text under a charset; None where most beyond ASCII does not fit: a few bad bytes are common."""
    try:
        name = codecs.lookup(charset).name
        if name in _NO_CHARSETS:
            return None
        text = body.decode(_REALLY.get(name, name), "replace")
    except LookupError:  # no such charset
        return None
    beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
    return text if text.count("\ufffd") * 2 <= beyond_ascii else None


# --------------------------------------------------------------------------- what is no page

_SIGNATURES = {
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "an archive or office document",
    b"\x1f\x8b": "compressed data",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
    b"RIFF": "an image or a sound",
}
_FEED = re.compile(r"\s*(?:<[?!][^>]*>\s*)*<(?:rss|feed|rdf:RDF|urlset|sitemapindex)\b", re.IGNORECASE)
_TAG = re.compile(r"<(?:!doctype\s+html|html|head|body|article|div|p|br|h1|table)\b", re.IGNORECASE)


def _foreign(body: bytes, markup: str, content_type: str) -> str | None:
    """What the answer is where it is no web page. The bytes decide: servers often name the wrong type."""
    start = body[:64].lstrip()
    for signature, name in _SIGNATURES.items():
        if start.startswith(signature):
            return name
    if _FEED.match(markup):
        return "a feed or a site map"
    if (markup.lstrip()[:1], markup.rstrip()[-1:]) in (("{", "}"), ("[", "]")):
        return "JSON"
    if _TAG.search(markup):
        return None
    named = squeeze(content_type.partition(";")[0])[:100]
    return named if named and "html" not in named.lower() else "text without HTML"


# --------------------------------------------------------------------------- the vote


def _vote(page: _Loaded, title: str) -> tuple[str, str]:
    """The name of the extractor that won, and its text: one paragraph a line."""
    texts: dict[str, str] = {}
    failures: list[str] = []
    for name, read in _EXTRACTORS.items():
        try:
            texts[name] = _article(read(page), title)
        except Exception as error:  # noqa: BLE001 - whatever a library dies of, the others still have a vote
            _log.debug("%s left out for %s", name, page.url, exc_info=True)
            failures.append(f"{name}: {type(error).__name__}: {squeeze(str(error))[:100]}")
        if name == _SECOND and similarity(texts.get(_FIRST, ""), texts.get(_SECOND, "")) >= AGREEMENT:
            return _FIRST, texts[_FIRST]
    found = [(name, text) for name, text in texts.items() if text]
    if not found:
        reasons = f"; extractors that failed: {'; '.join(failures)}" if failures else ""
        raise ExtractError(f"no article text was found in the page{reasons}")
    return found[medoid([text for _, text in found])]


def _article(text: str, title: str) -> str:
    """One paragraph a line, without the title above them; "" where no line has a sentence (menus, forms)."""
    lines = paragraphs(text).split("\n")
    if title and lines[0] == title:
        del lines[0]
    return "\n".join(lines) if any(map(_SENTENCE.search, lines)) else ""


def medoid(texts: Sequence[str]) -> int:
    """The index of the text that is most similar to all others, the first of equals."""
    counts = [_four_grams(text) for text in texts]
    return max(range(len(texts)), key=lambda i: sum(_f1(counts[i], other) for other in counts))


def similarity(one: str, other: str) -> float:
    """The F1 of two texts' word 4-grams, counted with their repetitions: 0 to 1; 0 where one is empty."""
    return _f1(_four_grams(one), _four_grams(other))


def _four_grams(text: str) -> Counter[tuple[str, ...]]:
    words = re.findall(r"\w+", text)
    return Counter(tuple(words[i : i + 4]) for i in range(max(1, len(words) - 3))) if words else Counter()


def _f1(one: Counter[tuple[str, ...]], other: Counter[tuple[str, ...]]) -> float:
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if one and other else 0.0


# --------------------------------------------------------------------------- the extractors


def _trafilatura(page: _Loaded, *, fast: bool = False, precision: bool = False) -> str:
    import trafilatura

    # Readers' comments are not the article: a rumour in one must raise no alert.
    return trafilatura.extract(page.tree, fast=fast, favor_precision=precision, include_comments=False) or ""


def _newspaper3k(page: _Loaded) -> str:
    if len(page.markup) > NEWSPAPER_MAX_CHARACTERS or len(page.tree.findall(".//a")) > NEWSPAPER_MAX_LINKS:
        return ""
    article = _article_type()(page.url, config=_config(page.tree))
    article.set_html(page.markup)
    article.parse()
    return str(article.text)


def _readability(page: _Loaded) -> str:
    import lxml.html  # type: ignore[import-untyped]
    from readability import Document

    summary = Document(page.markup).summary(html_partial=True)
    root = lxml.html.fromstring(summary)
    for element in root.iter(*_BLOCKS):
        element.text = f"\n{element.text or ''}"
        element.tail = f"\n{element.tail or ''}"
    return str(root.text_content())


_BLOCKS = ("p", "div", "br", "li", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "tr", "section")
_FIRST, _SECOND = "trafilatura-precision", "newspaper3k"
# The two whose agreement ends it come first; then by measured accuracy, since the first wins a tie.
_EXTRACTORS: dict[str, Callable[[_Loaded], str]] = {
    _FIRST: partial(_trafilatura, precision=True),
    _SECOND: _newspaper3k,
    "trafilatura-fast": partial(_trafilatura, fast=True),
    "trafilatura": _trafilatura,
    "readability": _readability,
}


# --------------------------------------------------------------------------- newspaper3k

_IMPORTING = threading.Lock()


@cache
def _article_type() -> "type[Article]":
    """newspaper3k's Article, corrected from outside when it is first used, so that nobody else pays."""
    with _IMPORTING, _private_temporary_directory():
        from newspaper import Article
        from newspaper.parsers import Parser

    # newspaper3k parses bare text to make it a paragraph, since lxml before 6 wrapped it in <p>. lxml 6 wraps
    # it in <span>, which newspaper3k does not count as a paragraph: text is lost, or another part is taken.
    def text_to_para(text: str) -> "HtmlElement | None":
        node = Parser.fromstring(text)
        if node is not None and node.tag == "span":
            node.tag = "p"
        return node

    Parser.textToPara = text_to_para

    class QuietArticle(Article):  # type: ignore[misc]
        def release_resources(self) -> None:
            """Nothing to release; the original makes a directory under the shared temporary directory."""

    return QuietArticle


@contextmanager
def _private_temporary_directory() -> Iterator[None]:
    """On import newspaper3k makes directories of fixed names under the temporary one, and fails where another
    user has taken the names. Here they are made elsewhere and vanish: nothing that we call uses them."""
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory() as directory:
        tempfile.tempdir = directory
        try:
            yield
        finally:
            tempfile.tempdir = before


def _config(tree: "HtmlElement") -> "Config":
    """newspaper3k kept from the network and the disk, and told a language that it has stop words for."""
    from newspaper import Config
    from newspaper.extractors import ContentExtractor
    from newspaper.utils import get_available_languages

    config = Config()
    config.fetch_images = False
    config.memoize_articles = False
    config.follow_meta_refresh = False
    config.MAX_TEXT = NEWSPAPER_MAX_CHARACTERS
    language = ContentExtractor(config).get_meta_lang(tree)
    # It raises on languages that it does not know (Haitian Creole), and loads a cache from /tmp for Chinese.
    config.set_language(language if language in get_available_languages() and language != "zh" else "en")
    return config


# --------------------------------------------------------------------------- title, authors, date


def _title(page: _Loaded) -> str:
    """newspaper3k's title, the best measured; "" where it has none."""
    try:
        return squeeze(_article_type()(page.url, config=_config(page.tree)).extractor.get_title(page.tree))
    except Exception:  # noqa: BLE001 - a missing title is no reason to lose the text
        _log.debug("newspaper3k failed on the title of %s", page.url, exc_info=True)
        return ""


def _metadata(page: _Loaded, now: datetime | None) -> "Document":
    """trafilatura's metadata (authors, a title), with the date by htmldate's extensive search."""
    import trafilatura
    from trafilatura.settings import Document

    latest = now + timedelta(days=1) if now else _FAR
    dates = {"original_date": True, "extensive_search": True, "min_date": _EARLIEST, "max_date": latest}
    try:
        return trafilatura.extract_metadata(page.tree, page.url, dates)
    except Exception:  # noqa: BLE001 - nor is a missing date or author
        _log.debug("trafilatura failed on the metadata of %s", page.url, exc_info=True)
        return Document()


def _day(page: _Loaded, date: str | None) -> datetime | None:
    """The day of htmldate's answer (YYYY-MM-DD), unless htmldate made it up from a year or a month.

    It completes those to the first: a fresh article with an old year in its footer would pass for old news.
    """
    if not date:
        return None
    written = (date, date.replace("-", "/"), date.replace("-", ""))
    if date.endswith("-01") and not any(form in page.markup or form in page.url for form in written):
        return None
    return datetime.strptime(date, "%Y-%m-%d").replace(tzinfo=UTC)
