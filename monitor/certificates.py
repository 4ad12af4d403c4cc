"""Whom TLS trusts, and what its refusals mean in words.

Python's own context honours SSL_CERT_FILE and SSL_CERT_DIR, and silently trusts less where they name what cannot be
read. REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE, which it does not know, are what many companies set for their own
authority: what they hold is trusted besides.
"""

import os
import ssl
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from monitor.errors import ConfigError, Problem

FILES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
DIRECTORIES = "SSL_CERT_DIR"

_UNKNOWN = (
    "nobody known here vouches for its certificate; the server leaves out a part of its chain, or the certificate of "
    "your own authority belongs into the file that SSL_CERT_FILE names"
)
_VERDICTS = {
    2: _UNKNOWN,
    9: "its certificate is not valid yet; is the clock of this machine right?",
    10: "its certificate has expired",
    18: "it shows a self-signed certificate, which anybody could have made",
    19: "its chain ends in a self-signed certificate that is not trusted here; if it is your own authority's, "
    "SSL_CERT_FILE names the file that holds it",
    20: _UNKNOWN,
    21: _UNKNOWN,
    23: "its certificate was revoked",
    62: "its certificate is made out to another name",
    64: "its certificate is made out to another address",
}
"""By OpenSSL's numbers for what is wrong with a certificate."""
_NO_TLS = {"WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"}
_OTHER_TLS = {"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "SSLV3_ALERT_HANDSHAKE_FAILURE", "NO_PROTOCOLS"}


def context(environ: Mapping[str, str] = os.environ) -> ssl.SSLContext | None:
    """The context that trusts what the environment names; None where it names nothing and the usual one will do.

    Raises ConfigError for a file or directory that cannot be read.
    """
    named = [(name, environ[name]) for name in (*FILES, DIRECTORIES) if environ.get(name)]
    return _context(tuple(named)) if named else None


@lru_cache(4)
def _context(named: tuple[tuple[str, str], ...]) -> ssl.SSLContext:
    """Read the files: 40 ms, which a process pays once."""
    trusting = ssl.create_default_context()
    once = {value: name for name, value in reversed(named)}
    problems = [problem for value, name in once.items() if (problem := _load(trusting, name, value))]
    if problems:
        raise ConfigError([Problem(problem) for problem in problems])
    return trusting


def _load(trusting: ssl.SSLContext, name: str, value: str) -> str | None:
    """Trust what a variable names, and say what is wrong with it."""
    paths = [Path(path) for path in (value.split(os.pathsep) if name == DIRECTORIES else [value])]
    directories = [path for path in paths if path.is_dir()]
    try:
        for path in directories:
            list(path.iterdir())  # OpenSSL would say nothing of one that it may not read
            trusting.load_verify_locations(capath=path)
        if not directories and name == DIRECTORIES:
            return f"{name} names {value}, which is no directory; {_remedy(name)}"
        if not directories:
            trusting.load_verify_locations(cafile=value)
    except ssl.SSLError:
        return f"{name} names {value}, which holds no certificates (PEM is expected); {_remedy(name)}"
    except OSError as error:
        return f"{name} names {value}, which cannot be read: {error.strerror}; {_remedy(name)}"
    return None


def _remedy(name: str) -> str:
    return f"correct it, or take {name} out of the environment"


def in_words(error: BaseException) -> str:
    """Why there is no secure connection, by what the TLS library raised."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _VERDICTS.get(error.verify_code, f"its certificate is not accepted: {error.verify_message}")
    reason = str(getattr(error, "reason", None) or "")
    if reason in _NO_TLS:
        return "what answers there speaks no TLS; perhaps the address begins with http://"
    if reason in _OTHER_TLS:
        return f"it speaks no TLS that is safe enough ({reason.lower().replace('_', ' ')})"
    return reason.lower().replace("_", " ") or str(error)
