//! What a clock on the wall shows, by PostgreSQL's own time zones.

use pgdatahub_core::pause_window::{Local, PauseWindow};
use pgrx::datum::{Interval, TimestampWithTimeZone};
use pgrx::pg_sys;
use std::ffi::CString;
use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970.
pub fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs() as i64)
}

/// What the clocks of a time zone, or of the session's, show at an instant in seconds since 1970.
pub fn local(zone: Option<&str>, instant: i64) -> Local {
    let named = zone.and_then(|zone| CString::new(zone).ok());
    // SAFETY: zones are cached for the life of the process; pg_localtime returns its static buffer.
    let (weekday, hour, minute) = unsafe {
        let zone = named
            .as_ref()
            .map_or(std::ptr::null_mut(), |zone| pg_sys::pg_tzset(zone.as_ptr()));
        let zone = if zone.is_null() {
            pg_sys::session_timezone
        } else {
            zone
        };
        let time = pg_sys::pg_localtime(&raw const instant, zone);
        if time.is_null() {
            return Local {
                weekday: 0,
                minute: 0,
            };
        }
        ((*time).tm_wday, (*time).tm_hour, (*time).tm_min)
    };
    Local {
        // tm_wday counts from Sunday.
        weekday: ((weekday + 6) % 7) as u32,
        minute: (hour * 60 + minute) as u32,
    }
}

/// Whether PostgreSQL knows a time zone.
pub fn is_zone(name: &str) -> bool {
    CString::new(name).is_ok_and(|name| {
        // SAFETY: reads a zone file, or its cache.
        unsafe { !pg_sys::pg_tzset(name.as_ptr()).is_null() }
    })
}

/// When the pause that a window asks for at an instant ends; the instant itself
/// outside, none where it never ends.
pub fn window_end(window: &PauseWindow, instant: i64) -> Option<i64> {
    // Windows begin and end on whole minutes.
    let first = instant - instant.rem_euclid(60);
    let minutes = window.minutes_left(|zone, after| local(zone, first + i64::from(after) * 60))?;
    Some(match minutes {
        0 => instant,
        minutes => first + i64::from(minutes) * 60,
    })
}

/// Between 1970, which Unix counts from, and 2000, which PostgreSQL does.
const EPOCH: i64 = 946_684_800;

/// An instant in seconds since 1970.
pub fn seconds(instant: &TimestampWithTimeZone) -> i64 {
    instant.into_inner().div_euclid(1_000_000) + EPOCH
}

/// An instant given in seconds since 1970; none is infinity.
pub fn timestamp(seconds: Option<i64>) -> TimestampWithTimeZone {
    let micros = seconds.map(|seconds| (seconds - EPOCH) * 1_000_000);
    TimestampWithTimeZone::try_from(micros.unwrap_or(i64::MAX))
        .unwrap_or_else(|_| TimestampWithTimeZone::positive_infinity())
}

/// A duration in seconds.
pub fn length(interval: &Interval) -> f64 {
    interval.as_micros() as f64 / 1e6
}
