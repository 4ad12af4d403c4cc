"""The database as Datasette's own pages see it, without the counts that would take seconds."""

from pathlib import Path
from typing import Any

from datasette.database import Database, QueryInterrupted
from datasette.utils.sqlite import sqlite3

from monitor.web.metadata import described

_COUNT_MS = 200
_COUNTED = frozenset(name for name, table in described()["tables"].items() if not table.get("hidden"))


class Tables(Database):  # type: ignore[misc]
    """Counts nothing in hidden tables: those that find copies have many times as many rows as there are articles, and
    SQLite does not stop in the middle of such a count, whatever the limit.
    """

    def connect(self, write: bool = False) -> Any:
        """Opens the file, to read only. Datasette itself takes a `?`, `#` or `%` in its path for something else."""
        del write  # nothing here ever does
        connection = sqlite3.connect(f"{Path(self.path).as_uri()}?mode=ro", uri=True, check_same_thread=False)
        self._all_file_connections.append(connection)
        return connection

    async def execute(self, sql: str, *values: Any, **options: Any) -> Any:
        """Runs a query. To count all that a search finds may take longer than the search: then it is left out."""
        if sql.startswith("select count(*) from ") and not options.get("custom_time_limit"):
            options["custom_time_limit"] = _COUNT_MS
        return await super().execute(sql, *values, **options)

    async def table_counts(self, limit: int = 10) -> dict[str, int | None]:
        """How many rows each table has, None where that is not counted or takes more than so many milliseconds."""
        counts: dict[str, int | None] = dict.fromkeys(await self.table_names())
        for table in _COUNTED.intersection(counts).difference(await self.hidden_table_names()):
            try:
                found = await self.execute(f"select count(*) from [{table}]", custom_time_limit=limit)  # noqa: S608
                counts[table] = found.rows[0][0]
            except QueryInterrupted:
                counts[table] = None
        return counts

    async def get_all_foreign_keys(self) -> dict[str, Any]:
        """The links between tables; the page of a row counts what leads there."""
        found: dict[str, Any] = await super().get_all_foreign_keys()
        for links in found.values():
            links["incoming"] = [link for link in links["incoming"] if link["other_table"] in _COUNTED]
        return found
