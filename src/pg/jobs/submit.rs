//! Recording a new job with its files.

use super::record::Kind;
use super::state::record_state;
use crate::pg::catalog::TableName;
use crate::pg::error::Failure;
use crate::pg::identity::{as_owner, current_role};
use crate::pg::{registry, spi};
use pgdatahub_core::job::State;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Files recorded by one statement.
const PART: usize = 10_000;

/// What start_import was asked, or a watch asks for.
pub struct NewJob<'a> {
    pub kind: Kind,
    pub path: &'a str,
    pub workers: u32,
    pub files_glob: Option<&'a str>,
    pub target_schema: Option<&'a str>,
    pub on_error: &'a str,
    pub reimport: bool,
    pub sectional: bool,
    pub settings: &'a str,
    pub ignored: i64,
}

/// A file of a job.
pub struct NewFile<'a> {
    pub below: &'a Path,
    pub label: &'a str,
    pub folder: &'a str,
    pub target: &'a TableName,
    pub bytes: i64,
}

/// Records a job and its files.
///
/// # Errors
/// SPI's own.
pub fn submit(job: &NewJob<'_>, files: &[NewFile<'_>]) -> Result<i64, Failure> {
    let role = current_role();
    let cluster = registry::system();
    as_owner(|| {
        let run_id = spi::first(
            "INSERT INTO pgdatahub.etl_runs (kind, path, state, started_by, files, ignored) \
             VALUES ($5, $1, 'queued', $2, $3, $4) RETURNING run_id",
            &[
                job.path.into(),
                role.as_str().into(),
                (files.len() as i64).into(),
                job.ignored.into(),
                job.kind.word().into(),
            ],
            |row| row.value::<i64>(1),
        )?
        .flatten()
        .ok_or_else(|| Failure::new("XX000", "the job was not recorded"))?;
        spi::execute(
            "INSERT INTO pgdatahub.etl_jobs (run_id, workers, files_glob, target_schema, on_error, reimport, sectional, settings, \
               changed_by, cluster) VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, $10)",
            &[
                run_id.into(),
                (job.workers as i32).into(),
                job.files_glob.into(),
                job.target_schema.into(),
                job.on_error.into(),
                job.reimport.into(),
                job.sectional.into(),
                job.settings.into(),
                role.as_str().into(),
                cluster.as_str().into(),
            ],
        )?;
        record_state(run_id, State::Queued, None, &role)?;
        for (nth, part) in files.chunks(PART).enumerate() {
            submit_files(run_id, nth * PART, part)?;
        }
        Ok(run_id)
    })
}

fn submit_files(run_id: i64, before: usize, files: &[NewFile<'_>]) -> Result<(), Failure> {
    let texts = |text: &dyn Fn(&NewFile<'_>) -> String| files.iter().map(text).collect::<Vec<_>>();
    let below = texts(&|file| {
        let bytes = file.below.as_os_str().as_bytes();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    });
    spi::execute(
        "INSERT INTO pgdatahub.etl_job_files (run_id, file_no, below, label, folder, target_schema, target_name, file_bytes) \
         SELECT $1, $2 + f.file_no, decode(f.below, 'hex'), f.label, f.folder, f.target_schema, f.target_name, f.file_bytes \
           FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[]) \
             WITH ORDINALITY AS f(below, label, folder, target_schema, target_name, file_bytes, file_no)",
        &[
            run_id.into(),
            (before as i64).into(),
            below.into(),
            texts(&|file| file.label.to_owned()).into(),
            texts(&|file| file.folder.to_owned()).into(),
            texts(&|file| file.target.schema.clone()).into(),
            texts(&|file| file.target.table.clone()).into(),
            files.iter().map(|file| file.bytes).collect::<Vec<_>>().into(),
        ],
    )
    .map(|_| ())
}
