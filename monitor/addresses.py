"""Addresses of the web as requests need them: which are any, where a redirect leads, and who may see a login.

Pure helpers of `monitor.fetch` on yarl's URLs; `monitor.urls` is about what articles are known by.
"""

import re

from yarl import URL

from monitor.guard import FetchError

_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def parse(text: str) -> URL:
    """Read an absolute http or https address, without its fragment. Raises FetchError of kind `url`."""
    shown = repr(without_login(text))
    try:
        url = _url(text)
    except ValueError as error:
        raise FetchError("url", f"{shown} is no valid address: {error}") from error
    if url.scheme not in ("http", "https"):
        raise FetchError("url", f"{shown} does not begin with http:// or https://")
    host = url.raw_host or ""
    if ":" not in host and not re.fullmatch(r"[\w.-]+", host, re.ASCII):
        raise FetchError("url", f"{shown} has no valid host name")
    return url.with_fragment(None)


def redirected(base: URL, location: str | None) -> URL:
    """Where a redirect from `base` leads, without a login. Raises FetchError of kind `redirect`."""
    if not location:
        raise FetchError("redirect", f"{base.origin()} redirects without saying where to")
    try:
        return parse(str(base.join(_url(location)))).with_user(None)
    except (ValueError, FetchError) as error:
        raise FetchError("redirect", f"{base.origin()} redirects to nowhere: {error}") from error


def without_login(text: str) -> str:
    """An address, which may be none, without the user name and password before its host."""
    return re.sub(r"^([^/?#]*//)[^/?#]*@", r"\1", text)


def with_login(target: URL, start: URL) -> URL:
    """`target` with the login that `start` has, if it may see it."""
    if start.user is None or not same_place(start, target):
        return target
    return target.with_user(start.user).with_password(start.password)


def same_place(start: URL, target: URL) -> bool:
    """Tell whether `target` may know what `start` was told: the same origin, or its step up to TLS."""
    places = [(url.scheme, url.port) for url in (start, target)]
    return start.raw_host == target.raw_host and (places[0] == places[1] or places == [("http", 80), ("https", 443)])


def _url(text: str) -> URL:
    if _UNFIT.search(text):  # yarl would drop them, and ask for something else
        raise ValueError("it holds control characters or bytes that are no text")
    return URL(text)
