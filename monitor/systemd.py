"""The unit by which systemd keeps the service of a user running, locked into what it needs. Pure text."""

from pathlib import Path

START_SECONDS = 300
"""A first start makes the server's database, on a small machine for minutes."""
WATCHDOG_SECONDS = 300
"""So long without a sign of life, and the service is started anew."""
_UNIT = """\
# Written by `haiti-monitor service install`, which writes it anew: for changes of your own use
# `systemctl --user edit {name}`.
[Unit]
Description=haiti-monitor: {config}
After=network-online.target

[Service]
Type=notify
ExecStart={command}
WorkingDirectory={folder}
# Secrets of channels and proxies as NAME=value; chmod 600.
EnvironmentFile=-{secrets}
Restart=on-failure
RestartSec=30
# A wrong configuration (2) is not mended by another start.
RestartPreventExitStatus=2
TimeoutStartSec={start}
TimeoutStopSec=15
WatchdogSec={watchdog}
NotifyAccess=main
# At rest it takes some 400 MB. What a run takes beyond the first bound is taken back where that is possible; beyond the
# second the largest process ends, and its work is done by the next run.
MemoryHigh=1500M
MemoryMax=2500M
OOMPolicy=continue

# It sees the file system read-only, but for its data and the folder of its configuration.
PrivateUsers=yes
ProtectSystem=strict
ReadWritePaths={writable}
PrivateTmp=yes
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
ProtectControlGroups=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service

[Install]
WantedBy=default.target
"""


def unit(name: str, python: Path, config: Path, database: Path) -> str:
    """The unit of the service with this configuration, run by this interpreter; all paths are absolute."""
    return _UNIT.format(
        name=name,
        config=_percent(config),
        command=f"{_word(python)} -m monitor --config {_word(config)} run",
        folder=_percent(config.parent),
        secrets=_percent(secrets_of(config)),
        start=START_SECONDS,
        watchdog=WATCHDOG_SECONDS,
        writable=" ".join(dict.fromkeys(_quoted(path) for path in (config.parent, database.parent))),
    )


def secrets_of(config: Path) -> Path:
    """The file with the variables of the service."""
    return config.with_name("haiti-monitor.env")


def _word(path: Path) -> str:
    """A word of a command line, where `$` would name a variable."""
    return _quoted(path).replace("$", "$$")


def _quoted(path: Path) -> str:
    escaped = _percent(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _percent(path: Path) -> str:
    """Text in which `%` stands for itself."""
    return str(path).replace("%", "%%")
