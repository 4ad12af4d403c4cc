"""Telling: a development and the channels -> the alerts of the outbox."""

from collections.abc import Collection
from datetime import datetime
from zoneinfo import ZoneInfo

from monitor.config import Config, channel_wants
from monitor.delivery import first_attempt
from monitor.developments import announcement
from monitor.messages import compose
from monitor.models import AlertFacts, AlertKind, Report, Standing, Telling
from monitor.schema import AlertingSection, ChannelSection
from monitor.store import Store, alerts, developments, signals
from monitor.store.base import actors_of, required

CONSOLE = "console"
"""The channel of who has configured none: alerts are printed."""


def queue_alerts(config: Config, store: Store, event: int, report: Report, now: datetime) -> int:
    """Queues the news of a development for each channel that is to hear of it; with no channel at all it is printed.

    What nobody wanted stays untold: the next report may be of the severity or language that somebody wants.
    """
    settings = config.settings
    standing = developments.standing(store, event)
    heard = alerts.told(store, event)
    queued = 0
    for channel in settings.channels or (None,):
        name = channel.name if channel else CONSOLE
        kind = announces(standing, heard.get(name, ()), channel, settings.alerting)
        if kind is None:
            continue
        facts = _facts(store, event, report, standing, kind, settings.timezone)
        alerts.queue(
            store,
            compose(facts, timezone=settings.timezone),
            development=event,
            article=report.article.id,
            channel=name,
            kind=kind,
            stage=standing.stage,
            stories=standing.stories,
            now=now,
            not_before=first_attempt(channel, now, settings.timezone),
        )
        queued += 1
    if queued:
        developments.told(store, event, now)
    return queued


def announces(
    standing: Standing, heard: Collection[Telling], channel: ChannelSection | None, alerting: AlertingSection
) -> AlertKind | None:
    """Why a channel is to hear of a development now, or None; the channel None wants everything."""
    confirmation = channel.when.confirmation if channel else 1
    if channel and not channel_wants(
        channel,
        change=standing.change,
        stage=standing.stage,
        severity=standing.severity,
        languages=standing.languages,
    ):
        return None
    return announcement(standing, heard, confirmation=confirmation, update_at=alerting.update_at)


def _facts(store: Store, event: int, report: Report, standing: Standing, kind: AlertKind, timezone: str) -> AlertFacts:
    """What a message may say."""
    row = developments.facts(store, event)
    counts = developments.counts(store, event)
    course = developments.course(store, event)
    present = next(n for n, one in enumerate(course) if (one["development"], one["stage"]) == (event, standing.stage))
    before = course[present - 1] if present else None
    return AlertFacts(
        kind=kind,
        development=event,
        change=row["change"],
        stage=standing.stage,
        severity=row["severity"],
        title=row["title"],
        actors=actors_of(row["actors"]),
        first_seen=required(row["first_seen"]),
        evidence=tuple(developments.evidence(store, event)),
        outlets=counts.outlets,
        stories=counts.stories,
        also=tuple(signals.besides(store, report.article.id, row["change"])),
        previous_stage=before["stage"] if before and before["development"] == event else None,
        follows=_in_words(before["stage"], before["since"], before["outlets"], timezone) if before else None,
    )


def _in_words(stage: str, since: str, outlets: int, timezone: str) -> str:
    """`proposed on 20 May 2025, 14 outlets`."""
    day = required(since).astimezone(ZoneInfo(timezone))
    return f"{stage} on {day.day} {day:%B %Y}, {outlets:,} {'outlet' if outlets == 1 else 'outlets'}"
