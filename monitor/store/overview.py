"""The figures of the one screen that says whether all is well."""

import json
from datetime import datetime, timedelta

from monitor.store.base import Row, Store, iso


def overview(store: Store, now: datetime) -> Row:
    """Counts and latest moments of everything stored."""
    facts = store.rows(
        """
        select
            (select max(last_polled) from feeds) as last_poll,
            (select count(*) from feeds where active) as feeds,
            (select count(*) from feeds where active and failures > 0) as feeds_failing,
            (select count(*) from feeds where active and last_polled is null) as feeds_unpolled,
            (select count(*) from articles) as articles,
            (select count(*) from articles where first_seen >= ?) as articles_day,
            (select count(*) from articles where read_state = 'wanted') as pages_waiting,
            (select count(*) from developments) as developments,
            (select max(last_seen) from developments) as last_development,
            (select count(*) from alerts where state = 'sent') as alerts_sent,
            (select count(*) from alerts where state = 'queued') as alerts_queued,
            (select count(*) from alerts where state = 'failed') as alerts_failed,
            (select group_concat(distinct channel) from alerts where state = 'queued' and last_error is not null)
                as channels_failing,
            (select json_group_array(what) from troubles where cleared_at is null) as troubles
        """,
        iso(now - timedelta(days=1)),
    )[0]
    size = sum(path.stat().st_size for path in store.path.parent.glob(f"{store.path.name}*") if path.is_file())
    facts["troubles"] = json.loads(facts["troubles"])
    return facts | {"database": str(store.path), "database_bytes": size}
