"""A small disk, for tests that fill it. Only root may mount one."""

import os
import subprocess

import pytest

from .osuser import IS_ROOT, SERVER_USER


class Disk:
    """A tmpfs of `megabytes`, the server's."""

    def __init__(self, path, megabytes):
        self.path = path
        if not IS_ROOT:
            pytest.skip("only root may mount a small disk")
        path.mkdir(mode=0o755, parents=True, exist_ok=True)
        options = f"size={megabytes}m,mode=0700,uid={SERVER_USER},gid={SERVER_USER}"
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            path.rmdir()
            pytest.skip(f"this machine does not let a disk be mounted: {done.stderr.strip()}")

    def resize(self, megabytes):
        subprocess.run(["mount", "-o", f"remount,size={megabytes}m", self.path], check=True)

    @property
    def free(self):
        """Free bytes."""
        status = os.statvfs(self.path)
        return status.f_bavail * status.f_frsize

    def remove(self):
        # Lazily: a server that is just ending may hold a descriptor for a moment.
        subprocess.run(["umount", "--lazy", self.path], check=True)
        self.path.rmdir()
