"""The files of config/monitoring: each query of theirs runs, as a role that only looks, and tells what happened."""

import json
import re
from pathlib import Path

import pytest
import yaml

MONITORING = Path(__file__).resolve().parents[2] / "config" / "monitoring"
EXPORTER = yaml.safe_load((MONITORING / "postgres_exporter.yml").read_text(encoding="utf-8"))
PANELS = json.loads((MONITORING / "grafana.json").read_text(encoding="utf-8"))["panels"]
ALERTS = yaml.safe_load((MONITORING / "alerts.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]


@pytest.fixture
def watched(db, folder):
    """A database in which something went well and something failed."""
    folder.workbook("in/claims/a.xlsx", [["n"], [1], [2]])
    folder.write("in/claims/b.xlsx", b"no workbook")
    db.import_folder(folder / "in")
    db.execute(f"SELECT pgdatahub.watch_folder('{folder}/in', every => '1 minute')")
    return db


def monitor(db):
    """A role as exporters have it."""
    return db.role("monitor", "pg_monitor")


@pytest.mark.parametrize("name", EXPORTER)
def test_the_exporters_queries(watched, name):
    rows = watched.rows(EXPORTER[name]["query"], role=monitor(watched))
    assert rows or name == "pgdatahub_progress"
    described = [next(iter(metric)) for metric in EXPORTER[name]["metrics"]]
    for row in rows:
        assert list(row) == described
    for metric in EXPORTER[name]["metrics"]:
        ((column, what),) = metric.items()
        assert what["usage"] in ("LABEL", "GAUGE") and what["description"], column
        assert all(row[column] is not None for row in rows), column


def test_what_the_exporter_says(watched):
    role = monitor(watched)
    assert watched.rows(EXPORTER["pgdatahub_failed_files"]["query"], role=role)[0]["files"] == 1
    (table,) = watched.rows(EXPORTER["pgdatahub_imports"]["query"], role=role)
    assert (table["table_name"], table["imports"], table["row_count"]) == ("claims", 1, 2)
    assert {row["state"]: row["runs"] for row in watched.rows(EXPORTER["pgdatahub_runs"]["query"], role=role)} == {"done with failures": 1}


@pytest.mark.parametrize("title", [panel["title"] for panel in PANELS])
def test_the_dashboards_queries(watched, title):
    (panel,) = [panel for panel in PANELS if panel["title"] == title]
    (target,) = panel["targets"]
    sql = re.sub(r"\$__timeFilter\((\w+)\)", r"\1 > now() - interval '1 day'", target["rawSql"])
    rows = watched.rows(sql, role=monitor(watched))
    if target["format"] == "time_series":
        assert all(list(row) == ["time", "metric", "value"] for row in rows)
    assert rows or title == "Under way"


def test_panels_do_not_overlap():
    cells = [
        (x, y)
        for panel in PANELS
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells)) and max(x for x, _ in cells) == 23
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)


def test_alerts_ask_for_metrics_that_there_are(watched):
    metrics = {f"{name}_{next(iter(metric))}" for name, query in EXPORTER.items() for metric in query["metrics"]}
    for alert in ALERTS:
        named = set(re.findall(r"\bpgdatahub_\w+", alert["expr"]))
        assert named and named <= metrics, alert["alert"]
        for statement in re.findall(r"(SELECT [^;]+);", alert["annotations"]["description"]):
            watched.rows(re.sub(r"\{\{[^}]+\}\}", "/no/such", statement))
