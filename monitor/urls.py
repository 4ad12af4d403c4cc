"""Pure helpers on addresses: one canonical form per page, and which links may be followed at all."""

import re
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

# Parameters that say who clicked, not which page: of analytics, mailings, social networks and feed services.
_TRACKING = re.compile(
    r"utm_\w+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|igshid|mc_cid|mc_eid|mkt_tok|ref|ref_src|cmpid|cmp|ito|smid|"
    r"ns_\w+|at_\w+|xtor|oc|ocid|ncid|sr_share|s_cid|spm|_ga|_gl|vero_id|wt_?mc|piwik_\w+|pk_\w+|matomo_\w+|mtm_\w+|"
    r"trk\w*|traffic_source|feature|partner|source|soc_src|soc_trk|guccounter|guce_\w+|amp",
    re.IGNORECASE,
)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_SIMPLE = re.compile(
    r"https?://[a-z0-9][a-z0-9.-]*(?::[1-9]\d{0,3})?(?:/[\w!$%&'()*+,./:=@~-]*(?:\?[\w!$%&'()*+,./:=@~-]+)?)?", re.ASCII
)
"""An absolute address in which nothing has to be put right."""
_CANONICAL = re.compile(
    r"https?://(?:www\.)*((?!www\.)[a-z0-9][a-z0-9.-]*[a-z0-9](?::(?!80/|443/|80$|443$)[1-9]\d{0,3})?)((?:/[\w.~-]+)*/?)",
    re.ASCII,
)
"""An address whose canonical form needs no further look."""
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})?")
_PLAIN = "-._~!$'()*,:@"
"""Characters that mean the same whether they are escaped or not, besides letters and digits."""


def web_link(link: str | None, base: str = "") -> str | None:
    """The absolute http(s) address that a link means, or None for anything that is no web page.

    `javascript:`, `data:`, `file:` and links without a host are not; control characters and line breaks are taken out
    first, as browsers do.
    """
    if link and _SIMPLE.fullmatch(link):
        return link
    one_line = "".join(line.strip() for line in (link or "").splitlines())
    try:
        absolute = urljoin(base, _UNPRINTABLE.sub("", one_line).strip().replace(" ", "%20"))
        parts = urlsplit(absolute)
        valid = bool(parts.hostname) and "%" not in (parts.hostname or "") and (parts.port is None or parts.port > 0)
    except ValueError:
        return None
    return absolute if link and valid and parts.scheme in ("http", "https") else None


def canonical(url: str) -> str:
    """One form for the addresses of one page; two addresses with the same form are the same article.

    Scheme, `www.`, default port, fragment, tracking parameters, their order, a closing slash and needless escapes do
    not tell pages apart; the host is compared without case, the path with it. An address that is none stays as it is.
    """
    if simple := _CANONICAL.fullmatch(url):
        return f"https://{simple[1]}{simple[2].rstrip('/')}"
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").strip().rstrip("."), parts.port
    except ValueError:
        return url.strip()
    if not host:
        return url.strip()
    name = f"[{host}]" if ":" in host else re.sub(r"^(?:www\.)+(?=.)", "", host)
    where = name + (f":{port}" if port and port not in (80, 443) else "")
    path = re.sub(r"/+", "/", _escaped(parts.path)).rstrip("/")
    return urlunsplit(("https", where.lower(), path, "&".join(_telling(parts.query)), ""))


def _telling(query: str) -> list[str]:
    """The parameters that say which page is meant, sorted; one without a value is one with an empty value."""
    named = (pair if "=" in pair else f"{pair}=" for pair in _escaped(query).replace("%20", "+").split("&") if pair)
    return sorted(pair for pair in named if not _TRACKING.fullmatch(pair.partition("=")[0]))


def _escaped(part: str) -> str:
    """One spelling of a path or query: escaped, in capitals, is what has to be or could mean something else plain."""
    return _ESCAPE.sub(_escape, quote(part, safe=f"{_PLAIN}/?;=&+%", errors="surrogatepass"))


def _escape(found: re.Match[str]) -> str:
    if found[1] is None:
        return "%25"  # a percent sign that escapes nothing
    char = chr(int(found[1], 16))
    return char if char.isascii() and (char.isalnum() or char in _PLAIN) else found[0].upper()


def quoted_link(url: str) -> str:
    """The address with everything unusual quoted, or "" where it is none of http or https."""
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").encode("idna").decode()
        port = f":{parts.port}" if parts.port else ""
    except (ValueError, UnicodeError):
        return ""
    if parts.scheme not in {"http", "https"} or not re.fullmatch(r"[\w.-]+|[\da-f.]*:[\da-f:.]+", host):
        return ""
    host = f"[{host}]" if ":" in host else host
    path = quote(_surrogateless(parts.path), safe="/%!$&*+,;=:~.-_")
    query = quote(_surrogateless(parts.query), safe="/%!$&*+,;=:~.-_?")
    return f"{parts.scheme}://{host}{port}{path}" + (f"?{query}" if query else "")


def _surrogateless(text: str) -> str:
    return text.encode("utf-8", "ignore").decode()
