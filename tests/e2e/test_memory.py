"""Neither the backend's nor the reader's memory grows with the number of rows."""

import pytest
from harness import big
from harness.background import Background

FEW, MANY = 50_000, 400_000


def status_kb(pid, name):
    """One value of /proc/<pid>/status in kB; 0 once the process is gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as status:
            return next((int(line.split()[1]) for line in status if line.startswith(f"{name}:")), 0)
    except (FileNotFoundError, ProcessLookupError):
        return 0


def peaks(db, path, lane):
    """The highest anonymous memory, in MB, of a fresh backend and of its reader while they import `path`."""
    import_ = Background(
        db.connect(),
        f"SET pgdatahub.lane = {lane}",
        f"SELECT status, row_count, message, detail FROM pgdatahub.import_file('{path}', table_name => 'big', reimport => true)",
    )
    backend, reader = 0, 0
    while import_.running:
        backend = max(backend, status_kb(import_.pid, "RssAnon"))
        for process in db.cluster.readers():
            reader = max(reader, status_kb(process.pid, "VmHWM"))
    import_.close()
    assert import_.rows[0][0] == "imported", import_.rows
    db.execute("DROP TABLE big")
    assert reader > 0
    return backend / 1024, reader / 1024


@pytest.mark.parametrize("lane", ["copy", "spi"])
def test_rows(db, scratch, lane):
    few, many = (
        big.cached(scratch, f"plain-{rows}.xlsx", lambda path, rows=rows: big.mixed(path, rows, unique=False)) for rows in (FEW, MANY)
    )
    backend_few, reader_few = peaks(db, few, lane)
    backend_many, reader_many = peaks(db, many, lane)
    print(f"{lane}: backend {backend_few:.1f} and {backend_many:.1f} MB, reader {reader_few:.1f} and {reader_many:.1f} MB")
    assert backend_many - backend_few < 16
    assert reader_many - reader_few < 32


@pytest.mark.parametrize("lane", ["copy", "spi"])
def test_many_misfits_and_blank_rows(db, folder, lane):
    """Every second row is blank: the map from COPY's lines to the sheet's rows is cut, not kept whole."""
    rows = 200_000
    lines = ['<row r="1"><c r="A1" t="s"><v>0</v></c></row>']
    lines += [f'<row r="{2 * n}"><c r="A{2 * n}"><v>{n}</v></c></row>' for n in range(1, rows + 1)]
    path = folder / "gaps.xlsx"
    big.write_xlsx(path, lines, ["id"])
    backend, _ = peaks(db, path, lane)
    print(f"{lane}: backend {backend:.1f} MB")
    assert backend < 60


@pytest.mark.parametrize("lane", ["copy", "spi"])
def test_fat_rows(db, folder, lane):
    """COPY buffers up to 1,000 rows whatever their size: here 1,000 rows of 300 kB."""
    text = "".join(chr(0x4E00 + n % 5_000) for n in range(10_000))
    lines = ['<row r="1">' + "".join(f'<c t="s"><v>{n}</v></c>' for n in range(10)) + "</row>"]
    lines += ["<row>" + "".join(f'<c t="s"><v>{10 + (row + n) % 20}</v></c>' for n in range(10)) + "</row>" for row in range(1_000)]
    path = folder / "fat.xlsx"
    big.write_xlsx(path, lines, [*(f"c{n}" for n in range(10)), *(f"{n:04d}{text}" for n in range(20))])
    backend, reader = peaks(db, path, lane)
    print(f"{lane}: backend {backend:.1f} MB, reader {reader:.1f} MB")
    assert backend < 200
    assert reader < 200
