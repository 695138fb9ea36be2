"""What runs below a postmaster, read from /proc."""

import os
from dataclasses import dataclass
from pathlib import Path

READER_COMM = "pgdatahub-reade"  # the kernel keeps 15 bytes of a program's name


@dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    name: str
    state: str
    command: str

    @property
    def is_reader(self):
        return self.name == READER_COMM


def _read(pid):
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    name, _, rest = stat[stat.index("(") + 1 :].rpartition(")")
    fields = rest.split()
    return Process(pid, int(fields[1]), name, fields[0], command)


def all_processes():
    found = (_read(int(entry)) for entry in os.listdir("/proc") if entry.isdigit())
    return {process.pid: process for process in found if process}


def descendants(root):
    """All processes below `root`, zombies included, as {pid: Process}."""
    processes = all_processes()
    children = {}
    for process in processes.values():
        children.setdefault(process.parent, []).append(process)
    found, queue = {}, [root]
    while queue:
        for child in children.get(queue.pop(), []):
            found[child.pid] = child
            queue.append(child.pid)
    return found


def readers():
    """Every reader process of this machine, orphans and zombies included."""
    return [process for process in all_processes().values() if process.is_reader]


def memory_kb(pid):
    """Resident memory of a process now and at its highest, in kB; None for one that is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return None
    values = {line.split(":")[0]: int(line.split()[1]) for line in lines if line.startswith(("VmRSS:", "VmHWM:"))}
    return values.get("VmRSS", 0), values.get("VmHWM", 0)
