"""The configuration of a running service: what stands in the file, or while that is wrong the last that was right.

A service names its database in the environment of its runs, and keeps beside it

    config.last-good.yaml            the last configuration that was right (and its dismissed false alarms)
    config.refused.txt               what is wrong with the one that stands in the file now, if it is wrong
"""

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from flows.secrets import resolve
from monitor import dismissals, yamltext
from monitor.config import Config, load
from monitor.errors import ConfigError
from monitor.eventlog import say
from monitor.pipeline import check_channels
from monitor.rules.examples import run_examples
from monitor.schema import ScheduleSection
from monitor.vigilance import Trouble

SERVED = "HAITI_MONITOR_SERVED"


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where a service keeps what was right, beside its database."""

    database: Path

    @property
    def good(self) -> Path:
        """The last configuration that was right."""
        return self.database.with_name("config.last-good.yaml")

    @property
    def refused(self) -> Path:
        """What is wrong with the present one."""
        return self.database.with_name("config.refused.txt")


def current(path: Path) -> Config:
    """The configuration of a run. Raises ConfigError where it is wrong and no service kept one that was right.

    Its rules are compiled when they are needed: `pipeline.need_right_rules` sees to it that they are right.
    One that changed is taken if a service would start with it: its rules do what their examples say, and its channels
    have addresses.
    """
    keeping = of_service()
    if keeping is None:
        return load(path, rules=False)
    if _stands_in(path) == _stands_in(keeping.good):
        _be_well(keeping, path)
        return _at(keeping, load(path, rules=False))
    try:
        found = _right(path)
    except ConfigError as error:
        if not keeping.good.exists():
            raise
        _refuse(keeping, path, error)
        return _at(keeping, replace(load(keeping.good, rules=False), path=path))
    _take(keeping, found)
    return _at(keeping, found)


def begin(path: Path, config: Config) -> None:
    """Makes this process's runs those of a service that begins with a configuration."""
    keeping = Keeping(config.database_path)
    os.environ[SERVED] = str(keeping.database)
    _keep(keeping, path)
    with suppress(OSError):
        keeping.refused.unlink(missing_ok=True)


def would_start(path: Path) -> bool:
    """Whether a service would start with what stands in the file now."""
    keeping = of_service()
    present = _stands_in(path)
    return keeping is None or present == _stands_in(keeping.good) or _is_right(path, present)


@lru_cache(maxsize=1)
def _is_right(path: Path, present: tuple[str | None, str | None]) -> bool:
    """Remembered for what stands there: it takes seconds."""
    del present
    try:
        _right(path)
    except ConfigError:
        return False
    return True


def troubles() -> list[Trouble]:
    """That the file is wrong, if it is."""
    keeping = of_service()
    wrong = _text(keeping.refused) if keeping else None
    return [Trouble("config", wrong)] if wrong else []


def of_service() -> Keeping | None:
    """Where the service of this run keeps what was right; None where none started it."""
    database = os.environ.get(SERVED)
    return Keeping(Path(database)) if database else None


def _right(path: Path) -> Config:
    config = load(path)
    if problems := config.broken_examples(run_examples(config.rules)):
        raise ConfigError(problems)
    check_channels(config, resolve)
    return config


def _at(keeping: Keeping, config: Config) -> Config:
    """The same with the database of the service, which alone it has locked."""
    return replace(config, settings=config.settings.model_copy(update={"database": str(keeping.database)}))


def _take(keeping: Keeping, found: Config) -> None:
    before = load(keeping.good, rules=False).settings if keeping.good.exists() else None
    _keep(keeping, found.path)
    _be_well(keeping, found.path)
    now = found.settings
    say("config.taken", f"{found.path} has changed and is taken.", path=found.path)
    if before and (before.schedule, before.timezone) != (now.schedule, now.timezone):
        _reschedule(now.schedule, now.timezone)
    if before and (before.database, before.service) != (now.database, now.service):
        text = "What it says in `database:` and `service:` is taken when the service starts anew."
        say("config.postponed", text, level="warning")


def _reschedule(schedule: ScheduleSection, timezone: str) -> None:
    from flows.deployments import reschedule

    try:
        reschedule({"poll": schedule.poll, "deliver": schedule.deliver, "maintain": schedule.maintain}, timezone)
    except Exception as error:  # noqa: BLE001  whatever the server says: the work goes on
        text = f"Its `schedule:` is taken when the service starts anew; the Prefect server did not take it now: {error}"
        say("config.postponed", text, level="warning", error=str(error))
    else:
        say("config.rescheduled", "Its `schedule:` is taken within a minute.")


def _refuse(keeping: Keeping, path: Path, error: ConfigError) -> None:
    """Says what is wrong, once for each change."""
    more = f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
    wrong = f"the service goes on with the last good configuration, as this one is wrong: {error.problems[0]}{more}"
    if _text(keeping.refused) != wrong:
        text = f"{path} has changed and is not taken: {wrong}"
        say("config.refused", text, level="error", path=path, problems=[str(one) for one in error.problems])
        with suppress(OSError):
            keeping.refused.write_text(wrong, encoding="utf-8")


def _be_well(keeping: Keeping, path: Path) -> None:
    with suppress(OSError):
        keeping.refused.unlink()
        say("config.right", f"{path} is right again.", path=path)


def _keep(keeping: Keeping, path: Path) -> None:
    """Only for its owner: who writes a password into it instead of ${NAME} may have closed it to others."""
    kept = keeping.good
    with suppress(OSError):
        for source, target in ((path, kept), (dismissals.path_of(path), dismissals.path_of(kept))):
            if source.exists():
                new = target.with_name(f"{target.name}.{os.getpid()}")
                new.touch(mode=0o600)
                new.write_bytes(source.read_bytes())
                new.replace(target)
            else:
                target.unlink(missing_ok=True)


def _stands_in(path: Path) -> tuple[str | None, str | None]:
    return _text(path), _text(dismissals.path_of(path))


def _text(path: Path) -> str | None:
    try:
        return yamltext.read(path)
    except ConfigError:
        return None
