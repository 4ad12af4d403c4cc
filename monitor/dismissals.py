"""False alarms as tests: a file beside the configuration, whose entries are `ignore` examples of their rules.

`haiti-monitor developments dismiss` adds to it, so that `haiti-monitor rules test` fails until the rule is mended, and
ever after if it should be spoiled again.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from monitor import yamltext
from monitor.errors import ConfigError
from monitor.schema import DismissalSection
from monitor.yamltext import Document

_HEAD = """\
# False alarms that were dismissed (haiti-monitor developments dismiss). Each is an `ignore` example of its rule:
# haiti-monitor rules test says which of them the rule still takes for news. Edit or delete entries as you like.
"""


def path_of(config: Path) -> Path:
    """The file of a configuration: `config.yaml` has `config.dismissed.yaml` beside it."""
    return config.with_name(f"{config.stem}.dismissed.yaml")


def read(path: Path) -> tuple[tuple[DismissalSection, ...], Document | None]:
    """The entries, in their order; none where there is no file. Raises ConfigError with each mistake's place."""
    if not path.exists():
        return (), None
    document = yamltext.load(yamltext.read(path), str(path))
    if document.data is None:
        return (), document
    if not isinstance(document.data, list):
        raise ConfigError([document.problem("a list is expected: one dismissed false alarm after `- ` on each line")])
    entries, problems = [], []
    for index, value in enumerate(document.data):
        try:
            entries.append(DismissalSection.model_validate(value))
        except ValidationError as error:
            for mistake in error.errors():
                where = ".".join(map(str, mistake["loc"]))
                problems.append(document.problem(f"{where or 'entry'}: {mistake['msg']}", (index, *mistake["loc"])))
    if problems:
        raise ConfigError(problems)
    return tuple(entries), document


def add(path: Path, entries: Iterable[DismissalSection]) -> None:
    """Writes entries below those that are there. Raises ConfigError where the file is broken, OSError for the disk."""
    present, _ = read(path)
    known = {(entry.rule, entry.title, entry.summary, entry.text) for entry in present}
    lines = []
    for entry in entries:
        if (entry.rule, entry.title, entry.summary, entry.text) not in known:
            values = entry.model_dump(exclude_defaults=True).items()
            # A text in JSON is the same text in YAML.
            lines.append(
                f"- {{{', '.join(f'{key}: {json.dumps(value, ensure_ascii=False)}' for key, value in values)}}}"
            )
    if not lines:
        return
    before = yamltext.read(path) if path.exists() else _HEAD
    new = path.with_name(f"{path.name}.new")
    new.write_text(f"{before.rstrip()}\n" + "\n".join(lines) + "\n", encoding="utf-8")
    new.replace(path)  # so that nobody reads half of it
