#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

/// Elements that have no end tag in HTML, and those of a drawing that close themselves.
const VOID: [&str; 2] = ["meta", "rect"];

/// The elements of a page in their order; fails where one is not closed, or closed twice.
fn elements(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Vec<String> = Vec::new();
    for part in page.split('<').skip(1) {
        let (tag, _) = part.split_once('>').expect("a tag ends");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "{page}");
        } else if !tag.starts_with('!') {
            let name = tag.split([' ', '/']).next().unwrap().to_owned();
            found.push(name.clone());
            match tag.strip_suffix('/') {
                Some(_) => assert!(VOID.contains(&name.as_str()), "{tag}"),
                None => open.push(name),
            }
        }
    }
    assert!(open.is_empty(), "{open:?}");
    found
}

fn file(name: &str, status: &str) -> FileLine {
    FileLine {
        source_file: format!("/srv/excel/{name}"),
        sheet_name: Some("Sheet1".into()),
        table: Some("claims".into()),
        status: status.into(),
        row_count: Some(12_481),
        seconds: Some(1.23),
        file_bytes: Some(2048),
        ..FileLine::default()
    }
}

fn report() -> RunReport {
    let failed = FileLine {
        message: Some("cell B7 holds text".into()),
        sqlstate: Some("42804".into()),
        detail: Some("File claims/b.xlsx.\nSheet Sheet1.".into()),
        hint: Some("Set on_type_conflict.".into()),
        row_count: None,
        ..file("claims/b.xlsx", "failed")
    };
    RunReport {
        run: Run {
            run_id: 12,
            kind: "import_folder".into(),
            path: "/srv/excel".into(),
            state: "done with failures".into(),
            started_by: "etl".into(),
            started_at: "2026-01-31 02:00:00+01".into(),
            finished_at: Some("2026-01-31 02:00:09+01".into()),
            seconds: 9.0,
            files: 2,
            ..Run::default()
        },
        counts: Counts {
            files: 2,
            imported: 1,
            failed: 1,
            row_count: 12_481,
            rejected: 1,
            bytes: 4096,
            lines: 2,
            timed: 1,
            ..Counts::default()
        },
        files: vec![failed, file("claims/a.xlsx", "imported")],
        slowest: vec![file("claims/a.xlsx", "imported")],
        rejects: vec![RejectGroup {
            source_file: "/srv/excel/claims/a.xlsx".into(),
            sheet_name: "Sheet1".into(),
            column_name: Some("paid".into()),
            reason: "the value is no number".into(),
            sqlstate: "22P02".into(),
            count: 1,
            samples: vec![Sample {
                place: "B12".into(),
                value: Some("n/a".into()),
            }],
            ..RejectGroup::default()
        }],
        reject_groups: 1,
        rejects_shown: 1,
        changes: vec![Change {
            table: "claims".into(),
            change_type: "ALTER COLUMN TYPE".into(),
            column_name: Some("paid".into()),
            old_type: Some("bigint".into()),
            new_type: Some("numeric".into()),
            ..Change::default()
        }],
        change_count: 1,
        ..RunReport::default()
    }
}

#[test]
fn a_run_with_everything() {
    let page = html(&report());
    let found = elements(&page);
    for name in ["section", "table", "svg", "progress"] {
        assert_eq!(found.iter().any(|tag| tag == name), name != "progress");
    }
    for said in [
        "<title>Run 12: import_folder, done with failures</title>",
        "<span class=\"badge bad\">done with failures</span>",
        "<b>12,481</b>",
        "<b>ERROR </b><bdi>42804</bdi>",
        "File claims/b.xlsx.\nSheet Sheet1.",
        "<b><bdi>B12</bdi></b> <code>n/a</code>",
        "<bdi>bigint</bdi> &#8594; <bdi>numeric</bdi>",
        "claims/a.xlsx: 1.23 s",
    ] {
        assert!(page.contains(said), "{said} is not in {page}");
    }
    assert!(!page.contains("&#8230; and"), "nothing was left out");
}

#[test]
fn a_run_of_nothing() {
    let mut empty = RunReport::default();
    empty.run.finished_at = Some("2026-01-31 02:00:09+01".into());
    empty.run.state = "done".into();
    let page = html(&empty);
    assert!(
        !elements(&page)
            .iter()
            .any(|tag| tag == "table" || tag == "svg")
    );
    assert!(page.contains("No workbook was found there."));
}

#[test]
fn a_run_at_work() {
    let mut open = report();
    open.run.finished_at = None;
    open.run.state = "running".into();
    open.run.files = 0;
    assert!(html(&open).contains("it was broken off"));
    open.live = Some(Live {
        files: 40,
        files_done: 2,
        current_file: Some("claims/c.xlsx".into()),
        row_count: 20_000,
        eta: Some(75.0),
        share: 0.25,
    });
    let page = html(&open);
    elements(&page);
    assert!(page.contains("<progress max=\"1\" value=\"0.250\""));
    assert!(page.contains("2 of 40 files done, 20,000 rows so far, about 1 min 15 s left"));
    assert!(page.contains("<b>2 of 40</b>") && !page.contains("it was broken off"));
    if let Some(live) = &mut open.live {
        live.eta = Some(8.4);
    }
    assert!(html(&open).contains("about 8 s left"));
    open.live = None;
    open.made.on_standby = true;
    let page = html(&open);
    assert!(page.contains("This is a standby") && !page.contains("it was broken off"));
}

#[test]
fn what_is_left_out_is_said() {
    let mut long = report();
    long.counts.lines = 10_000;
    long.counts.timed = 10_000;
    long.reject_groups = 70;
    long.change_count = 200;
    long.counts.rejected = 10;
    let page = html(&long);
    for said in [
        "9,998 more: <code>SELECT * FROM pgdatahub.run_files WHERE run_id = 12",
        "69 more: <code>SELECT r.*",
        "199 more: <code>SELECT s.*",
        "9,999 more files that took less",
        "not shown: 9 of 10.",
    ] {
        assert!(page.contains(said), "{said}");
    }
}

#[test]
fn a_new_table_is_one_change_with_its_columns() {
    let mut made = report();
    let change = |change_type: &str, column: Option<&str>, statement: &str| Change {
        table: "claims".into(),
        change_type: change_type.into(),
        column_name: column.map(str::to_owned),
        new_type: column.map(|_| "bigint".into()),
        statement: statement.into(),
        ..Change::default()
    };
    made.changes = vec![
        change("CREATE TABLE", None, "CREATE …"),
        change("ADD COLUMN", Some("no"), "CREATE …"),
        change("ADD COLUMN", Some("paid"), "CREATE …"),
        change("ADD COLUMN", Some("note"), "ALTER …"),
        change("CREATE TABLE", None, "CREATE …"),
    ];
    made.change_count = 6;
    let page = html(&made);
    let (_, table) = page.split_once("class=\"changes\"").unwrap();
    let (table, _) = table.split_once("</table>").unwrap();
    assert_eq!(table.matches("<tr>").count(), 1 + 3, "{table}");
    assert!(table.contains("no bigint, paid bigint</bdi>"), "{table}");
    assert!(page.contains("and 1 more: "));
}

#[test]
fn reverted_imports_are_said() {
    let mut gone = report();
    gone.counts.reverted = 1;
    gone.files[1].reverted_at = Some("2026-02-01 10:00:00+01".into());
    gone.files[1].reverted_by = Some("dba".into());
    gone.files[1].reverted_why = Some("revert".into());
    let page = html(&gone);
    assert!(page.contains("The rows of 1 import of this run were removed since"));
    assert!(page.contains("removed at 2026-02-01 10:00:00+01 by dba (revert)"));
}

#[test]
fn a_bar_says_its_rows() {
    for (rows, said) in [
        (Some(12_481), ": 12,481 rows in 1.23 s"),
        (Some(1), ": 1 row in 1.23 s"),
        (None, ": no rows in 1.23 s"),
    ] {
        let mut report = report();
        report.slowest[0].row_count = rows;
        assert!(html(&report).contains(said), "{said}");
    }
}

#[test]
fn paths_are_shown_below_the_folder() {
    use super::parts::below;
    assert_eq!(below("/srv/excel/a/b.xlsx", "/srv/excel"), "a/b.xlsx");
    assert_eq!(below("/srv/excel/a/b.xlsx", "/srv/excel/"), "a/b.xlsx");
    assert_eq!(below("/srv/excel/a.xlsx", "/srv/excel/a.xlsx"), "a.xlsx");
    assert_eq!(
        below("/srv/excel2/a.xlsx", "/srv/excel"),
        "/srv/excel2/a.xlsx"
    );
    assert_eq!(below("/srv/excel/", "/srv/excel"), "/srv/excel/");
    assert_eq!(below("a.xlsx", "/"), "a.xlsx");
}

/// A report in which each text is `text`, and each list as long as it may be.
fn full_of(text: &str) -> RunReport {
    let some = || Some(text.to_owned());
    let line = FileLine {
        source_file: text.into(),
        sheet_name: some(),
        table: some(),
        status: text.into(),
        row_count: Some(i64::MAX),
        rows_removed: Some(i64::MIN),
        rejected: Some(-1),
        missing_columns: vec![text.into(); 9],
        seconds: Some(f64::MAX),
        file_bytes: Some(i64::MAX),
        message: some(),
        sqlstate: some(),
        detail: some(),
        hint: some(),
        reverted_at: some(),
        reverted_by: some(),
        reverted_why: some(),
    };
    let mut report = report();
    report.run.kind = text.into();
    report.run.path = text.into();
    report.run.state = text.into();
    report.run.reason = some();
    report.run.message = some();
    report.run.started_by = text.into();
    report.run.started_at = text.into();
    report.run.finished_at = some();
    report.live = Some(Live {
        current_file: some(),
        eta: Some(f64::INFINITY),
        share: f64::NAN,
        ..Live::default()
    });
    report.rejects = vec![
        RejectGroup {
            source_file: text.into(),
            sheet_name: text.into(),
            column_name: some(),
            reason: text.into(),
            sqlstate: text.into(),
            samples: vec![
                Sample {
                    place: text.into(),
                    value: some()
                };
                SAMPLES
            ],
            ..report.rejects[0].clone()
        };
        REJECT_GROUPS
    ];
    report.changes = vec![
        Change {
            table: text.into(),
            change_type: text.into(),
            column_name: some(),
            old_type: some(),
            new_type: None,
            source_file: some(),
            statement: text.into(),
            reverted: true,
        };
        CHANGES
    ];
    report.states = vec![
        JobState {
            changed_at: text.into(),
            changed_by: text.into(),
            state: text.into(),
            reason: some(),
            message: some(),
        };
        STATES
    ];
    report.slowest = vec![line.clone(); BARS];
    report.files = vec![line; FILES];
    report
}

/// Markup and text that tries to be more than text.
const HOSTILE: &str = "<script>alert(1)</script><img src=x onerror=alert(1)>\" onload=\"alert(1)' style='x--></style></title>&amp;\u{202e}\n\0";

#[test]
fn hostile_texts_make_no_element() {
    let shape = elements(&html(&full_of("calm")));
    let page = html(&full_of(HOSTILE));
    assert_eq!(elements(&page), shape);
    assert!(
        !shape
            .iter()
            .any(|tag| ["script", "img", "link", "a"].contains(&tag.as_str()))
    );
    assert!(!page.contains("http:") && !page.contains("https:") && !page.contains("url("));
}

#[test]
fn the_largest_page_is_bounded() {
    // The longest a character becomes, in every place, in lists of any length.
    let page = html(&full_of(&"\u{10fffd}".repeat(20_000)));
    assert!(page.len() < 8_000_000, "{} bytes", page.len());
    let usual = html(&full_of(
        "a usual text of some length, as paths and messages are",
    ));
    assert!(usual.len() < 600_000, "{} bytes", usual.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn every_page_is_whole(text in "\\PC{0,40}|[\\x00-\\x7f]{0,40}|(<|>|&|\"|'|/|-|a| ){0,20}") {
        let page = html(&full_of(&text));
        prop_assert!(page.is_ascii());
        prop_assert_eq!(elements(&page), elements(&html(&full_of("calm"))));
    }
}
