"""Edge: the one SQLite file, through sqlite-utils.

    base           opening, transactions, values
    damage         a damaged file, and how to restore it
    migrations     the tables and views
    feeds          feeds and the history of polls
    articles       articles, sightings, full-text search
    stories        copies of one text, and the index by which they find each other
    signals        what the rules found
    developments   events, their stages and articles
    alerts         the outbox
    clock          moments that a clock that was set back left behind
    robots         what sites said about being read
    troubles       how feeds, channels and polls are doing
    retention      what has grown old and may go
    upkeep         the file itself: whole, small and fast
    backup         copies of it

A function that reads takes a Store; one that writes must be called within `store.transaction()`.
"""

from monitor.store.base import Row, Store, open_store

__all__ = ["Row", "Store", "open_store"]
