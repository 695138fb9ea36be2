"""The operating system's user who runs the server: PostgreSQL refuses to be root."""

import os
import pwd
import shutil
from pathlib import Path

IS_ROOT = os.geteuid() == 0
SERVER_USER = "postgres" if IS_ROOT else pwd.getpwuid(os.geteuid()).pw_name


def as_server(*command):
    """Returns `command` such that it runs as the server's user, without a process in between."""
    if not IS_ROOT:
        return list(command)
    return ["setpriv", f"--reuid={SERVER_USER}", f"--regid={SERVER_USER}", "--init-groups", *command]


def own_by_server(path: Path):
    if IS_ROOT:
        shutil.chown(path, SERVER_USER, SERVER_USER)
