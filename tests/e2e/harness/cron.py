"""Clusters with pg_cron."""

import re
import subprocess
from pathlib import Path

import pytest


def cluster(make_cluster, bin_dir, scratch, way, prefix="cron"):
    """A cluster whose pg_cron runs commands in background workers, or through connections of its own (its default; here
    over the socket: `cron.host` would be localhost, and the cluster has no network)."""
    share = subprocess.run([bin_dir / "pg_config", "--sharedir"], capture_output=True, text=True, check=True).stdout.strip()
    if not Path(share, "extension", "pg_cron.control").exists():
        pytest.skip("pg_cron is not installed for this PostgreSQL")
    name = f"{prefix}-{way[:4]}"
    settings = {"shared_preload_libraries": "pg_cron", "cron.timezone": "UTC", "log_min_messages": "error"}
    if way == "background_workers":
        settings["cron.use_background_workers"] = "on"
        return make_cluster(name, settings)
    settings["cron.host"] = str(scratch / f"test-{name}")
    return make_cluster(name, settings)


def often(session):
    """The shortest interval that this pg_cron knows: seconds since 1.5, before that minutes."""
    (version,) = session.execute("SELECT extversion FROM pg_extension WHERE extname = 'pg_cron'").fetchone()
    known = [int(part) for part in re.findall(r"\d+", version)[:2]]  # Debian's is called 1.4-1
    return "5 seconds" if known >= [1, 5] else "* * * * *"
