"""What Datasette says of each table, column and query: `metadata.yaml` in the shape that it wants."""

from functools import cache
from importlib.resources import files
from typing import Any

from monitor.yamltext import load

DATABASE = "monitor"
"""The name of the database in addresses."""


@cache
def described() -> dict[str, Any]:
    """The file as it is written."""
    text = (files("monitor.web") / "metadata.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = load(text, "metadata.yaml").data
    return found


def metadata() -> dict[str, Any]:
    """The file as Datasette reads it."""
    known = described()
    tables = {name: _table(table) for name, table in known["tables"].items()}
    queries = {
        name: {"sql": query["sql"], "title": query["title"], "description": query["about"], "hide_sql": True}
        for name, query in known["queries"].items()
    }
    return {
        "title": known["title"],
        "description": known["description"],
        "databases": {DATABASE: {"description": known["description"], "tables": tables, "queries": queries}},
    }


def _table(table: dict[str, Any]) -> dict[str, Any]:
    found = {"description": table["about"], "columns": table["columns"]}
    for ours, theirs in (("label", "label_column"), ("sort", "sort"), ("sort_desc", "sort_desc"), ("facets", "facets")):
        if ours in table:
            found[theirs] = table[ours]
    if "search" in table:
        found |= {"fts_table": table["search"], "fts_pk": "id"}
    if "units" in table:
        found["units"] = table["units"]
    if table.get("hidden"):
        found["hidden"] = True
    return found
