"""Readers that break the protocol, on purpose. Each is a Python program that the backend starts in place of the real one;
pgdatahub_core's `protocol` says what a real one sends."""

import os

# Frames are a 4-byte big-endian length of what follows, a kind byte (C control, R rows), the payload.
COMMON = r"""#!/usr/bin/python3 -IS
import json, os, socket, struct, sys, time
s = socket.socket(fileno=0)

def get(count):
    data = b""
    while len(data) < count:
        more = s.recv(count - len(data))
        if not more:
            os._exit(1)
        data += more
    return data

def request():
    (length,) = struct.unpack(">I", get(4))
    return json.loads(get(length)[1:])

def raw(kind, payload):
    s.sendall(struct.pack(">I", len(payload) + 1) + kind + payload)

def control(message):
    raw(b"C", json.dumps(message).encode())

def rows(runs, encoded):
    total = sum(count for _, count in runs) & 0xFFFFFFFF
    payload = struct.pack(">II", total, len(runs)) + b"".join(struct.pack(">II", *run) for run in runs)
    raw(b"R", payload + encoded)

def field(value):
    return struct.pack(">i", -1) if value is None else struct.pack(">i", len(value)) + value

def row(number):
    fields = [struct.pack(">q", number), STREAM["source_file"].encode(), struct.pack(">q", STREAM["load_timestamp"])]
    return struct.pack(">h", 3) + b"".join(map(field, fields))

def hello():
    request()
    control({"response": "hello", "protocol": 3, "version": VERSION})

def opened(name="Sheet1"):
    request()
    sheet = {"name": name, "visibility": "visible", "has_cells": True}
    control({"response": "opened", "sha256": "ab" * 32, "bytes": 10, "format": "xlsx", "sheets": [sheet]})

def head(text="id", found="bigint"):
    request()
    header = {"index": 0, "text": text, "found": found}
    control({"response": "head", "header_row": 1, "skipped_rows": 0, "headers": [header], "sampled_rows": 1, "complete": False})

def stream():
    global STREAM
    STREAM = request()

def until_stream():
    hello(), opened(), head(), stream()

def done(count):
    numbers = ["blank_rows", "rejected", "formulas_without_value", "replaced_characters", "merged_ranges", "hidden_rows", "hidden_columns"]
    control({"response": "done", "rows": count, "formula_columns_without_value": [], **dict.fromkeys(numbers, 0)})

VERSION = __VERSION__
"""


def install(folder, name, body, version):
    """Writes a fake reader; its name begins as the real one's does, so that the harness counts it among the readers."""
    program = folder / f"pgdatahub-reader-{name}"
    program.write_text(COMMON.replace("__VERSION__", repr(version)) + body, encoding="utf-8")
    os.chmod(program, 0o755)
    return program
