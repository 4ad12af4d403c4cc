"""The three flows as Prefect sees them: deployments, their schedules, and the runs a killed service left behind."""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from prefect import Flow, get_client
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterNextScheduledStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import (
    ConcurrencyLimitConfig,
    ConcurrencyLimitStrategy,
    FlowRun,
    State,
    StateType,
)
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
from prefect.runner import Runner
from prefect.schedules import Cron, Interval, Schedule
from prefect.states import Crashed, Scheduled
from prefect.types.entrypoint import EntrypointType

NAME = "haiti-monitor"
ANCHOR = datetime(2025, 1, 1, 4, 7, 19, tzinfo=UTC)
"""Intervals count from here, so that a restart does not put off the daily run; not at the full hour, when all poll."""

_ALONE = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)
_UNFINISHED = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]


@dataclass(frozen=True, slots=True)
class Planned:
    """A flow and when it runs: every so often, or by a cron expression in a time zone."""

    flow: Flow[Any, Any]
    when: timedelta | str
    timezone: str = "UTC"

    @property
    def schedule(self) -> Schedule:
        """The schedule in Prefect's words."""
        if isinstance(self.when, timedelta):
            return Interval(self.when, anchor_date=ANCHOR)
        return Cron(self.when, timezone=self.timezone)


async def prepare(runner: Runner, planned: Iterable[Planned], config: str) -> None:
    """Registers the deployments with the server and orders the runs that are to start at once.

    That is the first flow, and every flow whose turn came while no service ran.
    """
    ids = []
    for plan in planned:
        deployment = await runner.aadd_flow(
            plan.flow,
            name=NAME,
            schedule=plan.schedule,
            parameters={"config": config},
            concurrency_limit=_ALONE,
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
        ids.append(deployment)
    now = datetime.now(UTC)
    async with get_client() as client:
        missed = await clear_leftovers(client, ids, now)
        for deployment in ids:
            if deployment == ids[0] or deployment in missed:
                # Whatever is scheduled from now on comes after it.
                await client.create_flow_run_from_deployment(deployment, state=Scheduled(scheduled_time=now))


def reschedule(times: Mapping[str, timedelta | str], timezone: str) -> None:
    """Gives the flows of a running service other times; the server then drops what it had planned."""
    with get_client(sync_client=True) as client:
        for flow, when in times.items():
            deployment = client.read_deployment_by_name(f"{flow}/{NAME}")
            for planned in deployment.schedules:
                client.update_deployment_schedule(deployment.id, planned.id, schedule=_as_sent(when, timezone))


def _as_sent(when: timedelta | str, timezone: str) -> IntervalSchedule | CronSchedule:
    if isinstance(when, timedelta):
        return IntervalSchedule(interval=when, anchor_date=ANCHOR)
    return CronSchedule(cron=when, timezone=timezone)


async def clear_leftovers(client: PrefectClient, deployments: list[UUID], now: datetime) -> set[UUID]:
    """Ends what a killed service left behind, and answers the deployments whose turn was missed.

    A run that nobody executes any more would count as running, and keep its deployment's only place, for ever.
    """
    missed = set()
    async for run in _runs(client, deployments, _late(now)):
        await client.delete_flow_run(run.id)
        missed.add(run.deployment_id)
    async for run in _runs(client, deployments, _in_state(_UNFINISHED)):
        killed: State[Any] = Crashed(message="The service was killed while this run was under way.")
        await client.set_flow_run_state(run.id, killed, force=True)
    for deployment in deployments:
        limit = (await client.read_deployment(deployment)).global_concurrency_limit
        if limit is not None and limit.active_slots:
            await client.update_global_concurrency_limit(limit.name, GlobalConcurrencyLimitUpdate(active_slots=0))
    return {deployment for deployment in missed if deployment is not None}


async def _runs(client: PrefectClient, deployments: list[UUID], wanted: FlowRunFilter) -> AsyncIterator[FlowRun]:
    """The wanted runs, page after page; the caller takes each out of what is wanted."""
    of = DeploymentFilter(id=DeploymentFilterId(any_=deployments))
    while page := await client.read_flow_runs(deployment_filter=of, flow_run_filter=wanted):
        for run in page:
            yield run


def _in_state(types: list[StateType]) -> FlowRunFilter:
    return FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=types)))


def _late(now: datetime) -> FlowRunFilter:
    return FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
        next_scheduled_start_time=FlowRunFilterNextScheduledStartTime(before_=now),
    )
