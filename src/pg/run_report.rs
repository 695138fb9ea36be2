//! What the page about a run tells, by the views and as the calling role: they
//! decide what it may see. Names and operators are qualified, as nobody knows its search_path.

use super::error::Failure;
use super::spi::{self, Row};
use super::transaction;
use pgdatahub_core::run_report::{
    BARS, CHANGES, Change, Counts, FILES, FileLine, JobState, Live, Made, REJECT_GROUPS,
    RejectGroup, Run, RunReport, SAMPLES, STATES, Sample,
};
use pgrx::datum::DatumWithOid;
use std::collections::HashMap;

/// An instant as PostgreSQL shows it, to the second.
macro_rules! shown {
    ($instant:literal) => {
        concat!(
            "pg_catalog.to_char(",
            $instant,
            ", 'YYYY-MM-DD HH24:MI:SSOF')"
        )
    };
}

/// A table by its name, with its schema unless that is public.
const TABLE: &str = "CASE WHEN t.table_schema OPERATOR(pg_catalog.<>) 'public' \
                     THEN t.table_schema OPERATOR(pg_catalog.||) '.' ELSE '' END OPERATOR(pg_catalog.||) t.table_name";

/// The latest run that the role may see.
///
/// # Errors
/// SPI's own.
pub fn latest() -> Result<Option<i64>, Failure> {
    let found = spi::look(
        "SELECT pg_catalog.max(r.run_id) FROM pgdatahub.runs r",
        &[],
        |row| row.value::<i64>(1),
    )?;
    Ok(found.into_iter().next().flatten())
}

/// All that the page tells of a run; none where the role may see no such run.
///
/// # Errors
/// SPI's own.
pub fn gather(run_id: i64) -> Result<Option<RunReport>, Failure> {
    let Some(run) = run(run_id)? else {
        return Ok(None);
    };
    let imports = imports(run_id)?;
    let (rejects, reject_groups, rejects_shown) = rejects(&imports)?;
    let (changes, change_count) = changes(&imports)?;
    let (states, state_count) = states(run_id)?;
    Ok(Some(RunReport {
        counts: counts(run_id)?,
        live: live(run_id)?,
        files: files(run_id, FAILED_FIRST, FILES)?,
        slowest: files(run_id, SLOWEST_FIRST, BARS)?,
        made: made()?,
        run,
        rejects,
        reject_groups,
        rejects_shown,
        changes,
        change_count,
        states,
        state_count,
    }))
}

fn run(run_id: i64) -> Result<Option<Run>, Failure> {
    let found = spi::look(
        concat!(
            "SELECT r.kind, r.path, r.state, r.reason, r.message, r.started_by, ",
            shown!("r.started_at"),
            ", ",
            shown!("r.finished_at"),
            ", EXTRACT(epoch FROM coalesce(r.finished_at, pg_catalog.clock_timestamp()) OPERATOR(pg_catalog.-) r.started_at)::pg_catalog.float8, \
               r.files, r.ignored, r.workers FROM pgdatahub.runs r WHERE r.run_id OPERATOR(pg_catalog.=) $1"
        ),
        &[run_id.into()],
        |row| Run {
            run_id,
            kind: row.text(1),
            path: row.text(2),
            state: row.text(3),
            reason: row.value(4),
            message: row.value(5),
            started_by: row.text(6),
            started_at: row.text(7),
            finished_at: row.value(8),
            seconds: row.value(9).unwrap_or(0.0),
            files: number(row, 10),
            ignored: number(row, 11),
            workers: row.value(12),
        },
    )?;
    Ok(found.into_iter().next())
}

/// A file's status by its sheets' as in `jobs::total`; skipped files took no time to speak of.
fn counts(run_id: i64) -> Result<Counts, Failure> {
    let found = spi::look(
        "WITH sheets AS ( \
           SELECT f.file_no, f.status, f.row_count, f.rejected, f.file_bytes, f.reverted_at, \
                  f.status OPERATOR(pg_catalog.=) ANY ('{failed,undone}') AS bad \
             FROM pgdatahub.run_files f WHERE f.run_id OPERATOR(pg_catalog.=) $1), \
         files AS ( \
           SELECT CASE WHEN pg_catalog.bool_or(s.bad) THEN 'failed' \
                       WHEN pg_catalog.bool_or(s.status OPERATOR(pg_catalog.=) 'replaced') THEN 'replaced' \
                       WHEN pg_catalog.bool_or(s.status OPERATOR(pg_catalog.=) 'imported') THEN 'imported' \
                       WHEN pg_catalog.bool_or(s.status OPERATOR(pg_catalog.=) 'skipped') THEN 'skipped' \
                       ELSE pg_catalog.min(s.status) END AS status, pg_catalog.max(s.file_bytes) AS file_bytes \
             FROM sheets s GROUP BY s.file_no) \
         SELECT pg_catalog.count(*) FILTER (WHERE f.status OPERATOR(pg_catalog.<>) 'gone'), \
                pg_catalog.count(*) FILTER (WHERE f.status OPERATOR(pg_catalog.=) 'imported'), \
                pg_catalog.count(*) FILTER (WHERE f.status OPERATOR(pg_catalog.=) 'replaced'), \
                pg_catalog.count(*) FILTER (WHERE f.status OPERATOR(pg_catalog.=) 'skipped'), \
                pg_catalog.count(*) FILTER (WHERE f.status OPERATOR(pg_catalog.=) 'failed'), \
                pg_catalog.count(*) FILTER (WHERE f.status OPERATOR(pg_catalog.=) 'not_tried'), \
                pg_catalog.count(*) FILTER (WHERE f.status OPERATOR(pg_catalog.=) 'gone'), \
                coalesce(pg_catalog.sum(f.file_bytes) FILTER (WHERE f.status OPERATOR(pg_catalog.=) ANY ('{imported,replaced,failed}')), 0)::pg_catalog.int8, \
                (SELECT coalesce(pg_catalog.sum(s.row_count), 0)::pg_catalog.int8 FROM sheets s), \
                (SELECT coalesce(pg_catalog.sum(s.rejected), 0)::pg_catalog.int8 FROM sheets s), \
                (SELECT pg_catalog.count(*) FROM sheets s), \
                (SELECT pg_catalog.count(*) FROM sheets s WHERE s.status OPERATOR(pg_catalog.<>) ALL ('{skipped,gone,not_tried}')), \
                (SELECT pg_catalog.count(s.reverted_at) FROM sheets s WHERE s.status OPERATOR(pg_catalog.=) ANY ('{imported,replaced}')) \
           FROM files f",
        &[run_id.into()],
        |row| Counts {
            files: number(row, 1),
            imported: number(row, 2),
            replaced: number(row, 3),
            skipped: number(row, 4),
            failed: number(row, 5),
            not_tried: number(row, 6),
            gone: number(row, 7),
            bytes: number(row, 8),
            row_count: number(row, 9),
            rejected: number(row, 10),
            lines: number(row, 11),
            timed: number(row, 12),
            reverted: number(row, 13),
        },
    )?;
    Ok(found.into_iter().next().unwrap_or_default())
}

fn live(run_id: i64) -> Result<Option<Live>, Failure> {
    let found = spi::look(
        "SELECT p.files, p.files_done, p.current_file, p.row_count, EXTRACT(epoch FROM p.eta)::pg_catalog.float8, \
                CASE WHEN p.bytes OPERATOR(pg_catalog.>) 0 THEN p.bytes_done::pg_catalog.float8 OPERATOR(pg_catalog./) p.bytes END \
           FROM pgdatahub.progress p WHERE p.run_id OPERATOR(pg_catalog.=) $1",
        &[run_id.into()],
        |row| Live {
            files: number(row, 1),
            files_done: number(row, 2),
            current_file: row.value(3),
            row_count: number(row, 4),
            eta: row.value(5),
            share: row.value(6).unwrap_or(0.0),
        },
    )?;
    Ok(found.into_iter().next())
}

/// What a person looks for first: failures, then what went in, then what was passed over.
const FAILED_FIRST: &str = "ORDER BY CASE WHEN t.status OPERATOR(pg_catalog.=) ANY ('{failed,undone}') THEN 0 \
     WHEN t.status OPERATOR(pg_catalog.=) 'not_tried' THEN 1 WHEN t.status OPERATOR(pg_catalog.=) ANY ('{imported,replaced}') THEN 2 ELSE 3 END, \
     t.file_no, t.sheet_no";
const SLOWEST_FIRST: &str = "AND t.status OPERATOR(pg_catalog.<>) ALL ('{skipped,gone,not_tried}') AND t.seconds IS NOT NULL \
     ORDER BY t.seconds DESC, t.file_no, t.sheet_no";

fn files(run_id: i64, order: &str, most: usize) -> Result<Vec<FileLine>, Failure> {
    let sql = format!(
        "SELECT t.source_file, t.sheet_name, {TABLE}, t.status, t.row_count, t.rows_removed, t.rejected, t.missing_columns, t.seconds, t.file_bytes, \
                t.message, t.sqlstate, t.detail, t.hint, {}, t.reverted_by, t.reverted_why \
           FROM pgdatahub.run_files t WHERE t.run_id OPERATOR(pg_catalog.=) $1 {order} LIMIT $2",
        shown!("t.reverted_at")
    );
    spi::look(&sql, &[run_id.into(), (most as i64).into()], |row| {
        FileLine {
            source_file: row.text(1),
            sheet_name: row.value(2),
            table: row.value(3),
            status: row.text(4),
            row_count: row.value(5),
            rows_removed: row.value(6),
            rejected: row.value(7),
            missing_columns: row.value(8).unwrap_or_default(),
            seconds: row.value(9),
            file_bytes: row.value(10),
            message: row.value(11),
            sqlstate: row.value(12),
            detail: row.value(13),
            hint: row.value(14),
            reverted_at: row.value(15),
            reverted_by: row.value(16),
            reverted_why: row.value(17),
        }
    })
}

/// The imports that the run made.
fn imports(run_id: i64) -> Result<Vec<i64>, Failure> {
    let found = spi::look(
        "SELECT f.import_id FROM pgdatahub.run_files f WHERE f.run_id OPERATOR(pg_catalog.=) $1 \
            AND f.status OPERATOR(pg_catalog.=) ANY ('{imported,replaced}')",
        &[run_id.into()],
        |row| row.value::<i64>(1),
    )?;
    Ok(found.into_iter().flatten().collect())
}

/// The largest groups of rejects with the first of each; how many groups and rejects there are.
fn rejects(imports: &[i64]) -> Result<(Vec<RejectGroup>, i64, i64), Failure> {
    let mut groups: Vec<RejectGroup> = Vec::new();
    let mut totals = (0, 0);
    let mut samples: Vec<(usize, i64)> = Vec::new();
    let args: [DatumWithOid<'_>; 3] = [
        imports.to_vec().into(),
        (SAMPLES as i64).into(),
        (REJECT_GROUPS as i64).into(),
    ];
    let rows = spi::look(
        "WITH kept AS MATERIALIZED ( \
           SELECT r.reject_id, r.import_id, r.source_file, r.sheet_name, r.column_name, r.reason, r.sqlstate, r.scope, \
                  pg_catalog.min(r.reject_id) OVER g AS first, pg_catalog.count(*) OVER g AS many, \
                  pg_catalog.row_number() OVER (g ORDER BY r.reject_id) AS place \
             FROM pgdatahub.rejects r WHERE r.import_id OPERATOR(pg_catalog.=) ANY ($1) AND r.retried_at IS NULL \
           WINDOW g AS (PARTITION BY r.import_id, r.sheet_name, r.column_name, r.reason, r.sqlstate, r.scope)), \
         leaders AS ( \
           SELECT k.first, k.many, pg_catalog.row_number() OVER (ORDER BY k.many DESC, k.first) AS rank, \
                  pg_catalog.count(*) OVER () AS groups, pg_catalog.sum(k.many) OVER () AS rejects \
             FROM kept k WHERE k.place OPERATOR(pg_catalog.=) 1) \
         SELECT l.rank, k.reject_id, k.source_file, k.sheet_name, k.column_name, k.reason, k.sqlstate, k.scope, k.many, l.groups, l.rejects::pg_catalog.int8 \
           FROM leaders l JOIN kept k ON k.first OPERATOR(pg_catalog.=) l.first \
          WHERE l.rank OPERATOR(pg_catalog.<=) $3 AND k.place OPERATOR(pg_catalog.<=) $2 ORDER BY l.rank, k.place",
        &args,
        |row| {
            let group = RejectGroup {
                source_file: row.text(3),
                sheet_name: row.text(4),
                column_name: row.value(5),
                reason: row.text(6),
                sqlstate: row.text(7),
                whole_row: row.text(8) == "row",
                count: number(row, 9),
                samples: Vec::new(),
            };
            let rank = usize::try_from(number(row, 1)).unwrap_or(1);
            (
                rank,
                number(row, 2),
                group,
                (number(row, 10), number(row, 11)),
            )
        },
    )?;
    for (rank, reject_id, group, all) in rows {
        totals = all;
        if groups.len() < rank {
            groups.push(group);
        }
        samples.push((rank - 1, reject_id));
    }
    let found = sampled(&samples)?;
    for (group, reject_id) in samples {
        if let (Some(group), Some(sample)) = (groups.get_mut(group), found.get(&reject_id)) {
            group.samples.push(sample.clone());
        }
    }
    Ok((groups, totals.0, totals.1))
}

/// What the cells hold, where the role may see it.
fn sampled(rejects: &[(usize, i64)]) -> Result<HashMap<i64, Sample>, Failure> {
    let ids: Vec<i64> = rejects.iter().map(|(_, reject_id)| *reject_id).collect();
    let rows = spi::look(
        "SELECT r.reject_id, coalesce(r.cell, 'row ' OPERATOR(pg_catalog.||) r.sheet_row::pg_catalog.text), r.raw_value \
           FROM pgdatahub.rejects r WHERE r.reject_id OPERATOR(pg_catalog.=) ANY ($1)",
        &[ids.into()],
        |row| {
            let sample = Sample {
                place: row.text(2),
                value: row.value(3),
            };
            (number(row, 1), sample)
        },
    )?;
    Ok(rows.into_iter().collect())
}

fn changes(imports: &[i64]) -> Result<(Vec<Change>, i64), Failure> {
    let sql = format!(
        "SELECT {TABLE}, t.change_type, t.column_name, t.old_type, t.new_type, t.source_file, t.statement, t.reverted_at IS NOT NULL, \
                pg_catalog.count(*) OVER () \
           FROM pgdatahub.schema_changes t WHERE t.import_id OPERATOR(pg_catalog.=) ANY ($1) ORDER BY t.change_id LIMIT $2"
    );
    let args = [imports.to_vec().into(), (CHANGES as i64).into()];
    let rows = spi::look(&sql, &args, |row| {
        let change = Change {
            table: row.text(1),
            change_type: row.text(2),
            column_name: row.value(3),
            old_type: row.value(4),
            new_type: row.value(5),
            source_file: row.value(6),
            statement: row.text(7),
            reverted: row.value(8).unwrap_or(false),
        };
        (change, number(row, 9))
    })?;
    Ok(counted(rows))
}

/// The latest states of a job, in their order.
fn states(run_id: i64) -> Result<(Vec<JobState>, i64), Failure> {
    let rows = spi::look(
        concat!(
            "SELECT ",
            shown!("s.changed_at"),
            ", s.changed_by, s.state, s.reason, s.message, pg_catalog.count(*) OVER () \
              FROM pgdatahub.job_states s WHERE s.run_id OPERATOR(pg_catalog.=) $1 ORDER BY s.changed_at DESC LIMIT $2"
        ),
        &[run_id.into(), (STATES as i64).into()],
        |row| {
            let state = JobState {
                changed_at: row.text(1),
                changed_by: row.text(2),
                state: row.text(3),
                reason: row.value(4),
                message: row.value(5),
            };
            (state, number(row, 6))
        },
    )?;
    let (mut states, all) = counted(rows);
    states.reverse();
    Ok((states, all))
}

fn made() -> Result<Made, Failure> {
    let found = spi::look(
        concat!(
            "SELECT ",
            shown!("pg_catalog.statement_timestamp()"),
            ", pg_catalog.current_setting('TimeZone'), CURRENT_USER::pg_catalog.text, pg_catalog.current_database()::pg_catalog.text"
        ),
        &[],
        |row| Made {
            at: row.text(1),
            time_zone: row.text(2),
            role: row.text(3),
            database: row.text(4),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            on_standby: transaction::on_standby(),
        },
    )?;
    Ok(found.into_iter().next().unwrap_or_default())
}

/// Rows that each say how many there are, and that number.
fn counted<T>(rows: Vec<(T, i64)>) -> (Vec<T>, i64) {
    let all = rows.first().map_or(0, |(_, all)| *all);
    (rows.into_iter().map(|(row, _)| row).collect(), all)
}

fn number(row: &Row<'_>, ordinal: usize) -> i64 {
    row.value(ordinal).unwrap_or(0)
}
