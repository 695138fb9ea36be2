"""One measurement each: wall seconds, processor seconds, peak memory in MB."""

import os
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent


class Cost(NamedTuple):
    wall: float
    processor: float
    backend_mb: float = 0.0
    other_mb: float = 0.0


def program(*command, environment=None):
    """A program that prints the seconds its work took, start-up left out; its memory is the whole process's."""
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})})
    looker = Watch(process.pid)
    looker.start()
    said = process.stdout.read()
    looker.done.set()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{command}: status {status}")
    wall = float(said.split()[-1])
    return Cost(wall, usage.ru_utime + usage.ru_stime, other_mb=looker.own)


def script(name, *arguments):
    return program(sys.executable, HERE / "scripts" / f"{name}.py", *arguments)


def clocked(*command, environment=None):
    """A program that prints nothing: its whole run."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **(environment or {})})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(time.monotonic() - began, used)


def _status(pid, field):
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


class Watch(threading.Thread):
    """The growth of a backend's own memory, and its reader's peak; of a program its own: looked at every 10 ms."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.before = pid, _status(pid, "RssAnon")
        self.backend = self.reader = self.own = 0.0
        self.done = threading.Event()

    def run(self):
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        while not self.done.wait(0.01):
            self.own = max(self.own, _status(self.pid, "VmHWM"))
            self.backend = max(self.backend, _status(self.pid, "RssAnon") - self.before)
            try:
                for child in children.read_text().split():
                    self.reader = max(self.reader, _status(child, "VmHWM"))
            except OSError:
                pass


def _cpu(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def statement(session, sql, parameters=None, watch=True):
    """A statement in a session, with its backend's processor time and that of the readers it reaped."""
    pid = session.info.backend_pid
    looker = Watch(pid)
    if watch:
        looker.start()
    before, began = _cpu(pid), time.monotonic()
    session.execute(sql, parameters)
    wall = time.monotonic() - began
    processor = _cpu(pid) - before
    looker.done.set()
    return Cost(wall, processor, looker.backend, looker.reader)
