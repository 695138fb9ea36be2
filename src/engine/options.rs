//! What a caller asked for, checked.

use crate::pg::error::Failure;
use crate::pg::guc;
use pgdatahub_core::discover::Glob;
use pgdatahub_core::nearest::nearest;

/// What a failed file means for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnError {
    /// It is undone and reported; the others go on.
    Continue,
    /// The rest is not tried.
    Stop,
    /// Everything is undone.
    Raise,
}

impl OnError {
    /// # Errors
    /// 22023 for any other word.
    pub fn parse(text: &str) -> Result<OnError, Failure> {
        match text {
            "continue" => Ok(OnError::Continue),
            "stop" => Ok(OnError::Stop),
            "raise" => Ok(OnError::Raise),
            other => Err(
                Failure::new("22023", format!("on_error cannot be \"{other}\"")).hint(
                    match nearest(other, ["continue", "stop", "raise"]) {
                        Some(word) => format!(
                            "Did you mean on_error => '{word}'? Valid are continue, stop and raise."
                        ),
                        None => "Valid are continue (the default), stop and raise.".into(),
                    },
                ),
            ),
        }
    }
}

/// The arguments of import_folder and run_import.
#[derive(Clone)]
pub struct Options {
    pub path: String,
    pub files: Option<Glob>,
    pub target_schema: Option<String>,
    pub on_error: OnError,
    pub reimport: bool,
    /// Nothing is done, only said.
    pub dry_run: bool,
}

/// Whether a call only says what it would do: its argument, or else `pgdatahub.dry_run`.
pub fn is_dry_run(argument: Option<bool>) -> bool {
    argument.unwrap_or_else(|| guc::DRY_RUN.get())
}

impl Options {
    /// # Errors
    /// 22023 for an unusable argument.
    pub fn new(
        path: Option<&str>,
        files: Option<&str>,
        target_schema: Option<&str>,
        on_error: Option<&str>,
        reimport: Option<bool>,
        dry_run: bool,
    ) -> Result<Options, Failure> {
        let path = required_path(path)?;
        let files = match files {
            None => None,
            Some(pattern) => Some(Glob::parse(pattern).map_err(|error| {
                Failure::new("22023", format!("files is not a valid pattern: {error}"))
                    .hint("For example files => 'claims/**/*.xlsx'; * stays within a folder, ** crosses folders.")
            })?),
        };
        Ok(Options {
            path,
            files,
            target_schema: target_schema.map(str::to_owned),
            on_error: OnError::parse(on_error.unwrap_or("continue"))?,
            reimport: reimport.unwrap_or(false),
            dry_run,
        })
    }
}

/// The path argument, without trailing slashes.
///
/// # Errors
/// 22004 for NULL.
pub fn required_path(path: Option<&str>) -> Result<String, Failure> {
    let path = path.ok_or_else(|| {
        Failure::new("22004", "path must not be null")
            .hint("Give the path as the server sees it: '/srv/excel'.")
    })?;
    let trimmed = path.trim_end_matches('/');
    Ok(if trimmed.is_empty() && !path.is_empty() {
        "/".into()
    } else {
        trimmed.to_owned()
    })
}
