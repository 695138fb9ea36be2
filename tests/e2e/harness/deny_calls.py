"""Runs a command where the kernel refuses openat2 with EPERM, as older container runtimes do: a seccomp filter.

    deny_openat2.py COMMAND …
"""

import ctypes
import os
import struct
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO = 0x7FFF0000, 0x00050000
LOAD_WORD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
# The same number on every architecture.
OPENAT2 = 437
EPERM = 1


def deny():
    program = b"".join(
        struct.pack("HBBI", *instruction)
        for instruction in [
            (LOAD_WORD, 0, 0, 0),
            (JUMP_IF_EQUAL, 0, 1, OPENAT2),
            (RETURN, 0, 0, SECCOMP_RET_ERRNO | EPERM),
            (RETURN, 0, 0, SECCOMP_RET_ALLOW),
        ]
    )
    instructions = ctypes.create_string_buffer(program)
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(instructions)))
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header)):
        if libc.prctl(*arguments) != 0:
            sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    deny()
    os.execvp(sys.argv[1], sys.argv[1:])
