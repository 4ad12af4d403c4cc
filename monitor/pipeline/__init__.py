"""The stages composed. Each asks the store what is missing, computes, and writes in one transaction.

    sync -> due_feeds -> poll_feeds                       entries become articles
         -> read_pages                                    articles get their text
         -> match_articles -> group_signals               texts become signals, signals developments, these alerts
         -> watch_itself                                  troubles of the monitor become alerts too
         -> send_alerts                                   the outbox is delivered
         -> index_articles                                full-text search finds what is new
    maintain                                              every night: the file is checked, tidied and copied

Within `poll_feeds` and `read_pages`, asking uses the network and no database, storing the database and no network.
"""

from monitor.pipeline.alerts import SendReport, check_channels, send_alerts
from monitor.pipeline.asking import ask_feeds, fetch_feeds
from monitor.pipeline.feeds import due_feeds, index_articles, poll_feeds, store_feeds, sync
from monitor.pipeline.maintenance import MaintainReport, maintain
from monitor.pipeline.pages import ask_pages, known_hosts, read_pages, store_pages, wanted_pages
from monitor.pipeline.run import PassReport, run_pass
from monitor.pipeline.signals import GroupReport, MatchReport, group_signals, match_articles, need_right_rules
from monitor.pipeline.watching import beat, watch_itself

__all__ = [
    "GroupReport",
    "MaintainReport",
    "MatchReport",
    "PassReport",
    "SendReport",
    "ask_feeds",
    "ask_pages",
    "beat",
    "check_channels",
    "due_feeds",
    "fetch_feeds",
    "group_signals",
    "index_articles",
    "known_hosts",
    "maintain",
    "match_articles",
    "need_right_rules",
    "poll_feeds",
    "read_pages",
    "run_pass",
    "send_alerts",
    "store_feeds",
    "store_pages",
    "sync",
    "wanted_pages",
    "watch_itself",
]
