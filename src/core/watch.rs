//! When a file of a watched folder is imported: once two looks in a row found
//! it with the same size and time of last change, and after a failure only when
//! its time has come again or it was mended.

#[cfg(test)]
mod tests;

/// Seconds of a day: nothing is put off for longer.
pub const DAY: f64 = 86_400.0;

/// What a look sees of a file, without opening it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Size.
    pub bytes: i64,
    /// Time of the last change, in nanoseconds since 1970.
    pub mtime: i64,
}

/// What is to become of a file, as recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Seen, and not handed to a job yet.
    Waiting,
    /// A job has it.
    Submitted,
    /// It is in, or was skipped: nothing is done until it changes.
    Done,
    /// Its latest attempt failed.
    Failed,
}

/// What is known of a file from the look before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// As it was then.
    pub seen: Seen,
    /// What is to become of it.
    pub state: State,
    /// Failed attempts at this content.
    pub attempts: u32,
    /// The next attempt is due.
    pub due: bool,
}

/// What a look does about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It is new, or not as it was: remembered as it is now, without attempts.
    Note,
    /// It is settled, and its time has come.
    Submit,
    /// Nothing.
    Rest,
}

impl State {
    /// As recorded.
    pub fn word(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Submitted => "submitted",
            State::Done => "done",
            State::Failed => "failed",
        }
    }

    /// From what is recorded; words that are not of this version wait.
    pub fn parse(word: &str) -> State {
        [State::Submitted, State::Done, State::Failed]
            .into_iter()
            .find(|state| state.word() == word)
            .unwrap_or(State::Waiting)
    }

    /// What follows from what a job's record says of the file; no status: it did not come to it.
    pub fn after(status: Option<&str>) -> State {
        match status {
            Some("imported" | "replaced" | "skipped") => State::Done,
            _ => State::Failed,
        }
    }
}

/// What to do about a file that looks like `now`.
pub fn step(known: Option<&Known>, now: Seen) -> Step {
    match known {
        None => Step::Note,
        Some(known) if known.seen != now => Step::Note,
        Some(known) => match known.state {
            State::Waiting => Step::Submit,
            State::Failed if known.due => Step::Submit,
            _ => Step::Rest,
        },
    }
}

/// Seconds until the next attempt after so many failures: `every`, doubled by each, at most a day.
pub fn back_off(every: f64, failures: u32) -> f64 {
    let doublings = i32::try_from(failures).unwrap_or(i32::MAX).min(64);
    (every * 2f64.powi(doublings)).min(DAY)
}
