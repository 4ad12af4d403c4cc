"""The command line: `haiti-monitor`. Commands import what they need when they run, so that help is there at once."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli import feeds, look, rules, work
from monitor.cli.context import Context
from monitor.cli.output import say
from monitor.errors import ConfigError, MonitorError

app = typer.Typer(
    name="haiti-monitor",
    help="Watches the news for changes in the leadership and policy of the security mission in Haiti.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
look.register(app)
app.add_typer(feeds.app)
app.add_typer(rules.app)


def main() -> None:
    """The program. Exit code 0: done; 1: something failed; 2: wrong use or wrong configuration."""
    try:
        app()
    except ConfigError as error:
        for problem in error.problems:
            say(str(problem))
        sys.exit(2)
    except MonitorError as error:
        say(f"haiti-monitor: {error}")
        sys.exit(1)
    except KeyboardInterrupt:
        say("stopped")
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output went away; nothing more can be said to it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
