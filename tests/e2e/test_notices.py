"""What a person at psql reads while files go in: a line each, of a terminal's width."""

NAME = "Monatsbericht Schadenfälle und Rückstellungen der Niederlassung Süd-West/Bericht über die offenen Schäden (korrigierte Fassung).xlsx"


def notices(db, folder, **settings):
    said = []
    with db.connect() as connection:
        connection.add_notice_handler(lambda n: said.append((n.severity, n.message_primary, n.message_detail)))
        connection.execute("SELECT * FROM pgdatahub.import_folder(%s)", [str(folder)])
    return [(message, detail) for severity, message, detail in said if severity == "NOTICE"]


def test_a_short_line_holds_all(db, folder):
    folder.workbook("in/c/a.xlsx", [["Title"], [], ["a", "b", "c"], [1, 2, 3], [None, None], [3, 4, 5]])
    (line, detail), summary = notices(db, folder / "in")
    assert line.startswith("c/a.xlsx → c: 2 rows (") and "header in row 3" in line and detail is None
    assert summary[0].startswith("import_folder: 1 imported; 2 rows into 1 table")


def test_a_long_path_keeps_its_end_and_remarks_follow(db, folder):
    folder.workbook(f"in/{NAME}", [["Title"], [], ["a", "b", "c"], [1, 2, 3]])
    folder.write("in/etl_config.yaml", "header_row: auto\n")
    ((line, detail), _) = notices(db, folder / "in")
    label = line.split(" → ")[0]
    assert label.startswith("…") and NAME.endswith(label[1:]) and len(label) >= 30
    assert detail.startswith("Header in row 3, ") and detail.endswith(".")


def test_lines_fit_100_columns_with_psqls_prefix(db, folder):
    folder.workbook(f"in/c/{'x' * 150}.xlsx", [["a"], [1]])
    ((line, _), _) = notices(db, folder / "in")
    assert len("NOTICE:  ") + len(line) <= 100
