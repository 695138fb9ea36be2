//! Dates, timestamps, times and intervals as text.

use crate::calendar;
use crate::value::DAY_USECS;
use std::fmt::Write;

/// `YYYY-MM-DD HH:MM:SS[.mmm]+00`, which timestamptz's input reads whatever the session's settings.
pub(crate) fn timestamptz(out: &mut String, usecs: i64) {
    let (year, month, day) = calendar::civil(usecs.div_euclid(DAY_USECS));
    year_month_day(out, year, month, day);
    out.push(' ');
    clock(out, usecs.rem_euclid(DAY_USECS));
    out.push_str("+00");
    era(out, year);
}

pub(super) fn date(out: &mut String, days: i32) {
    match days {
        i32::MAX => out.push_str("infinity"),
        i32::MIN => out.push_str("-infinity"),
        _ => {
            let (year, month, day) = calendar::civil(i64::from(days));
            year_month_day(out, year, month, day);
            era(out, year);
        }
    }
}

pub(super) fn timestamp(out: &mut String, usecs: i64) {
    match usecs {
        i64::MAX => return out.push_str("infinity"),
        i64::MIN => return out.push_str("-infinity"),
        _ => {}
    }
    let (year, month, day) = calendar::civil(usecs.div_euclid(DAY_USECS));
    year_month_day(out, year, month, day);
    let in_day = usecs.rem_euclid(DAY_USECS);
    if in_day != 0 {
        out.push(' ');
        clock(out, in_day);
    }
    era(out, year);
}

/// Year 0 is 1 BC, as PostgreSQL prints it.
fn year_month_day(out: &mut String, year: i64, month: u32, day: u32) {
    let year = if year > 0 { year } else { 1 - year };
    let _ = write!(out, "{year:04}-{month:02}-{day:02}");
}

fn era(out: &mut String, year: i64) {
    if year <= 0 {
        out.push_str(" BC");
    }
}

pub(super) fn clock(out: &mut String, usecs: i64) {
    if usecs < 0 {
        out.push('-');
    }
    let usecs = usecs.unsigned_abs();
    let seconds = usecs / 1_000_000;
    let _ = write!(
        out,
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    );
    let fraction = usecs % 1_000_000;
    if fraction.is_multiple_of(1000) {
        if fraction != 0 {
            let _ = write!(out, ".{:03}", fraction / 1000);
        }
    } else {
        let _ = write!(out, ".{fraction:06}");
        out.truncate(out.trim_end_matches('0').len());
    }
}
