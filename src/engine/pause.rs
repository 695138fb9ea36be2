//! The pauses that settings ask for, between two files: `pgdatahub.pause_every`
//! and `pgdatahub.pause_window`.

use crate::pg::transaction::{check_for_interrupts, nap, resting};
use crate::pg::worker::reload_settings;
use crate::pg::{clock, guc, report};
use pgdatahub_core::job::Reason;
use pgdatahub_core::pause_window::PauseWindow;
use pgrx::datum::TimestampWithTimeZone;
use std::time::{Duration, Instant};

/// How often the settings are looked at meanwhile: a reload may end a pause.
pub const LOOK: Duration = Duration::from_millis(500);

/// The window in force. What cannot be read was refused when it was set.
pub fn window() -> PauseWindow {
    guc::text(&guc::PAUSE_WINDOW)
        .and_then(|text| PauseWindow::parse(&text).ok())
        .unwrap_or_default()
}

/// Whether no file may be begun now.
pub fn is_closed() -> bool {
    let window = window();
    !window.is_empty() && window.contains(|zone| clock::local(zone, clock::now()))
}

/// Whether a pause is due after so many files.
pub fn is_due(files: i64) -> bool {
    let every = i64::from(guc::PAUSE_EVERY.get());
    every > 0 && files >= every
}

/// Whether a pause of [`is_due`] that began so many seconds ago is over.
pub fn is_over(seconds: f64) -> bool {
    seconds >= f64::from(guc::PAUSE_SECONDS.get()) || guc::PAUSE_EVERY.get() == 0
}

/// run_import's pauses, in a transaction that holds nothing yet.
#[derive(Default)]
pub struct Pauses {
    since: i64,
}

impl Pauses {
    /// Pauses as the settings ask, before so many files.
    pub fn before(&mut self, files: usize) {
        reload_settings();
        if is_due(self.since) {
            report::notice(format!(
                "pausing for {} s (pgdatahub.pause_every = {})",
                guc::PAUSE_SECONDS.get(),
                guc::PAUSE_EVERY.get()
            ));
            let began = Instant::now();
            rest(|| !is_over(began.elapsed().as_secs_f64()));
            self.since = 0;
        }
        if is_closed() {
            report::notice(format!(
                "pausing (pgdatahub.pause_window = {})",
                guc::text(&guc::PAUSE_WINDOW).unwrap_or_default()
            ));
            rest(is_closed);
        }
        self.since += files as i64;
    }
}

fn rest(lasts: impl Fn() -> bool) {
    resting(|| {
        while lasts() {
            check_for_interrupts();
            nap(LOOK);
            reload_settings();
        }
    });
}

/// When the pause ends that `pgdatahub.pause_window` asks for at an instant;
/// none outside of it, infinity where it has no end.
pub fn window_end(instant: TimestampWithTimeZone) -> Option<TimestampWithTimeZone> {
    let seconds = clock::seconds(&instant);
    let window = window();
    window
        .contains(|zone| clock::local(zone, seconds))
        .then(|| clock::timestamp(clock::window_end(&window, seconds)))
}

/// Whether pauses depend on how many files are done.
pub fn counts_files() -> bool {
    guc::PAUSE_EVERY.get() > 0 || !window().is_empty()
}

/// Why a job pauses now by itself, if it does.
pub fn reason(files_since: i64) -> Option<Reason> {
    if is_closed() {
        Some(Reason::Window)
    } else {
        is_due(files_since).then_some(Reason::Interval)
    }
}
