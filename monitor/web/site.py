"""`haiti-monitor inspect`: Datasette on the database, with pages of our own before it.

request -> Guard -> our page   -> views (read the store) -> template
                 -> Datasette  -> the database, opened read-only
"""

import logging
import re
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from datasette import Response, hookimpl
from datasette.app import Datasette
from datasette.plugins import pm
from datasette.utils.asgi import Base400, NotFound, Request
from datasette.views.base import DatasetteError
from markupsafe import Markup

from monitor.errors import MonitorError
from monitor.glance import Glance
from monitor.store import Store
from monitor.store.developments import shown_stages
from monitor.web import atom
from monitor.web.guarding import Guard
from monitor.web.metadata import DATABASE, metadata
from monitor.web.tables import Tables
from monitor.web.views import VIEWS, View
from monitor.web.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.web.guarding import Application

_log = logging.getLogger(__name__)
HERE = Path(__file__).parent
PAGES = (
    ("/", "Situation"),
    ("/timeline", "Timeline"),
    ("/volume", "Volume"),
    ("/feeds", "Feeds"),
    ("/search", "Search"),
    (f"/{DATABASE}", "Data"),
)
_ATOM_ENTRIES = 200
_HANDLER = "datasette.handle_exception"
_SETTINGS = {
    "default_page_size": 50,
    "max_returned_rows": 1000,
    "sql_time_limit_ms": 3000,
    "facet_time_limit_ms": 200,
    "truncate_cells_html": 300,
    "suggest_facets": False,  # metadata names those that fit; guessing costs a query for each column
    "allow_download": False,  # `haiti-monitor backup` copies a file that is whole
}


class Site:
    """The pages, as a plugin of Datasette. `now` is the clock."""

    _files: ClassVar[Mapping[str, str]] = {"site.css": "text/css", "names.js": "text/javascript"}

    def __init__(self, settings: Glance, now: Callable[[], datetime], password: str | None = None) -> None:
        self.__name__ = "haiti_monitor_pages"  # Datasette takes its plugins for modules
        self._settings = settings
        self._now = now
        self._password = password
        self._ours = [re.compile(pattern) for pattern in (*VIEWS, r"^/developments\.atom$")]

    @property
    def _words(self) -> Words:
        return Words(self._settings.timezone, self._settings.labels, self._now())

    @hookimpl
    def prepare_jinja2_environment(self, env: Any) -> None:
        """Gives templates their filters."""
        env.filters.update(self._words.filters())

    @hookimpl
    def extra_template_vars(self) -> dict[str, Any]:
        """What every page has, Datasette's too."""
        return {"pages": PAGES, "timezone": self._settings.timezone}

    @hookimpl
    def register_routes(self) -> list[tuple[str, Callable[..., Any]]]:
        """The addresses of our pages."""
        pages = [(pattern, self._page(view)) for pattern, view in VIEWS.items()]
        return [*pages, (r"^/developments\.atom$", self._feed), (r"^/-/monitor/(?P<name>[a-z.]+)$", self._file)]

    @hookimpl
    def asgi_wrapper(self) -> "Callable[[Application], Application]":
        """Nothing answers before the guard."""
        return lambda application: Guard(application, password=self._password, ours=self._is_ours)

    @hookimpl
    def render_cell(self, value: Any, column: str) -> Any:
        """Lets a number lead to what it is the number of, in rows, views and queries; tables show labels themselves."""
        if column in _LEADS and isinstance(value, int):
            return Markup('<a href="{0}/{1}">{1}</a>').format(_LEADS[column], value)
        return None

    @hookimpl
    def handle_exception(self, datasette: Datasette, request: Request, exception: Exception) -> Any:
        """Says in words what was asked wrongly; what is our own fault is logged with its traceback."""

        async def answer() -> Response:
            status, text = _in_words(exception)
            if request.path.endswith(".json"):
                return Response.json({"ok": False, "error": text, "status": status}, status=status)
            context = {"own": self._is_ours(request.path), "here": "", "error": text, "status": status}
            return Response.html(await datasette.render_template("error.html", context, request=request), status=status)

        return answer

    def _is_ours(self, path: str) -> bool:
        return any(pattern.match(path) for pattern in self._ours)

    def _page(self, view: View) -> Callable[..., Any]:
        async def answer(request: Request, datasette: Datasette) -> Response:
            asked = {key: request.args[key] for key in request.args} | request.url_vars
            words = self._words
            filled = await self._read(datasette, lambda store: view.fill(store, words, asked))
            if filled is None:
                raise NotFound(f"there is no {view.name} {asked.get('number', '')}")
            here = next((name for path, name in PAGES if path == request.path), "")
            context = {**filled, "own": True, "here": here}
            return Response.html(await datasette.render_template(f"{view.name}.html", context, request=request))

        return answer

    async def _feed(self, request: Request, datasette: Datasette) -> Response:
        rows = await self._read(datasette, lambda store: shown_stages(store, limit=_ATOM_ENTRIES))
        base = f"{request.scheme}://{request.host}"
        body = atom.feed(rows, self._words, base=base, source=str(self._settings.database_path))
        return Response(body.decode(), content_type="application/atom+xml; charset=utf-8")

    async def _file(self, request: Request) -> Response:
        name = request.url_vars["name"]
        if name not in self._files:
            raise NotFound(f"there is no file {name}")
        text = (HERE / "static" / name).read_text(encoding="utf-8")
        return Response(
            text, content_type=f"{self._files[name]}; charset=utf-8", headers={"cache-control": "max-age=60"}
        )

    async def _read(self, datasette: Datasette, query: Callable[[Store], Any]) -> Any:
        database = datasette.get_database(DATABASE)
        return await database.execute_fn(lambda connection: query(Store(connection, self._settings.database_path)))


_LEADS = {
    "development": "/developments",
    "follows": "/developments",
    "article": f"/{DATABASE}/articles",
    "feed": f"/{DATABASE}/feeds",
    "story": f"/{DATABASE}/stories",
    "trouble": f"/{DATABASE}/troubles",
}
"""Columns with the number of something -> where that is shown."""


def _in_words(exception: Exception) -> tuple[int, str]:
    """The status of the answer, and what it says; the only markup in it is Datasette's own."""
    if isinstance(exception, DatasetteError):
        text = Markup(exception.message) if exception.message_is_html else exception.message  # noqa: S704
        return exception.status, text
    if isinstance(exception, Base400):
        return exception.status, str(exception)
    if isinstance(exception, MonitorError):
        return 503, str(exception)
    _log.error("a page failed", exc_info=exception)
    return 500, "This page failed, and that is a mistake of the program; the terminal has the details."


@contextmanager
def opened(settings: Glance, now: Callable[[], datetime], password: str | None = None) -> "Iterator[Datasette]":
    """Datasette with our pages, on a database that is there. Plugins are the whole process's until the context ends."""
    site = Site(settings, now, password)
    handler = pm.unregister(name=_HANDLER)  # it prints a traceback with all values for every mistyped address
    pm.register(site, name="haiti-monitor")
    try:
        datasette = Datasette(metadata=metadata(), template_dir=str(HERE / "templates"), settings=_SETTINGS)
        datasette.remove_database("_memory")
        datasette.add_database(Tables(datasette, path=str(settings.database_path), is_mutable=True), name=DATABASE)
        yield datasette
        for database in datasette.databases.values():
            database.close()
    finally:
        pm.unregister(site)
        pm.register(handler, name=_HANDLER)
