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
            (select max(last_success) from feeds) as last_good_poll,
            (select count(*) from feeds where active) as feeds,
            (select count(*) from feeds where active and failures > 0) as feeds_failing,
            (select count(*) from feeds where active and last_polled is null) as feeds_unpolled,
            (select json_group_array(name) from (select name from feeds where active and failures > 0 order by name))
                as failing,
            (select count(*) from articles) as articles,
            (select count(*) from articles where first_seen >= ?) as articles_day,
            (select count(*) from articles where read_state = 'wanted') as pages_waiting,
            (select count(*) from developments) as developments,
            (select max(last_seen) from developments) as last_development,
            (select count(*) from alerts where state = 'sent') as alerts_sent,
            (select count(*) from alerts where state = 'queued') as alerts_queued,
            (select count(*) from alerts where state = 'failed') as alerts_failed,
            (select min(coalesce(resent_at, created_at)) from alerts where state = 'queued') as alerts_waiting_since,
            (select group_concat(distinct channel) from alerts where state = 'queued' and last_error is not null)
                as channels_failing,
            (select json_group_array(what) from troubles where cleared_at is null) as troubles
        """,
        iso(now - timedelta(days=1)),
    )[0]
    size = sum(path.stat().st_size for path in store.path.parent.glob(f"{store.path.name}*") if path.is_file())
    facts |= {key: json.loads(facts[key]) for key in ("troubles", "failing")}
    new = _new(store, now - timedelta(days=1))
    return facts | {"developments_day": len(new), "new": new, "database": str(store.path), "database_bytes": size}


def _new(store: Store, since: datetime) -> list[Row]:
    """The developments that reached a stage since a moment, the latest first."""
    return store.rows(
        """
        select max(t.since) as since, d.change, d.stage, d.title, d.id as development
        from development_stages t join developments d on d.id = t.development
        where t.since >= ? and d.dismissed_at is null group by d.id order by 1 desc, d.id desc
        """,
        iso(since),
    )
