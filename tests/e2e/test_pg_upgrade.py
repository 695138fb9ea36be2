"""pg_upgrade from an earlier major; make test-all-majors runs it."""

import os
import subprocess
from pathlib import Path

import pytest
from harness.cluster import Cluster
from harness.database import Database
from harness.dump import kept
from harness.lived_in import is_whole, lived_in


def major(bin_dir):
    version = subprocess.run([Path(bin_dir, "postgres"), "--version"], capture_output=True, text=True, check=True).stdout
    return int(version.split()[2].split(".")[0])


class Target(Cluster):
    """Made as the old cluster was: since PostgreSQL 18 initdb would add checksums."""

    def _make_data(self):
        super()._make_data(*(["--no-data-checksums"] if major(self.bin) >= 18 else []))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mode", ["--copy", "--link"])
def test_pg_upgrade(bin_dir, scratch, folder, mode):
    old_bin = os.environ.get("PGDATAHUB_OLD_BIN")
    if not old_bin:
        pytest.skip("make test-all-majors")
    if major(old_bin) >= major(bin_dir):
        pytest.skip("it is no earlier major")
    # With the launcher, which must not begin in between.
    settings = {"shared_preload_libraries": "pgdatahub", "pgdatahub.launcher_naptime": "1"}
    old, new = Cluster(Path(old_bin), scratch / "test-old", settings), Target(bin_dir, scratch / "test-new", settings)
    try:
        old.create().start()
        db = Database(old)
        data = lived_in(db, folder)
        before = kept(db)
        old.stop()
        new.create()
        places = ["--old-bindir", old.bin, "--new-bindir", new.bin, "--old-datadir", old.data, "--new-datadir", new.data]
        done = new._run("pg_upgrade", *places, "--username=postgres", f"--socketdir={new.home}", mode, check=False)
        logs = [path.read_text(errors="replace")[-1500:] for path in new.data.glob("pg_upgrade_output.d/*/log/pg_upgrade_dump_[0-9]*.log")]
        assert done.returncode == 0, "\n".join([*logs, done.stdout[-500:], done.stderr])
        new.start()
        db.cluster = new
        assert kept(db) == before
        is_whole(db, folder, data)
        assert not new.crashes()
    finally:
        old.remove()
        new.remove()
