"""Do all feeds run and speak, and is what they acknowledged on the bus?"""

from collections.abc import Iterator

from broker.errors import SpoolDamaged
from broker.spool import weight
from liandong.feed.v1.feed_pb2 import FRESHNESS_LATE, FRESHNESS_SILENT, Feed
from ops.condition import condition
from ops.doctor.case import Case
from ops.doctor.finding import Finding, note

_GROUPS = 100
_LOG = "see logs/adapter-{}.log in the home folder"
_SOURCE = "see that the source can be reached, and that [feed.transport] is right; " + _LOG
_SENDERS = "ask whoever runs the source, and look for connections in logs/adapter-{}.log"


def check_feeds(case: Case) -> Iterator[Finding]:
    """Find feeds that never ran, do not run, are not heard of, are hindered, silent or late."""
    told = case.feeds
    for feed_id in (feed.id for feed in case.city.feeds):
        about = f"feed {feed_id}"
        if feed_id not in told:
            yield Finding(about, "never ran", f"start the city again, or {_LOG.format(feed_id)}")
            continue
        feed = told[feed_id]
        fares = condition(feed, case.city, case.now)
        if not fares.well:
            # What hinders a feed is in the sentence already.
            said = "" if feed.trouble else feed.last_error
            last = f" (it said: {said})" if said else ""
            yield Finding(about, f"{_is(fares.sentence)}{last}", _remedy(feed).format(feed_id))
        elif feed.trouble or feed.freshness == FRESHNESS_LATE:
            yield note(about, f"is {fares.sentence}")
    for name in sorted(told.keys() - {feed.id for feed in case.city.feeds}):
        yield note(f"feed {name}", "has books on the bus and is not in the city file")


def check_spools(case: Case) -> Iterator[Finding]:
    """Find what was acknowledged and is not on the bus yet."""
    for path in sorted(case.home.path.glob("spool/*.sqlite")):
        try:
            count, size = weight(path)
        except SpoolDamaged as error:
            yield Finding("", str(error))
            continue
        if count:
            yield Finding(
                f"spool {path}",
                f"holds {count:,} messages ({size / 1e6:.1f} MB) that the bus has not had",
                f"bring the bus back and let the feed run; else {_LOG.format(path.stem)}",
            )


def check_journals(case: Case) -> Iterator[Finding]:
    """Find accesses that are recorded on this machine only."""
    for path in sorted(case.home.journals_dir.glob("*.sqlite")):
        try:
            count, size = weight(path)
        except SpoolDamaged as error:
            yield Finding("", str(error))
            continue
        # The newest group stays, so that the chain goes on from it; some are always under way.
        if count > _GROUPS:
            yield Finding(
                f"journal {path}",
                f"holds {count:,} lots of accesses ({size / 1e6:.1f} MB) that the bus has not had",
                f"bring the bus back, or make room in AUDIT; else see logs/{path.stem}.log",
            )


def _remedy(feed: Feed) -> str:
    """Return where to look when a feed is not well."""
    if feed.trouble:
        return _SOURCE
    return _SENDERS if feed.freshness == FRESHNESS_SILENT else _LOG


def _is(sentence: str) -> str:
    """Return a condition as what is said of a feed."""
    return sentence if sentence.startswith("does ") else f"is {sentence}"
