"""A physical standby of a cluster, streaming through its socket."""

from .background import wait_for
from .cluster import Cluster


class Standby(Cluster):
    """`settings` come on top of the primary's."""

    def __init__(self, primary, home, settings=None):
        super().__init__(primary.bin, home, {**primary.settings, "unix_socket_directories": str(home), **(settings or {})})
        self.primary = primary

    def _make_data(self):
        source = [f"--host={self.primary.home}", "--port=5432", "--username=postgres"]
        self._run("pg_basebackup", *source, f"--pgdata={self.data}", "--write-recovery-conf", "--checkpoint=fast", "--no-sync")

    def catch_up(self):
        """Waits until all that the primary has written is replayed here."""
        with self.primary.connect() as primary, self.connect() as standby:
            (lsn,) = primary.execute("SELECT pg_current_wal_insert_lsn()").fetchone()
            # What was written asynchronously is flushed by a switch, at the latest.
            primary.execute("SELECT pg_switch_wal()")
            query = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
            wait_for(lambda: standby.execute(query, [lsn]).fetchone()[0], "the standby")

    def promote(self):
        self._run("pg_ctl", "promote", "-s", "-w", "-D", self.data)
