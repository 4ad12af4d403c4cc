"""Pure helpers on addresses: one canonical form per page, and which links may be followed at all."""

import re
from urllib.parse import parse_qsl, quote, unquote, urlencode, urljoin, urlsplit, urlunsplit

# Parameters that say who clicked, not which page: of analytics, mailings, social networks and feed services.
_TRACKING = re.compile(
    r"utm_\w+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|igshid|mc_cid|mc_eid|mkt_tok|ref|ref_src|cmpid|cmp|ito|smid|"
    r"ns_\w+|at_\w+|xtor|oc|ocid|ncid|sr_share|s_cid|spm|_ga|_gl|vero_id|wt_?mc|piwik_\w+|pk_\w+|matomo_\w+|mtm_\w+|"
    r"trk\w*|traffic_source|feature|partner|source|soc_src|soc_trk|guccounter|guce_\w+|amp",
    re.IGNORECASE,
)
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def web_link(link: str | None, base: str = "") -> str | None:
    """The absolute http(s) address that a link means, or None for anything that is no web page.

    `javascript:`, `data:`, `file:` and links without a host are not; control characters are taken out first.
    """
    try:
        absolute = urljoin(base, _UNPRINTABLE.sub("", link or ""))
        parts = urlsplit(absolute)
        valid = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return None
    return absolute if link and valid and parts.scheme in ("http", "https") else None


def canonical(url: str) -> str:
    """One form for the addresses of one page; two addresses with the same form are the same article.

    Scheme, `www.`, default port, fragment, tracking parameters, their order and a closing slash do not tell pages
    apart; the host is compared without case, the path with it. An address that is none stays as it is.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return url.strip()
    if not host:
        return url.strip()
    where = host.removeprefix("www.") + (f":{port}" if port and port not in (80, 443) else "")
    path = quote(unquote(parts.path, errors="surrogateescape"), safe="/:@!$&'()*+,;=~-._%", errors="surrogateescape")
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(pair[0])]
    return urlunsplit(("https", where.lower(), re.sub(r"/+", "/", path).rstrip("/"), urlencode(sorted(query)), ""))


def without_userinfo(url: str) -> str:
    """The address without name and password, for logs, tables and messages."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
