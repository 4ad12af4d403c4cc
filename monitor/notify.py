"""Edge: messages to people through Apprise. Anything but a clear success raises NotifyError.

Apprise answers False and logs why, at levels that nobody reads and sometimes with the secrets of the URL in
it. Here its log is listened to during a call, and what it said becomes the error, with the secrets masked.
Apprise loads only when something is sent or checked.
"""

import difflib
import logging
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from email.utils import make_msgid
from hashlib import blake2b
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from monitor.errors import NotifyError
from monitor.models import Message

if TYPE_CHECKING:
    from apprise import NotifyBase

# Services that deliver HTML to a mailbox; all others get the text.
_MAIL = frozenset(
    {"mailto", "mailtos", "azure", "o365", "brevo", "mailersend", "mailgun", "postmark", "resend", "sendgrid"}
    | {"sendpulse", "ses", "smtp2go", "sparkpost"}
)
# Services whose messages are one line. Apprise sends what follows a line break to an IRC server as commands.
_OF_ONE_LINE = frozenset({"irc", "ircs"})
_LINE_BYTES, _LINES = 380, 3
_CONNECT_SECONDS = 10.0
_READ_SECONDS = 20.0
_KEY_HEADER = "X-Haiti-Monitor-Key"
_EXAMPLES = "mailtos://user:password@mail.example.org?to=desk@example.org, slack://…, tgram://…, ntfy://…, json://…"


class Notifier:
    """Sends to named channels. `channels` maps a name to an Apprise URL: a secret, never shown."""

    def __init__(self, channels: Mapping[str, str]) -> None:
        self._channels = dict(channels)

    def send(self, channel: str, message: Message, key: str, served: Collection[str] = ()) -> None:
        """Deliver one message; returns only if the service took it.

        Mail carries `html` with a plain part derived from it, everything else `text`. `key`, the same on
        every try, goes along as the header X-Haiti-Monitor-Key where the service has headers (SMTP, json,
        form, xml), and is the Message-ID of a mail. Each recipient of a mail channel gets a mail of their
        own, but for those whom `served` says to have it already. Raises NotifyError with the cause, without
        a secret; its `delivered` are the recipients that have the mail now where others were refused.
        """
        url = self._channels.get(channel)
        if url is None:
            raise NotifyError(f"no channel is named '{channel}'; there are: {', '.join(self._channels) or 'none'}")
        try:
            _send(_plugin(url), message, key, frozenset(served))
        except NotifyError as error:
            raise NotifyError(f"channel '{channel}': {redact(str(error), url)}", error.delivered) from None


def check_url(url: str) -> None:
    """Raises NotifyError, without a secret in it, if Apprise could not send to the URL. Nothing is sent."""
    try:
        _plugin(url)
    except NotifyError as error:
        raise NotifyError(redact(str(error), url)) from None


# --------------------------------------------------------------------------- Apprise


def _send(plugin: "NotifyBase", message: Message, key: str, served: frozenset[str]) -> None:
    failures = []
    for recipient, single in _singles(plugin):
        if recipient in served:
            continue
        try:
            _deliver(single, message, key)
            served |= {recipient}
        except NotifyError as error:
            failures.append(str(error))
    if failures:
        raise NotifyError("; ".join(dict.fromkeys(failures)), served)


def _plugin(url: str) -> "NotifyBase":
    """Apprise's object for a URL, with what would hide a failure switched off."""
    from apprise import Apprise, AppriseAsset
    from apprise.common import OverflowMode
    from apprise.utils.parse import parse_urls

    if len(parse_urls(url)) > 1:  # type: ignore[no-untyped-call]
        raise NotifyError("there are several URLs in one channel; give each a channel of its own")
    with _listening() as log:
        # Not async_mode, so that it works in this thread, where we listen.
        asset = AppriseAsset(app_id="haiti-monitor", async_mode=False)
        plugin = Apprise.instantiate(url.strip(), asset=asset)
    if plugin is None:
        raise NotifyError(_why_not(url, log))
    dropped = [line for line in log if line.startswith("Dropped")]
    # Some services, IRC for one, keep an empty list of targets and their recipients under other names.
    recipients = [getattr(plugin, name, None) for name in ("targets", "channels", "users", "rooms")]
    if dropped or (hasattr(plugin, "targets") and not any(recipients)):
        why = f"a recipient of this {plugin.service_name} URL is missing or wrong. {' '.join(dropped)}"
        raise NotifyError(why.strip())
    plugin.optional = False  # `?optional=yes` would call a failure a success
    given = set(re.findall(r"[?&](\w+)=", url.lower()))
    if "cto" not in given:
        # SMTP knows this limit only, and waits for replies under it as well.
        plugin.socket_connect_timeout = _READ_SECONDS if _is_smtp(plugin) else _CONNECT_SECONDS
    if "rto" not in given:
        plugin.socket_read_timeout = _READ_SECONDS
    if "overflow" not in given and plugin.schema not in _MAIL:
        plugin.overflow_mode = OverflowMode.SPLIT
    return plugin


def _is_smtp(plugin: "NotifyBase") -> bool:
    return plugin.schema in {"mailto", "mailtos"}


def _singles(plugin: "NotifyBase") -> Iterator[tuple[str, "NotifyBase"]]:
    """The plugin for one recipient after the other where Apprise hides that some were refused (SMTP).

    With each comes a name for it that is stored, which is a hash: who gets alerts comes out of a secret.
    """
    from apprise.plugins.email import NotifyEmail

    if not isinstance(plugin, NotifyEmail):
        yield "", plugin
        return
    copied = {address: (False, address) for address in sorted(plugin.cc | plugin.bcc)}
    recipients = copied | {address: (name, address) for name, address in plugin.targets}
    plugin.cc, plugin.bcc = set(), set()
    plugin.request_rate_per_sec = 0  # else it sleeps 5.5 s between two recipients
    for address, target in recipients.items():
        plugin.targets = [target]
        yield blake2b(address.lower().encode(), digest_size=6).hexdigest(), plugin


def _deliver(plugin: "NotifyBase", message: Message, key: str) -> None:
    from apprise import Apprise
    from apprise.common import NotifyFormat

    if "headers" in plugin.template_kwargs:
        headers: dict[str, str] = getattr(plugin, "headers", {})
        headers[_KEY_HEADER] = re.sub(r"[^!-~]", "-", key)
    _name_mails()
    html = plugin.schema in _MAIL and plugin.notify_format == NotifyFormat.HTML
    title = " ".join(message.subject.split())  # a line break in a title breaks mail
    parts = [(title, message.html if html else message.text)]
    if plugin.schema in _OF_ONE_LINE:
        parts = [("", line) for line in _in_lines(f"{title}\n{message.text}")]
    service = Apprise()
    service.add(plugin)
    for heading, body in parts:
        with _listening() as log, _mails_named(key):
            body_format = NotifyFormat.HTML if html else NotifyFormat.TEXT
            sent = bool(service.notify(title=heading, body=body, body_format=body_format))
        if not sent:
            raise NotifyError(f"{plugin.service_name} did not take the message: {_cause(log)}")


_message_id: ContextVar[str | None] = ContextVar("the Message-ID of the present mail", default=None)


@contextmanager
def _mails_named(key: str) -> Iterator[None]:
    """Mails sent meanwhile have a Message-ID made of the key: mailboxes drop a repeat by that, not by other headers."""
    left, _, right = key.partition("@")
    parts = [re.sub(r"[^\w!#$%&*+/=?^`{|}~-]+", "-", part, flags=re.ASCII).strip("-") for part in (left, right)]
    token = _message_id.set(f"<{parts[0] or 'alert'}@{parts[1] or 'haiti-monitor'}>")
    try:
        yield
    finally:
        _message_id.reset(token)


def _name_mails() -> None:
    """Lets Apprise take the Message-ID from us: it makes a new one for every try, and asks nobody."""
    from apprise.plugins.email import base

    vars(base)["make_msgid"] = _msgid


def _msgid(idstring: str | None = None, domain: str | None = None) -> str:
    return _message_id.get() or make_msgid(idstring, domain)


def _in_lines(text: str) -> list[str]:
    """A text as lines of at most 380 bytes in UTF-8, each as full as it may be, and three of them at most."""
    lines = [""]
    words = [word for line in text.splitlines() if line.strip() for word in (*line.split(), "·")][:-1]
    for word in words:
        longer = f"{lines[-1]} {word}".strip()
        if len(longer.encode()) <= _LINE_BYTES or not lines[-1]:
            lines[-1] = longer.encode()[:_LINE_BYTES].decode("utf-8", "ignore")
        else:
            lines.append(word.encode()[:_LINE_BYTES].decode("utf-8", "ignore"))
    return lines[:_LINES]


# --------------------------------------------------------------------------- why it failed

_log: ContextVar[list[str] | None] = ContextVar("apprise's log of the present call", default=None)


class _Listener(logging.Filter):
    """Takes Apprise's log lines out of a call that is listened to; others pass as they did before."""

    def __init__(self, level: int) -> None:
        super().__init__()
        self._level = level

    def filter(self, record: logging.LogRecord) -> bool:
        lines = _log.get()
        if lines is None:
            return record.levelno >= self._level
        error = record.exc_info[1] if record.exc_info else None
        text = f"{record.getMessage()}: {error}" if error else record.getMessage()
        if record.levelno >= logging.WARNING or text.startswith(("Socket Exception:", "Response Details:")):
            lines.append(text)
        return False


@contextmanager
def _listening() -> Iterator[list[str]]:
    """What Apprise logs in this thread meanwhile. The lines hold secrets and reach no other log."""
    logger = logging.getLogger("apprise")
    if not any(isinstance(known, _Listener) for known in logger.filters):
        logger.addFilter(_Listener(logger.getEffectiveLevel()))
    logger.setLevel(logging.DEBUG)  # the exceptions behind a failure are logged at this level only
    lines: list[str] = []
    token = _log.set(lines)
    try:
        yield lines
    finally:
        _log.reset(token)


_CAUSES = (
    (r"\(535,|\b401\b|authenticat", "authentication failed, check user and password or token"),
    (r"CERTIFICATE_VERIFY_FAILED", "the server's certificate cannot be trusted"),
    (r"Connection refused", "connection refused, nobody listens there"),
    (r"timed out", "no answer in time"),
    (
        r"Name or service not known|name resolution|nodename nor servname|No address",
        "the host's name is unknown",
    ),
)


def _cause(log: list[str]) -> str:
    """The cause in words where it is a known one, and what the service and Apprise said about it."""
    lines = (" ".join(_tidy(line).split())[:300].rstrip(".") for line in log)
    said = "; ".join(filter(None, dict.fromkeys(lines)))
    known = next((words for pattern, words in _CAUSES if re.search(pattern, said, re.IGNORECASE)), "")
    return " — ".join(filter(None, [known, said])) or "Apprise gave no reason"


def _tidy(line: str) -> str:
    """Without Python's ways of saying things: the reply of a server, or the operating system's reason."""
    reply = re.search(r"\((\d{3}), b(['\"])(.*?)\2", line)
    if reply:
        return f"the server said {reply[1]} {reply[3]}"
    reason = re.search(r"\[Errno -?\d+\] ([^'\")>]+)", line)
    if reason:
        return reason[1]
    line = re.sub(r"^(Socket Exception|Response Details):\s*|<[\w.]+ object at 0x[0-9a-f]+>", "", line)
    body = re.fullmatch(r"b(['\"])(.*)\1", line, re.DOTALL)
    return body[2] if body else line


def _why_not(url: str, log: list[str]) -> str:
    """Why Apprise makes nothing of a URL."""
    from apprise.plugins import N_MGR

    scheme, colon, _ = url.strip().partition("://")
    if scheme.lower() in {"http", "https"}:
        return f"this web address belongs to no service of Apprise; a webhook is json{scheme[4:]}://…"
    if not colon or not re.fullmatch(r"[A-Za-z][\w+.-]*", scheme):
        return f"this is no Apprise URL, which looks like service://…; examples: {_EXAMPLES}"
    if scheme.lower() not in N_MGR:
        near = difflib.get_close_matches(scheme.lower(), N_MGR.schemas(), n=1, cutoff=0.75)  # type: ignore[no-untyped-call]
        hint = f"did you mean '{near[0]}://'?" if near else f"examples: {_EXAMPLES}"
        return f"no service is named '{scheme}://'; {hint}"
    service = N_MGR[scheme.lower()]
    if not service.enabled:
        packages = service.requirements.get("packages_required") or []
        needed = ", ".join([packages] if isinstance(packages, str) else packages)
        return f"{service.service_name} does not work here: {needed or service.requirements.get('details')}"
    said = " ".join(line for line in log if not line.startswith(("Could not load", "Unparseable")))
    why = f"this {scheme}:// URL lacks something or is malformed. {said} See {service.setup_url}"
    return " ".join(why.split())


# --------------------------------------------------------------------------- secrets

_HARMLESS = re.compile(
    "verify|redirect|rto|cto|overflow|format|emojis|store|tz|retry|wait|optional|mode|method|image|from|to|cc|bcc"
    "|reply|name|smtp|priority",
    re.IGNORECASE,
)


def redact(text: str, url: str) -> str:
    """The text with every secret of an Apprise URL in it replaced by ***.

    For SMTP these are password, headers and unknown arguments; for all other services everything but the
    service's name, host and known harmless arguments, since their secrets may stand anywhere.
    """
    for secret in sorted(_secrets(url), key=len, reverse=True):
        pattern = re.escape(secret)
        if len(secret) < 8:
            # A short one may be a part of ordinary words.
            pattern = rf"(?<![A-Za-z0-9]){pattern}(?![A-Za-z0-9])"
        text = re.sub(pattern, "***", text, flags=re.IGNORECASE)
    return text


def _secrets(url: str) -> set[str]:
    scheme, _, rest = url.strip().partition("://")
    rest, _, query = rest.partition("?")
    authority, slash, path = rest.partition("/")
    userinfo, _, host = authority.rpartition("@")
    user, _, password = userinfo.partition(":")
    arguments = (argument.partition("=") for argument in query.split("&"))
    found = [password, *(value for name, _, value in arguments if not _HARMLESS.fullmatch(name))]
    if scheme.lower() not in {"mailto", "mailtos"}:
        found += [userinfo, user, slash + path, path, *path.split("/")]
        if not re.search(r"\.|^localhost(:|$)", host):
            found += [authority, host, *host.split(":")]
    spellings = {form for raw in found for form in (raw, unquote(raw), quote(unquote(raw), safe=""))}
    return {secret for secret in spellings if len(secret.strip("/")) > 2}
