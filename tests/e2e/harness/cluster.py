"""A private cluster: a data directory and a socket of its own, no network."""

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psycopg

from . import processes
from .osuser import as_server, own_by_server

SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "40",
    "log_line_prefix": "%m [%p] %q%d ",
    "log_min_messages": "warning",
    "timezone": "UTC",
    "shared_buffers": "64MB",
}

# Calls of the kernel, by number; seccomp's differs between processors.
OPENAT2, CLOSE_RANGE, SECCOMP = 437, 436, {"x86_64": 317, "aarch64": 277}.get(os.uname().machine)


def without_calls(*numbers):
    """A wrapper for a server whose kernel refuses these calls (EPERM)."""
    program = Path(__file__).with_name("deny_calls.py").read_text(encoding="utf-8")
    return ["/usr/bin/python3", "-c", program, ",".join(f"{number}=1" for number in numbers)]


# A backend that dies of a signal, a panic or a crash restart: never the answer to an input file.
CRASH = re.compile(r"PANIC:|\(PID \d+\) was terminated by signal|terminating any other active server processes|core dumped")


class Cluster:
    """`settings` go to postgresql.conf; with `pid1` the postmaster is PID 1 of a PID namespace, as in a container.
    `wrapper` is a command that runs the server, `environment` what the server finds changed in its own."""

    def __init__(self, bin_dir: Path, home: Path, settings=None, pid1=False, wrapper=(), environment=None):
        self.bin = Path(bin_dir)
        self.home = Path(home)
        self.data = self.home / "data"
        self.log_file = self.home / "log"
        self.settings = {**SETTINGS, "unix_socket_directories": str(self.home), **(settings or {})}
        self.pid1 = pid1
        self.wrapper = list(map(str, wrapper))
        self.environment = environment or {}
        self._outer = None

    def create(self):
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(mode=0o700)
        own_by_server(self.home)
        self._make_data()
        with open(self.data / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in self.settings.items())
        return self

    def _make_data(self, *options):
        self._run("initdb", *options, "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")

    def _run(self, program, *args, check=True):
        command = as_server(*self.wrapper, str(self.bin / program), *map(str, args))
        # As a server is started: what helps a developer's session is not in its environment.
        env = {name: value for name, value in os.environ.items() if not name.startswith("RUST_")} | self.environment
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.home, check=False, env=env)
        if check and done.returncode != 0:
            raise RuntimeError(f"{program} failed: {done.stdout}{done.stderr}{self.log()[-2000:]}")
        return done

    def start(self, *options):
        """Starts the server; `options` go to postgres itself."""
        if self.pid1:
            self._start_as_pid1()
        else:
            self._run("pg_ctl", "start", "-s", "-w", "-D", self.data, "-l", self.log_file, "-o", " ".join(options))
        return self

    def _start_as_pid1(self):
        log = open(self.log_file, "ab")
        command = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
        command += as_server(str(self.bin / "postgres"), "-D", str(self.data))
        self._outer = subprocess.Popen(command, cwd=self.home, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        self._wait_until_ready()

    def _wait_until_ready(self, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self._outer.poll() is not None:
                break
            try:
                self.connect().close()
                return
            except psycopg.OperationalError:
                time.sleep(0.05)
        raise RuntimeError(f"the server did not start: {self.log()[-2000:]}")

    def stop(self, mode="fast"):
        """Stops as `pg_ctl stop -m <mode>` does and returns the seconds it took."""
        began = time.monotonic()
        if not self.running:
            return 0.0
        if self.pid1:
            number = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}[mode]
            os.kill(self.postmaster, number)
            self._outer.wait(timeout=60)
            self._outer = None
        else:
            self._run("pg_ctl", "stop", "-s", "-w", "-m", mode, "-D", self.data)
        return time.monotonic() - began

    def restart(self, mode="fast"):
        self.stop(mode)
        return self.start()

    def remove(self):
        self.stop("immediate")
        shutil.rmtree(self.home, ignore_errors=True)

    @property
    def running(self):
        if self.pid1:
            return self._outer is not None and self._outer.poll() is None
        return (self.data / "postmaster.pid").exists() and self._run("pg_ctl", "status", "-D", self.data, check=False).returncode == 0

    @property
    def postmaster(self):
        """The postmaster's pid as this process sees it."""
        if self.pid1:
            children = [p for p in processes.descendants(self._outer.pid).values() if p.parent == self._outer.pid]
            return children[0].pid
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def children(self):
        """Every process below the postmaster, {pid: Process}."""
        return processes.descendants(self.postmaster)

    def readers(self):
        """The reader processes below this postmaster, zombies included."""
        return [process for process in self.children().values() if process.is_reader]

    def conninfo(self, dbname="postgres", role="postgres"):
        return {"host": str(self.home), "port": 5432, "dbname": dbname, "user": role}

    def connect(self, dbname="postgres", role="postgres", client_encoding=None, autocommit=True, **more):
        info = self.conninfo(dbname, role) | more
        if client_encoding:
            info["client_encoding"] = client_encoding
        return psycopg.connect(**info, autocommit=autocommit)

    def psql(self, sql, dbname="postgres", role="postgres", client_encoding="UTF8", args=(), check=True, together=False):
        """Runs psql as a user would; stdout and stderr are bytes in `client_encoding`, as is what is sent. `together`:
        stdout has both, in the order in which a terminal would."""
        command = [str(self.bin / "psql"), "-X", "-v", "ON_ERROR_STOP=1", *args]
        env = {**os.environ, "PGHOST": str(self.home), "PGPORT": "5432", "PGDATABASE": dbname, "PGUSER": role}
        env["PGCLIENTENCODING"] = client_encoding
        data = sql if isinstance(sql, bytes) else sql.encode("utf-8")
        errors = subprocess.STDOUT if together else subprocess.PIPE
        done = subprocess.run(command, input=data, stdout=subprocess.PIPE, stderr=errors, env=env, cwd=self.home, check=False)
        if check and done.returncode != 0:
            raise RuntimeError((done.stdout if together else done.stderr).decode("utf-8", "replace"))
        return done

    def log(self, since=0):
        """The server log from byte `since` on."""
        if not self.log_file.exists():
            return ""
        with open(self.log_file, "rb") as log:
            log.seek(since)
            return log.read().decode("utf-8", "replace")

    def log_size(self):
        return self.log_file.stat().st_size if self.log_file.exists() else 0

    def crashes(self, since=0):
        return [line for line in self.log(since).splitlines() if CRASH.search(line)]
