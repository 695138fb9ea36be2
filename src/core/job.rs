//! The states of a job and which may follow which.
//!
//! A job is a run of start_import: queued → running ⇄ paused → done, done with
//! failures, failed or cancelled. A job without an owner, that is, without a
//! living worker although it should have one, is shown as interrupted.

use crate::report::Report;
use std::fmt;

#[cfg(test)]
mod tests;

/// What is recorded of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// No worker has taken it up yet.
    Queued,
    /// Workers are on it.
    Running,
    /// No file is begun.
    Paused(Reason),
    /// Every file is in, or was in already.
    Done,
    /// Every file was tried, and some failed.
    DoneWithFailures,
    /// It could not go on as a whole.
    Failed,
    /// Somebody ended it.
    Cancelled,
}

/// Why a job is paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// pause_import
    User,
    /// `pgdatahub.pause_every`
    Interval,
    /// `pgdatahub.pause_window`
    Window,
    /// A folder or file failed where that stops the job, or the server could not go on.
    Error,
}

/// What somebody asks of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// pause_import
    Pause,
    /// resume_import
    Resume,
    /// cancel_import
    Cancel,
}

impl Reason {
    /// As recorded.
    pub fn word(self) -> &'static str {
        match self {
            Reason::User => "user",
            Reason::Interval => "interval",
            Reason::Window => "window",
            Reason::Error => "error",
        }
    }

    /// Whether the job goes on by itself, so that its workers stay.
    pub fn passes(self) -> bool {
        matches!(self, Reason::Interval | Reason::Window)
    }
}

impl State {
    /// As recorded.
    pub fn word(self) -> &'static str {
        match self {
            State::Queued => "queued",
            State::Running => "running",
            State::Paused(_) => "paused",
            State::Done => "done",
            State::DoneWithFailures => "done with failures",
            State::Failed => "failed",
            State::Cancelled => "cancelled",
        }
    }

    /// From what is recorded; none for words that are not of this version.
    pub fn parse(word: &str, reason: Option<&str>) -> Option<State> {
        let reason = match reason {
            Some("interval") => Reason::Interval,
            Some("window") => Reason::Window,
            Some("error") => Reason::Error,
            _ => Reason::User,
        };
        [
            State::Queued,
            State::Running,
            State::Paused(reason),
            State::Done,
            State::DoneWithFailures,
            State::Failed,
            State::Cancelled,
        ]
        .into_iter()
        .find(|state| state.word() == word)
    }

    /// Whether nothing follows by itself any more, and `finished_at` is set.
    pub fn is_final(self) -> bool {
        matches!(
            self,
            State::Done | State::DoneWithFailures | State::Failed | State::Cancelled
        )
    }

    /// Whether its workers have something to do, now or when a pause has passed.
    pub fn goes_on(self) -> bool {
        match self {
            State::Queued | State::Running => true,
            State::Paused(reason) => reason.passes(),
            _ => false,
        }
    }

    /// Why it is paused.
    pub fn reason(self) -> Option<Reason> {
        match self {
            State::Paused(reason) => Some(reason),
            _ => None,
        }
    }

    /// Whether a worker should be on it: if none is, it was interrupted.
    pub fn wants_owner(self) -> bool {
        match self {
            State::Running => true,
            State::Paused(reason) => reason.passes(),
            _ => false,
        }
    }

    /// What a person sees; `owned`: a living worker holds the job's lock.
    pub fn shown(self, owned: bool) -> &'static str {
        if self.wants_owner() && !owned {
            "interrupted"
        } else {
            self.word()
        }
    }

    /// What becomes of a job in this state when somebody asks for that.
    ///
    /// # Errors
    /// 55000 where it makes no sense.
    pub fn after(self, wish: Wish, owned: bool) -> Result<State, Report> {
        let next = if owned { State::Running } else { State::Queued };
        match (wish, self) {
            (Wish::Pause, State::Queued | State::Running) => Ok(State::Paused(Reason::User)),
            (Wish::Pause, State::Paused(reason)) if reason.passes() => {
                Ok(State::Paused(Reason::User))
            }
            (Wish::Resume, State::Queued | State::Running) if !owned => Ok(State::Queued),
            (Wish::Resume, State::Paused(_) | State::Failed) => Ok(next),
            (Wish::Cancel, State::Queued | State::Running | State::Paused(_)) => {
                Ok(State::Cancelled)
            }
            (wish, state) => Err(refused(wish, state, owned)),
        }
    }
}

fn refused(wish: Wish, state: State, owned: bool) -> Report {
    let hint = match (wish, state) {
        (Wish::Resume, State::Done | State::DoneWithFailures | State::Cancelled) => {
            "pgdatahub.start_import begins a new one; what is in already is skipped."
        }
        (Wish::Pause, State::Paused(_)) => "pgdatahub.resume_import lets it go on.",
        _ => "SELECT run_id, state, reason, message FROM pgdatahub.runs shows the jobs.",
    };
    Report {
        sqlstate: "55000",
        message: format!("cannot {wish} a job that is {}", state.shown(owned)),
        detail: None,
        hint: Some(hint.into()),
    }
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Wish::Pause => "pause",
            Wish::Resume => "resume",
            Wish::Cancel => "cancel",
        })
    }
}
