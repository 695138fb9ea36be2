"""Order independence, proven through PostgreSQL: see order/__init__.py.

PGDATAHUB_CASES is how many cases, PGDATAHUB_SEED the first one's seed; each case is the next seed's. A failure is made
small and printed with its seed: PGDATAHUB_SEED=<seed> PGDATAHUB_CASES=1 runs it alone.
"""

import os
from pprint import pformat

import psycopg
import pytest
from harness.database import Database
from order import draw, run, shrink

SEED = int(os.environ.get("PGDATAHUB_SEED", "1"))
CASES = int(os.environ.get("PGDATAHUB_CASES", "1000"))
CASES_PER_DATABASE = 100
# Every so many cases each call is planned first, and held against its plan.
PLANNED_CASES = 5


@pytest.mark.timeout(120 + CASES)
def test_the_final_table_depends_on_the_files_alone(cluster, folder):
    print(f"PGDATAHUB_SEED={SEED} PGDATAHUB_CASES={CASES}")
    for first in range(SEED, SEED + CASES, CASES_PER_DATABASE):
        database = Database(cluster)
        try:
            print(f"{first - SEED} cases done", flush=True)
            with database.connect() as connection:
                connection.execute("SET client_min_messages = error; SET statement_timeout = '60s'")
                for seed in range(first, min(first + CASES_PER_DATABASE, SEED + CASES)):
                    check(connection, folder.path, seed)
        finally:
            database.drop()


def check(connection, home, seed):
    def difference(case):
        try:
            return run.check(connection, home, case, plans=seed % PLANNED_CASES == 0)
        except (psycopg.Error, AssertionError) as error:
            return f"{type(error).__name__}: {error}"

    case = draw.case(seed)
    if difference(case):
        small = shrink.shrink(case, difference)
        pytest.fail(f"{difference(small)}\n\nPGDATAHUB_SEED={seed} PGDATAHUB_CASES=1 repeats it; made small it is\n{pformat(small, width=120)}", pytrace=False)


@pytest.mark.parametrize(("rule", "wrong"), [("number_text", lambda number: "0"), ("join", lambda types: "text")])
def test_a_wrong_rule_is_noticed_and_the_case_made_small(cluster, folder, make_database, monkeypatch, rule, wrong):
    monkeypatch.setattr(run.model.values, rule, wrong)
    with make_database(cluster).connect() as connection:
        connection.execute("SET client_min_messages = error")
        drawn = (draw.case(seed) for seed in range(1, 100))
        case = next(case for case in drawn if run.check(connection, folder.path, case))
        small = shrink.shrink(case, lambda case: run.check(connection, folder.path, case))
        assert sum(len(file["rows"]) for file in small["files"]) <= 2, small


def test_a_plan_that_is_wrong_is_noticed(cluster, folder, make_database, monkeypatch):
    with make_database(cluster).connect() as connection:
        connection.execute("SET client_min_messages = error")
        assert run.check(connection, folder.path, draw.case(1), plans=True) is None
        known = run.plan.executed_since
        monkeypatch.setattr(run.plan, "executed_since", lambda *arguments: known(*arguments)[1:])
        cases = (draw.case(seed) for seed in range(1, 20))
        assert "the plan's statements" in next(found for case in cases if (found := run.check(connection, folder.path, case, plans=True)))
