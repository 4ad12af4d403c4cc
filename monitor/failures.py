"""What went wrong with a request, in our words: whose fault it is, where, and what to do."""

import os
from datetime import timedelta
from http import HTTPStatus
from textwrap import shorten

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from monitor import certificates
from monitor.guard import FetchError
from monitor.proxies import Proxy


def answered(where: str, status: int, wait: timedelta | None = None) -> str:
    """That `where` answered with a status, and for how long it wants to be left alone."""
    phrase = next((known.phrase for known in HTTPStatus if known == status), "")
    later = f", and asks to be left alone for {wait}" if wait else ""
    return f"{where} answered {status} {phrase}".rstrip() + later


def explain(url: URL, error: Exception, refusals: list[str | None]) -> FetchError:
    """Say in our words what aiohttp raised; `refusals` are the guard's, one for each address tried."""
    where = url.origin()
    if refusals and all(refusals):
        return FetchError("address", f"{where} is not fetched: {refusals[0]}")
    match error:
        case aiohttp.ClientConnectorDNSError():
            return FetchError("dns", f"the name {url.raw_host} cannot be looked up: {_reason(error.os_error)}")
        case aiohttp.ClientSSLError():
            return FetchError(
                "tls", f"no secure connection to {where}: {certificates.in_words(error.__cause__ or error)}"
            )
        case aiohttp.ClientPayloadError():
            return FetchError("protocol", f"the answer of {where} broke off before its end")
        case aiohttp.ClientResponseError() | HttpProcessingError():
            return FetchError("protocol", f"{where} answered what is no HTTP: {shorten(error.message, 120)}")
        case aiohttp.ServerDisconnectedError():
            return FetchError("connection", f"{where} closed the connection without an answer")
        case aiohttp.ClientConnectionError() | OSError():
            return FetchError("connection", f"no connection to {where}: {_reason(error)}")
        case _:
            return FetchError("url", f"{where} cannot be asked: {error}")


def explain_proxied(proxy: Proxy, url: URL, error: Exception) -> FetchError:
    """Say what went wrong on the way through a proxy: whose fault it is comes first."""
    match error:
        case aiohttp.ClientHttpProxyError():
            return FetchError("proxy", refused_by(proxy, url, error.status))
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientConnectorDNSError():
            reason = _reason(error.os_error)
            return FetchError("proxy", f"the proxy {proxy.url} cannot be reached: {reason}; see {proxy.variable}")
        case aiohttp.ServerDisconnectedError():
            return FetchError("proxy", f"the proxy {proxy.url} closed the connection; see {proxy.variable}")
        case _:
            told = explain(url, error, [])
            return FetchError(told.kind, f"{told.message} (through the proxy {proxy.url})")


def refused_by(proxy: Proxy, url: URL, status: int) -> str:
    """That a proxy itself answered, in place of the server."""
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return f"the proxy {proxy.url} wants a user name and password (407); write them into {proxy.variable}"
    return f"{answered(f'the proxy {proxy.url}', status)} to a connection with {url.origin()}; see {proxy.variable}"


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno is not None:
        # The numbers of a failed look-up are below 0 and its own.
        return os.strerror(error.errno) if error.errno > 0 else error.strerror or str(error)
    return str(error)
