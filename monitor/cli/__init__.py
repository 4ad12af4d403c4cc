"""The command line: `haiti-monitor`. Commands import what they need when they run, so that help is there at once."""

import io
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.main import get_command

from monitor.cli import feeds, installing, keeping, look, pages, rules, work
from monitor.cli.context import Context
from monitor.cli.output import say
from monitor.errors import ConfigError, MonitorError, UsageError

app = typer.Typer(
    name="haiti-monitor",
    help="Watches the news for changes in the leadership and policy of the security mission in Haiti.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # help in boxes would come 0.3 s later
    context_settings={"help_option_names": ["-h", "--help"]},
)


_INTERRUPTED = 130
"""What shells take for the end by Ctrl-C; typer ends with it, and silently."""


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib import metadata

        print(f"haiti-monitor {metadata.version('haiti-monitor')}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    config: Annotated[
        Path, typer.Option(envvar="HAITI_MONITOR_CONFIG", help="The configuration file.", show_default=True)
    ] = Path("config.yaml"),
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Options that come before the command."""
    context.obj = Context(config)


work.register(app)
keeping.register(app)
look.register(app)
pages.register(app)
app.add_typer(feeds.app)
app.add_typer(rules.app)
app.add_typer(installing.app)


def program() -> Any:
    """The program as one command, with the example of each command on a line of its own below its help."""
    command = get_command(app)
    _set_examples_apart(command)
    return command


def _set_examples_apart(command: Any) -> None:
    text, mark, rest = (command.help or "").partition("Example: ")
    if mark:
        example, _, more = rest.partition("\n")
        command.help = f"{text.rstrip()}\n{more}".strip()
        command.epilog = f"\b\nExample:\n  {example.strip()}"  # \b: not to be filled into a paragraph
    for one in getattr(command, "commands", {}).values():
        _set_examples_apart(one)


def main() -> None:
    """The program. Exit code 0: done; 1: something failed; 2: wrong use or wrong configuration."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # as JSON, Atom and our files are, whatever the locale
    try:
        program()(prog_name="haiti-monitor")
    except SystemExit as ended:
        if ended.code == _INTERRUPTED:
            _say_stopped()
        raise
    except ConfigError as error:
        for problem in error.problems:
            say(str(problem))
        sys.exit(2)
    except MonitorError as error:
        say(f"haiti-monitor: {error}")
        sys.exit(2 if isinstance(error, UsageError) else 1)
    except KeyboardInterrupt:
        _say_stopped()
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:  # the reader of our output went away; nothing more can be said to it
        _drop_output()
        sys.exit(1)


def _say_stopped() -> None:
    """One line, below the ^C of a terminal. What is not written yet is dropped: a pipe that is full would block."""
    _drop_output()
    say("\nstopped" if sys.stderr.isatty() else "stopped")


def _drop_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
