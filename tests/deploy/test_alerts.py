"""Alerts, tried by promtool on series of their own: each fires when it should, and only then."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "liandong.rules.yml"
OPERATIONS = ROOT / "docs" / "operations.md"
FEED = '{agency="water",feed="water.stage"}'
CITY = '{account="HUB",stream="CITY"}'
LEADS = {"liandong_servers": "1x60"}
Series = Mapping[str, str]


class Case(NamedTuple):
    """Series on which alerts are tried, a value a minute.

    Attributes:
        series: Values in promtool's notation.
        fires: The alerts that fire.
        at: When it is looked, minutes.
    """

    series: Series
    fires: tuple[str, ...] = ()
    at: int = 30


def _feed(name: str) -> str:
    """Return a metric of the feed."""
    return f"liandong_feed_{name}{FEED}"


def _freshness(word: str) -> str:
    """Return the series of one freshness of the feed."""
    return f'liandong_feed_freshness{{agency="water",feed="water.stage",freshness="{word}"}}'


def _limit(discard: str) -> str:
    """Return the series of the limit of CITY."""
    return f'liandong_stream_limit_bytes{{account="HUB",stream="CITY",discard="{discard}"}}'


def _delivered(bound: str) -> str:
    """Return a class of the histogram of deliveries."""
    return f'liandong_gateway_delivery_duration_seconds_bucket{{le="{bound}"}}'


LAG = 'liandong_stream_source_lag_messages{account="HUB",stream="CITY",source="WATER"}'
HOLE = 'liandong_stream_replica_missing_messages{account="HUB",stream="CITY",server="n1"}'
BEHIND = f"liandong_stream_consumer_lag_messages{CITY}"
INTERNAL = 'liandong_gateway_calls_total{method="SharedStateService/GetRecord",code="INTERNAL"}'
REVOKED = 'liandong_gateway_refusals_total{reason="CERTIFICATE_REVOKED"}'
ENDS = 'liandong_certificate_expiry_timestamp_seconds{certificate="water"}'
DAY = 86400
CASES = {
    "a feed that does not run": Case({_feed("running"): "0x60"}, ("LiandongFeedNotRunning",)),
    "a feed that runs": Case({_feed("running"): "1x60"}),
    "a feed that restarts": Case({_feed("running"): "1x28 0 1x30"}),
    "a feed unheard while the bus is away": Case(
        {_feed("running"): "0x60", "liandong_servers": "0x60"}, ("LiandongBusAway",)
    ),
    "a feed that cannot read its source": Case(
        {_feed("hindered"): "0x10 1x50", _feed("running"): "1x60", **LEADS},
        ("LiandongFeedHindered",),
    ),
    "a feed that could not read its source for some minutes": Case(
        {_feed("hindered"): "0x22 1x5 0x33", _feed("running"): "1x60", **LEADS}
    ),
    "a silent feed": Case(
        {_freshness("silent"): "0x20 1x40", _feed("running"): "1x60"}, ("LiandongFeedSilent",)
    ),
    "a late feed": Case({_freshness("late"): "1x60", _feed("running"): "1x60"}),
    "a feed silent for a minute": Case(
        {_freshness("silent"): "0x28 1x1 0x30", _feed("running"): "1x60"}
    ),
    "a growing quarantine": Case(
        {_feed("quarantined_total"): "0+5x60", _feed("received_total"): "0+100x60"},
        ("LiandongQuarantineGrowing",),
    ),
    "a bad frame in a thousand": Case(
        {_feed("quarantined_total"): "0+5x60", _feed("received_total"): "0+5000x60"}
    ),
    "a few bad frames": Case(
        {_feed("quarantined_total"): "0x20 1 2 3x40", _feed("received_total"): "0+10x60"}
    ),
    "an adapter that restarts with a full quarantine": Case(
        {_feed("quarantined_total"): "900x25 0x35", _feed("received_total"): "9000x25 0+10x35"}
    ),
    "a spool that holds": Case(
        {
            _feed("spool_records"): "0x20 50x40",
            _feed("spool_bytes"): "0x20 10x40",
            _feed("spool_limit_bytes"): "1000x60",
        },
        ("LiandongSpooling",),
    ),
    "a spool that fills": Case(
        {
            _feed("spool_records"): "0x20 0+10x40",
            _feed("spool_bytes"): "0x20 0+90x40",
            _feed("spool_limit_bytes"): "1000x60",
        },
        ("LiandongSpoolFilling", "LiandongSpooling"),
    ),
    "a spool that empties at once": Case(
        {
            _feed("spool_records"): "0x28 50 0x30",
            _feed("spool_bytes"): "0x28 10 0x30",
            _feed("spool_limit_bytes"): "1000x60",
        }
    ),
    "a feed without a spool": Case(
        {
            _feed("spool_records"): "0x60",
            _feed("spool_bytes"): "0x60",
            _feed("spool_limit_bytes"): "0x60",
        }
    ),
    "a bus that is away": Case({"liandong_servers": "1x20 0x40"}, ("LiandongBusAway",)),
    "an unhealthy server": Case(
        {'liandong_server_healthy{server="n1"}': "1x20 0x40"}, ("LiandongServerUnhealthy",)
    ),
    "a healthy server": Case({'liandong_server_healthy{server="n1"}': "1x60"}),
    "a lost copy": Case(
        {
            f"liandong_stream_replicas{CITY}": "3x60",
            f"liandong_stream_replicas_current{CITY}": "2x60",
        },
        ("LiandongReplicaLost",),
    ),
    "all copies": Case(
        {
            f"liandong_stream_replicas{CITY}": "3x60",
            f"liandong_stream_replicas_current{CITY}": "3x60",
        }
    ),
    "a copy with a hole": Case({HOLE: "0x15 19446x45"}, ("LiandongReplicaHole",)),
    "a copy that drops later than others": Case({HOLE: "0x27 3 0x30"}),
    "a stream that is gone": Case(
        {f"liandong_stream_messages{CITY}": "7x20 stale"}, ("LiandongStreamGone",), at=50
    ),
    "a stream unseen while the bus is away": Case(
        {
            f"liandong_stream_messages{CITY}": "7x20 stale",
            "liandong_servers": "1x20 0x40",
        },
        ("LiandongBusAway",),
        at=25,
    ),
    "a stream that stays": Case({f"liandong_stream_messages{CITY}": "7x60"}),
    "a stream near its limit": Case(
        {f"liandong_stream_bytes{CITY}": "0+30x60", _limit("new"): "1000x60"},
        ("LiandongStreamNearLimit",),
    ),
    "a stream with room": Case(
        {f"liandong_stream_bytes{CITY}": "0+20x60", _limit("new"): "1000x60"}
    ),
    "a stream that drops its oldest": Case(
        {f"liandong_stream_bytes{CITY}": "1000x60", _limit("old"): "1000x60"}
    ),
    "storage nearly full": Case(
        {
            'liandong_server_storage_bytes{server="n1"}': "900x60",
            'liandong_server_storage_limit_bytes{server="n1"}': "1000x60",
        },
        ("LiandongStorageNearLimit",),
    ),
    "storage with room": Case(
        {
            'liandong_server_storage_bytes{server="n1"}': "800x60",
            'liandong_server_storage_limit_bytes{server="n1"}': "1000x60",
        }
    ),
    "a source that waits": Case({LAG: "0x15 500x45"}, ("LiandongSourceLag",)),
    "a source in a burst": Case({LAG: "0x27 5000 0x30"}),
    "a slow reader": Case({BEHIND: "0x15 5000x45"}, ("LiandongConsumerLag",)),
    "a reader that catches up": Case({BEHIND: "0x27 5000 0x30"}),
    "a failing gateway": Case({INTERNAL: "0x27 1x30"}, ("LiandongGatewayFailing",)),
    "a gateway that failed once, long ago": Case({INTERNAL: "0x5 1x55"}),
    "a revoked certificate in use": Case(
        {REVOKED: "0x27 3x30"}, ("LiandongRevokedCertificateUsed",)
    ),
    "a revoked certificate used long ago": Case({REVOKED: "0x5 3x55"}),
    "agreements that cannot be read": Case(
        {"liandong_agreements_right": "1x20 0x40"}, ("LiandongAgreementsWrong",)
    ),
    "agreements half written": Case({"liandong_agreements_right": "1x29 0 1x30"}),
    "slow delivery": Case(
        {_delivered("2.0"): "0+1x60", _delivered("5.0"): "0+9x60", _delivered("+Inf"): "0+10x60"},
        ("LiandongDeliverySlow",),
    ),
    "quick delivery": Case({_delivered("0.05"): "0+10x60", _delivered("+Inf"): "0+10x60"}),
    "a failing audit": Case(
        {"liandong_audit_failures_total": "0x27 1x30"}, ("LiandongAuditFailing",)
    ),
    "an audit that works": Case(
        {"liandong_audit_failures_total": "3x60", "liandong_audit_journal_entries": "4x60"}
    ),
    "an audit that waits": Case(
        {"liandong_audit_journal_entries": "0x10 500x50"}, ("LiandongAuditWaiting",)
    ),
    "an audit that waited": Case({"liandong_audit_journal_entries": "0x20 500 0x40"}),
    "a dead part": Case({'liandong_part_up{part="gateway"}': "1x20 0x40"}, ("LiandongPartDown",)),
    "a part that restarts": Case({'liandong_part_up{part="gateway"}': "1x29 0 1x30"}),
    "a certificate that ends in 20 days": Case(
        {ENDS: f"{20 * DAY}x60"}, ("LiandongCertificateExpiring",)
    ),
    "a certificate that ends in an hour": Case(
        {ENDS: "3600x60"}, ("LiandongCertificateExpired", "LiandongCertificateExpiring")
    ),
    "a certificate that ends in a year": Case({ENDS: f"{365 * DAY}x60"}),
    "nobody who tells": Case({"liandong_servers": "1x10 stale"}, ("LiandongMetricsAway",)),
}


def promtool() -> str:
    """Return promtool, or skip."""
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not installed: apt-get install prometheus")
    return found


def alerts() -> dict[str, str]:
    """Return each alert's lines by its name."""
    blocks = re.split(r"^ *- alert: (\w+)\n", RULES.read_text(), flags=re.MULTILINE)[1:]
    return dict(zip(blocks[::2], blocks[1::2], strict=True))


def test_the_rules_are_right() -> None:
    """As promtool reads them, with the configuration beside them."""
    config = RULES.with_name("prometheus.yml")

    checked = subprocess.run(
        [promtool(), "check", "config", config], capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_each_alert_fires_when_it_should_and_not_otherwise(tmp_path: Path) -> None:
    """On its own series: exactly the alerts that a case names, and no other."""
    tried = tmp_path / "cases.json"
    tried.write_text(
        json.dumps({"rule_files": [str(RULES)], "tests": [*map(_as_test, CASES.items())]})
    )

    done = subprocess.run(
        [promtool(), "test", "rules", tried], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def _as_test(named: tuple[str, Case]) -> Mapping[str, object]:
    """Return a case as promtool reads it."""
    name, case = named
    return {
        "name": name,
        "interval": "1m",
        "input_series": [
            {"series": series, "values": values}
            for series, values in {**LEADS, **case.series}.items()
        ],
        "promql_expr_test": [
            {
                "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                "eval_time": f"{case.at}m",
                "exp_samples": [
                    {"labels": f'{{alertname="{alert}"}}', "value": 1} for alert in case.fires
                ],
            }
        ],
    }


def test_each_alert_is_tried_both_ways() -> None:
    """An alert that no case fires is not known to work."""
    fired = {alert for case in CASES.values() for alert in case.fires}

    assert fired == set(alerts())


def test_each_alert_says_what_it_is_and_what_to_do() -> None:
    """A severity, two sentences, and a place in the runbook that is there."""
    runbook = OPERATIONS.read_text()

    for name, lines in alerts().items():
        assert re.search(r"severity: (warning|critical)", lines), name
        assert re.search(r'summary: ".+"', lines), name
        assert re.search(r'description: ".+\.?"', lines), name
        assert f"runbook_url: docs/operations.md#{name.lower()}" in lines, name
        assert f"\n#### {name}\n" in runbook, name
