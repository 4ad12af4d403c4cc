"""The rules' examples, run before the service serves: in a process of its own, which gives its memory back."""

import signal
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import monitor.config
from monitor.errors import ConfigError, Problem
from monitor.rules.examples import run_examples


class Check:
    """A check that is under way."""

    def __init__(self, path: Path) -> None:
        self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_leave_ctrl_c_to_the_service)
        self._found: Future[list[Problem]] = self._pool.submit(problems, path)

    def wait(self) -> None:
        """Raises ConfigError for rules that are wrong or whose examples do not hold."""
        found = self._found.result()
        self._pool.shutdown()
        if found:
            raise ConfigError(found)


def problems(path: Path) -> list[Problem]:
    """What is wrong with the rules, but for dismissed false alarms: those stop nothing."""
    try:
        config = monitor.config.load(path, rules=True)
    except ConfigError as error:
        return error.problems
    failures = [found for found in run_examples(config.rules) if not config.is_dismissed(found.path)]
    texts = (
        (f"rule `{one.rule}`: {one.message}: {one.example.title or one.example.text}", one.path) for one in failures
    )
    return [config.example_problem(message, place) for message, place in texts]


def _leave_ctrl_c_to_the_service() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
