//! How far a run is, as a person reads it.

use serde::Serialize;

/// Cells of the bar.
const CELLS: usize = 12;

/// `[#######·····] 58%`; `share` is 0 to 1, what lies outside is cut.
pub fn bar(share: f64) -> String {
    let share = if share.is_nan() {
        0.0
    } else {
        share.clamp(0.0, 1.0)
    };
    // Full only when all is done.
    let filled = (share * CELLS as f64).floor() as usize;
    let percent = (share * 100.0).floor() as u32;
    format!(
        "[{}{}] {percent}%",
        "#".repeat(filled),
        "·".repeat(CELLS - filled)
    )
}

/// PostgreSQL refuses a NOTIFY payload of 8,000 bytes and more.
const PAYLOAD_BYTES: usize = 7_999;
/// What a path may take of it; as JSON a character may become six bytes.
const PATH_BYTES: usize = 1_000;

/// What `NOTIFY pgdatahub` carries at the end of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileEvent<'a> {
    /// Run it belongs to.
    pub run_id: i64,
    /// Its place in the run, from 1.
    pub file_no: i64,
    /// Files of the run.
    pub files: i64,
    /// imported, replaced, skipped, failed, undone or not_tried
    pub status: &'a str,
    /// Schema of its table.
    pub table_schema: &'a str,
    /// Its table.
    pub table_name: &'a str,
    /// Rows loaded.
    pub row_count: Option<i64>,
    /// SQLSTATE of a failure.
    pub sqlstate: Option<&'a str>,
    /// Path, cut at its front where it is too long for a payload.
    pub source_file: &'a str,
}

/// What `NOTIFY pgdatahub` carries when a job or run ends or is paused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobEvent<'a> {
    /// The run.
    pub run_id: i64,
    /// Its new state.
    pub state: &'a str,
    /// Why it is paused.
    pub reason: Option<&'a str>,
    /// Files of the run.
    pub files: i64,
    /// Files imported or replaced.
    pub imported: i64,
    /// Files skipped.
    pub skipped: i64,
    /// Files that failed.
    pub failed: i64,
    /// Rows loaded.
    pub row_count: i64,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Event<'a> {
    File(&'a FileEvent<'a>),
    Job(&'a JobEvent<'a>),
}

impl FileEvent<'_> {
    /// The payload.
    pub fn payload(&self) -> String {
        let mut event = self.clone();
        event.source_file = ending(self.source_file, PATH_BYTES);
        json(&Event::File(&event))
    }
}

impl JobEvent<'_> {
    /// The payload.
    pub fn payload(&self) -> String {
        json(&Event::Job(self))
    }
}

fn json(event: &Event<'_>) -> String {
    let text = serde_json::to_string(event).unwrap_or_default();
    debug_assert!(text.len() <= PAYLOAD_BYTES);
    text
}

/// The end of a text, at most so many bytes of it.
fn ending(text: &str, bytes: usize) -> &str {
    let mut at = text.len().saturating_sub(bytes);
    while !text.is_char_boundary(at) {
        at += 1;
    }
    &text[at..]
}

/// One line of the server log: `pgdatahub run=5 file=3/40 status=imported …`.
/// Values with anything but plain characters are quoted, as in JSON.
pub fn log_line(pairs: &[(&str, String)]) -> String {
    let mut line = String::from("pgdatahub");
    for (key, value) in pairs {
        let plain = |c: char| c.is_alphanumeric() || "/._-+:,".contains(c);
        if !value.is_empty() && value.chars().all(plain) {
            line.push_str(&format!(" {key}={value}"));
        } else {
            let quoted = serde_json::to_string(value).unwrap_or_default();
            line.push_str(&format!(" {key}={quoted}"));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bars() {
        assert_eq!(bar(0.0), "[············] 0%");
        assert_eq!(bar(0.585), "[#######·····] 58%");
        assert_eq!(bar(0.9999), "[###########·] 99%");
        assert_eq!(bar(1.0), "[############] 100%");
        assert_eq!(bar(7.0), bar(1.0));
        assert_eq!(bar(f64::NAN), bar(0.0));
        assert_eq!(bar(-1.0), bar(0.0));
    }

    #[test]
    fn log_lines() {
        let pairs = [
            ("run", "5".to_owned()),
            ("file", "3/40".to_owned()),
            ("source_file", "/srv/a b\n\"c\".xlsx".to_owned()),
            ("message", String::new()),
        ];
        assert_eq!(
            log_line(&pairs),
            r#"pgdatahub run=5 file=3/40 source_file="/srv/a b\n\"c\".xlsx" message="""#
        );
    }

    fn event(path: &str) -> FileEvent<'_> {
        FileEvent {
            run_id: 5,
            file_no: 3,
            files: 40,
            status: "imported",
            table_schema: "public",
            table_name: "claims",
            row_count: Some(12),
            sqlstate: None,
            source_file: path,
        }
    }

    #[test]
    fn payloads() {
        assert_eq!(
            event("/srv/x.xlsx").payload(),
            r#"{"event":"file","run_id":5,"file_no":3,"files":40,"status":"imported","table_schema":"public","table_name":"claims","row_count":12,"sqlstate":null,"source_file":"/srv/x.xlsx"}"#
        );
        let job = JobEvent {
            run_id: 5,
            state: "paused",
            reason: Some("error"),
            files: 40,
            imported: 2,
            skipped: 0,
            failed: 1,
            row_count: 12,
        };
        assert!(
            job.payload()
                .starts_with(r#"{"event":"job","run_id":5,"state":"paused","reason":"error""#)
        );
    }

    proptest! {
        #[test]
        fn a_payload_fits(path in "\\PC{0,3000}|[\\x00-\\x1f]{0,3000}") {
            let payload = event(&path).payload();
            prop_assert!(payload.len() <= PAYLOAD_BYTES, "{}", payload.len());
            let read: serde_json::Value = serde_json::from_str(&payload).unwrap_or_default();
            prop_assert!(path.ends_with(read["source_file"].as_str().unwrap_or("?")));
        }
    }
}
