"""Fixtures of the end-to-end tests. Each test gets a database of its own on a cluster that the session shares."""

import itertools
import os
import subprocess
import time
from pathlib import Path

import pytest
from harness import processes
from harness.cluster import Cluster
from harness.database import Database
from harness.folder import Folder
from harness.standby import Standby

_clusters = []
_folders = itertools.count(1)


def pytest_configure(config):
    for name in ("PGDATAHUB_BIN", "PGDATAHUB_SCRATCH"):
        if name not in os.environ:
            raise pytest.UsageError(f"{name} is not set: run the tests with make test-e2e or tests/e2e/run.sh")


@pytest.fixture(scope="session")
def bin_dir():
    return Path(os.environ["PGDATAHUB_BIN"])


@pytest.fixture(scope="session")
def scratch():
    return Path(os.environ["PGDATAHUB_SCRATCH"])


@pytest.fixture(scope="session")
def make_cluster(bin_dir, scratch):
    """make_cluster(name, settings=…, pid1=…, standby_of=…, wrapper=…, environment=…) starts one more cluster, removed at the end of the session."""

    def make(name, settings=None, pid1=False, standby_of=None, **more):
        home = scratch / f"test-{name}"
        made = Standby(standby_of, home, settings) if standby_of else Cluster(bin_dir, home, settings, pid1, **more)
        _clusters.append(made.create().start())
        return made

    yield make
    for cluster in _clusters:
        cluster.remove()


@pytest.fixture(scope="session")
def cluster(make_cluster):
    return make_cluster("main")


@pytest.fixture(scope="session")
def still_cluster(make_cluster):
    """A cluster in which nothing happens by itself, for tests that nothing was changed."""
    return make_cluster("still", {"autovacuum": "off"})


@pytest.fixture(scope="session")
def cron_cluster(make_cluster, bin_dir):
    """A cluster with pg_cron, which works in database `postgres` and connects through the socket."""
    share = subprocess.run([bin_dir / "pg_config", "--sharedir"], capture_output=True, text=True, check=True).stdout.strip()
    if not Path(share, "extension", "pg_cron.control").exists():
        pytest.skip("pg_cron is not installed for this PostgreSQL")
    settings = {"shared_preload_libraries": "pg_cron", "cron.use_background_workers": "on", "cron.timezone": "UTC"}
    return make_cluster("cron", settings)


@pytest.fixture(scope="session")
def pid1_cluster(make_cluster):
    """A cluster whose postmaster is PID 1, as in a container without an init."""
    probe = subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", "true"], capture_output=True, text=True, check=False)
    if probe.returncode != 0:
        pytest.skip(f"this user may not create a PID namespace: {probe.stderr.strip()}")
    return make_cluster("pid1", pid1=True)


@pytest.fixture
def make_database():
    """make_database(cluster, extension=True) creates a database that lives as long as the test."""
    made = []

    def make(cluster, extension=True):
        made.append(Database(cluster, extension))
        return made[-1]

    yield make
    for database in made:
        if database.cluster.running:
            database.drop()


@pytest.fixture
def db(cluster, make_database):
    """A fresh database with the extension."""
    return make_database(cluster)


@pytest.fixture
def folder(scratch):
    """An empty folder that the server may read."""
    made = Folder(scratch / "files" / f"f{os.getpid()}-{next(_folders)}")
    yield made
    made.remove()


@pytest.fixture(autouse=True)
def server_stays_up(request):
    """Fails a test during which a server crashed, or that leaves a reader process behind."""
    before = [(cluster, cluster.log_size()) for cluster in _clusters]
    yield
    if request.node.get_closest_marker("server_crash"):
        return
    known = {cluster for cluster, _ in before}
    before += [(cluster, 0) for cluster in _clusters if cluster not in known]
    crashes = [line for cluster, size in before for line in cluster.crashes(size)]
    assert not crashes, "the server crashed:\n" + "\n".join(crashes)
    assert not left_readers(), f"reader processes are left: {left_readers()}"


def left_readers(seconds=5.0):
    """The readers below this session's clusters that do not end within `seconds`: backends end a little after their
    clients. A zombie is one too, as long as its backend has not reaped it."""
    end = time.monotonic() + seconds
    while True:
        left = [reader for cluster in _clusters if cluster.running for reader in cluster.readers()]
        left += [process for process in processes.readers() if process.parent == 1 and process not in left]
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.05)
