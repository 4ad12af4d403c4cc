"""Developments as messages: a subject, a short text for chat, a page for mail.

Whatever comes from the web is cleaned once, when it comes in (`_cleaned`), and then escaped for its format:
`_plain` for subject and text, `_fill` for HTML. Nothing else puts a foreign word into a message.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from html import escape
from string import Template
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from monitor.models import AlertFacts, Evidence, Message
from monitor.urls import quoted_link

_SUBJECT = 110
_TEXT = 1200
_SENTENCE = 320
_TITLE_LENGTH = 200
_NAME = 60
_LINKS = 8
_ARTICLES = 12


def compose(facts: AlertFacts, *, timezone: str = "UTC") -> Message:
    """The message about one development; moments are shown in `timezone` (an IANA name).

    `subject` is one line of at most 110 characters, `text` is plain and usually below 1,200 characters, and
    `html` is a whole document that loads nothing. Raises zoneinfo.ZoneInfoNotFoundError for an unknown zone.
    """
    zone = UTC if timezone == "UTC" else ZoneInfo(timezone)
    facts = _cleaned(facts)
    subject = _subject(facts)
    return Message(subject, _text(facts, zone), _fill(_PAGE, title=subject, content=_card(facts, zone)))


def digest(messages: Sequence[Message], *, title: str) -> Message:
    """Several messages of `compose` as one, headed by `title`.

    `text` keeps of each the subject, the quoted sentence and the first link; `html` has all of them whole.
    """
    heading = _cut(_plain(_clean(title)), _SUBJECT)
    numbered = [_brief(number, message) for number, message in enumerate(messages, start=1)]
    subjects = _Html("".join(_fill(_SUBJECT_OF, subject=message.subject) for message in messages))
    content = [_fill(_HEADING, title=heading, subjects=subjects), *map(_fragment, messages)]
    return Message(heading, "\n\n".join(numbered), _fill(_PAGE, title=heading, content=_Html("\n".join(content))))


def note(text: str) -> Message:
    """A message of one line about the monitor itself; `text` may hold foreign words, such as a server's error."""
    line = _plain(_clean(text))
    subject = _cut(line, _SUBJECT)
    return Message(subject, line, _fill(_PAGE, title=subject, content=_fill(_FOREIGN, subject=subject, text=line)))


# --------------------------------------------------------------------------- cleaning what comes from the web


def _clean(text: str) -> str:
    """One line without control, direction and invisible characters; scripts need the two joiners."""
    kept = (
        char
        for char in text
        if char in "\u200c\u200d" or char.isspace() or unicodedata.category(char) not in {"Cc", "Cf", "Cs"}
    )
    return " ".join("".join(kept).split())


def _cleaned(facts: AlertFacts) -> AlertFacts:
    return replace(
        facts,
        change=_cut(_clean(facts.change), _NAME),
        stage=_cut(_clean(facts.stage), _NAME),
        severity=_cut(_clean(facts.severity), _NAME),
        title=_cut(_clean(facts.title), _TITLE_LENGTH),
        actors=tuple(map(_clean, facts.actors)),
        evidence=tuple(map(_cleaned_evidence, facts.evidence)),
        previous_stage=_cut(_clean(facts.previous_stage), _NAME) if facts.previous_stage else None,
        also=tuple(map(_clean, facts.also)),
        follows=_clean(facts.follows) if facts.follows else None,
    )


def _cleaned_evidence(evidence: Evidence) -> Evidence:
    url = quoted_link(evidence.url)
    return replace(
        evidence,
        outlet=_cut(_clean(evidence.outlet) or urlsplit(url).hostname or "unnamed outlet", _NAME),
        title=_cut(_clean(evidence.title), _TITLE_LENGTH),
        url=url,
        sentence=_cut(_clean(evidence.sentence), 2 * _SENTENCE),
        rule=_cut(_clean(evidence.rule), _NAME),
        roles=_clean(evidence.roles),
    )


# --------------------------------------------------------------------------- the words of both formats


def _cut(text: str, limit: int) -> str:
    """At most `limit` characters, cut between words where that loses little."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    space = head.rfind(" ")
    return (head[:space] if space > limit // 2 else head).rstrip(" ,;:.-–—") + "…"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _moment(at: datetime, zone: tzinfo) -> str:
    local = at.astimezone(zone)
    return f"{local.day} {local:%B %Y, %H:%M %Z}"


def _headline(facts: AlertFacts) -> str:
    return next((evidence.title for evidence in facts.evidence if evidence.title), facts.title)


def _subject(facts: AlertFacts) -> str:
    kind = {"contradiction": " · contradicted", "confirmed": " · confirmed"}.get(facts.kind, "")
    return _cut(_plain(f"{_capital(facts.change)} · {facts.stage}{kind}: {_headline(facts)}"), _SUBJECT)


def _what(facts: AlertFacts) -> str:
    """What is new, in one line."""
    before = f", after {facts.previous_stage}" if facts.previous_stage else ""
    if facts.kind == "new":
        return f"New development in {facts.change}: {facts.stage}{before}"
    if facts.kind == "confirmed":
        return f"Confirmed by {facts.stories:,} independent stories: {facts.change} {facts.stage}"
    if facts.kind == "stage":
        return f"New stage in {facts.change}: {facts.stage}{before}"
    return f"Reports on {facts.change} contradict each other: now {facts.stage}{before}"


def _facts(facts: AlertFacts, zone: tzinfo) -> list[tuple[str, str]]:
    """Label and value of everything there is to say besides the evidence."""
    rules = list(dict.fromkeys(evidence.rule for evidence in facts.evidence if evidence.rule))
    why = f"{'rule' if len(rules) == 1 else 'rules'} {_some(rules, 3)}, " if rules else ""
    outlets = _count(facts.outlets, "outlet", "outlets")
    stories = _count(facts.stories, "independent story", "independent stories")
    rows = [
        ("Who", facts.evidence[0].roles if facts.evidence and facts.evidence[0].roles else _some(facts.actors, 6)),
        ("Since", _moment(facts.first_seen, zone)),
        ("Reported by", f"{outlets} in {stories}"),
        ("Follows", facts.follows or ""),
        ("Also", ", ".join(facts.also)),
        ("Why", f"{why}severity {facts.severity}"),
    ]
    return [(label, _cut(value, 160)) for label, value in rows if value]


def _some(names: Sequence[str], most: int) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


# --------------------------------------------------------------------------- text


def _plain(text: str) -> str:
    """Cleaned text that no chat service takes for markup or for a mention.

    Angle brackets become ‹ ›, since Slack, Discord and Telegram read mentions, links and tags in them; a
    space parts the two halves of a Markdown link; a zero-width space follows an @ that could call people.
    """
    text = text.replace("<", "‹").replace(">", "›").replace("](", "] (")
    return re.sub(r"(?<!\w)@(?=\w)|@(?=(?:everyone|here|channel|all|room)\b)", "@\u200b", text, flags=re.IGNORECASE)


def _text(facts: AlertFacts, zone: tzinfo) -> str:
    lines = [f"{_what(facts)}."]
    if facts.evidence:
        first = facts.evidence[0]
        lines.append(f"“{_cut(first.sentence or first.title, _SENTENCE)}” — {first.outlet}")
    lines += ["", *(f"{label}: {value}" for label, value in _facts(facts, zone))]
    lines = [_plain(line) for line in lines]
    links = _links(facts.evidence, _TEXT - len("\n".join(lines)))
    return "\n".join([*lines, "", *links] if links else lines)


def _links(evidence: Iterable[Evidence], room: int) -> list[str]:
    """`Outlet: address` of the first articles, as many as there is room for, but one at least."""
    by_url = {item.url: item.outlet for item in reversed(list(evidence)) if item.url}
    lines = [f"{_plain(outlet)}: {url}" for url, outlet in reversed(by_url.items())]
    shown = lines[:1]
    for line in lines[1:_LINKS]:
        if len("\n".join([*shown, line])) + len("\n\nand 999 more") > room:
            break
        shown.append(line)
    hidden = len(lines) - len(shown)
    return [*shown, f"and {hidden} more"] if hidden else shown


def _brief(number: int, message: Message) -> str:
    """A message within a digest: its subject, what it quotes, and its first link."""
    lines = message.text.splitlines()
    quotes = [line for line in lines if line.startswith("“")]
    links = [line for line in lines if re.search(r": https?://", line)]
    return "\n".join([f"{number}. {message.subject}", *(quotes[:1] + links[:1] or lines)])


# --------------------------------------------------------------------------- HTML


class _Html(str):
    """HTML that is safe to insert as it stands."""

    __slots__ = ()


def _fill(template: str, **values: str) -> _Html:
    """The template with its values escaped, except those that are HTML of ours already."""
    escaped = {name: value if isinstance(value, _Html) else escape(value) for name, value in values.items()}
    return _Html(Template(template).substitute(escaped))


def _card(facts: AlertFacts, zone: tzinfo) -> _Html:
    """One development: what it is, the sentence that shows it, the facts, and the other articles."""
    blocks = [
        _START,
        _fill(
            _TOP,
            change=_capital(facts.change),
            stage=facts.stage,
            severity=facts.severity,
            headline=_linked(_headline(facts), facts.evidence[0].url if facts.evidence else ""),
            what=f"{_what(facts)}.",
        ),
    ]
    if facts.evidence:
        blocks.append(_article(facts.evidence[0], zone, key=True))
    rows = _Html("".join(_fill(_FACT, label=label, value=value) for label, value in _facts(facts, zone)))
    blocks.append(_fill(_FACTS, rows=rows))
    others, hidden = facts.evidence[1:_ARTICLES], len(facts.evidence[_ARTICLES:])
    if others:
        blocks.append(_OTHERS)
    blocks += [_article(evidence, zone, key=False) for evidence in others]
    if hidden:
        blocks.append(_fill(_MORE, more=f"and {_count(hidden, 'more article', 'more articles')}"))
    return _Html("".join([*blocks, _END]))


def _article(evidence: Evidence, zone: tzinfo, *, key: bool) -> _Html:
    """An article with its sentence; `key` is the one on top, whose headline is the card's already."""
    when = f" · {_moment(evidence.published, zone)}" if evidence.published else ""
    language = _fill(' lang="$code"', code=evidence.language) if evidence.language else _Html("")
    sentence = _fill(_KEY if key else _QUOTE, sentence=evidence.sentence, lang=language)
    title = _linked(evidence.title or evidence.outlet, evidence.url)
    return _fill(
        _ARTICLE,
        outlet=evidence.outlet,
        when=when,
        headline=_Html("") if key else _fill(_TITLE, title=title, lang=language),
        sentence=sentence if evidence.sentence else _Html(""),
        address=_fill(_ADDRESS, url=evidence.url) if evidence.url else _Html(""),
    )


def _linked(text: str, url: str) -> _Html:
    return _fill('<a href="$url">$text</a>' if url else "$text", text=text, url=url)


def _fragment(message: Message) -> _Html:
    """A message's card out of its document; of a foreign document only the message's text is shown."""
    _, start, rest = message.html.partition(_START)
    card, end, _ = rest.rpartition(_END)
    if start and end:
        return _Html(f"{start}{card}{end}")
    return _fill(_FOREIGN, subject=message.subject, text=message.text)


# Foreign words cannot forge the two marks, since they are escaped.
_START = _Html('<div class="card">')
_END = _Html("</div><!-- end of card -->")

_TOP = """
<p class="tag"><b>$change</b> · $stage · $severity severity</p>
<h2 dir="auto">$headline</h2>
<p class="what">$what</p>"""
_FACTS = "\n<div>$rows</div>\n"
_FACT = '<p class="fact"><b>$label:</b> <span dir="auto">$value</span></p>'
_OTHERS = _Html("\n<h3>Other articles</h3>")
_MORE = '\n<p class="from">$more</p>'
_KEY = '<blockquote dir="auto"$lang><mark>“$sentence”</mark></blockquote>'
_QUOTE = '<blockquote dir="auto"$lang>“$sentence”</blockquote>'
_TITLE = '<p class="headline" dir="auto"$lang>$title</p>'
# The address stands there in full because a mail's plain part is derived from its HTML and keeps no links.
_ADDRESS = '<p class="address"><a href="$url">$url</a></p>'
_ARTICLE = """
<div class="article"><p class="from"><b><bdi>$outlet</bdi></b>$when</p>$headline$sentence$address</div>"""
_HEADING = "<h1>$title</h1>\n<ol>$subjects</ol>"
_SUBJECT_OF = '<li dir="auto">$subject</li>'
_FOREIGN = '<div class="card"><h2>$subject</h2><pre>$text</pre></div>'

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>$title</title>
<style>
:root { color-scheme: light dark; }
body { margin: 0; padding: 12px; background: #f3f4f6; color: #1c1f23;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif;
  overflow-wrap: anywhere; }
main { max-width: 600px; margin: 0 auto; }
h1 { font-size: 22px; line-height: 1.25; margin: 8px 4px 16px; }
h2 { font-size: 20px; line-height: 1.3; margin: 4px 0 8px; }
h3 { font-size: 16px; margin: 20px 0 0; }
p { margin: 4px 0; }
ol { margin: 0 0 16px; padding: 0 4px 0 28px; }
a { color: #0b57d0; }
h2 a { text-decoration: none; }
pre { white-space: pre-wrap; font: inherit; }
blockquote { margin: 6px 0; padding-inline: 12px 0; border-inline-start: 3px solid #c3c8d0; }
mark { background: #fff0a6; color: #1c1f23; padding: 1px 2px; }
.card { background: #fff; border: 1px solid #d9dce1; border-radius: 10px; padding: 16px; margin: 0 0 12px; }
.tag { font-size: 14px; color: #9a3412; }
.what { margin-bottom: 12px; }
.from, .address { font-size: 14px; color: #565d68; }
.address { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.address a { color: #565d68; }
.article { padding: 8px 0; }
.article + .article { border-top: 1px solid #d9dce1; }
@media (prefers-color-scheme: dark) {
  body { background: #14161a; color: #e8eaed; }
  a { color: #8ab4f8; }
  blockquote { border-color: #4a505a; }
  mark { background: #574700; color: #fff3c4; }
  .card { background: #1e2126; border-color: #363b43; }
  .tag { color: #fdba74; }
  .from, .address, .address a { color: #a9b0bb; }
  .article + .article { border-color: #363b43; }
}
</style>
</head>
<body>
<main>
$content
</main>
</body>
</html>
"""
