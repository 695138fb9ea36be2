//! `pgdatahub.pause_window`: when no file is begun, by the clock on the wall.
//!
//! `Mon-Fri 08:00-18:00 Europe/Berlin`, several of them with `;` between.
//! Days alone are whole days, times alone hold every day, and a time that ends
//! before it begins ends on the next day. Times are local ones, so that a
//! window begins at 8 o'clock in summer and winter; what the clock shows at an
//! instant is the caller's to know, as this crate knows no time zones.

use crate::report::Report;

#[cfg(test)]
mod tests;

const MINUTES_A_DAY: u32 = 24 * 60;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// What a clock on the wall shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Local {
    /// 0 is Monday.
    pub weekday: u32,
    /// Minutes since midnight.
    pub minute: u32,
}

/// One window.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Window {
    /// By weekday, 0 is Monday.
    days: [bool; 7],
    from: u32,
    /// Later than `from`; over 24 hours where it ends on the next day.
    until: u32,
    /// None: the server's TimeZone.
    zone: Option<String>,
}

/// The value of `pgdatahub.pause_window`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PauseWindow(Vec<Window>);

impl PauseWindow {
    /// # Errors
    /// 22023, with the part that cannot be read.
    pub fn parse(text: &str) -> Result<PauseWindow, Report> {
        let parts = text
            .split(';')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        parts.map(window).collect::<Result<_, _>>().map(PauseWindow)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The time zones that it names.
    pub fn zones(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|window| window.zone.as_deref())
    }

    /// Whether an instant lies inside; `local` gives what a zone's clock shows then.
    pub fn contains(&self, mut local: impl FnMut(Option<&str>) -> Local) -> bool {
        self.0
            .iter()
            .any(|window| window.contains(local(window.zone.as_deref())))
    }

    /// How many minutes from an instant until it ends: 0 outside, none if it
    /// lasts longer than eight days (it has no end). `local` gives what a
    /// zone's clock shows so many minutes after that instant.
    pub fn minutes_left(&self, mut local: impl FnMut(Option<&str>, u32) -> Local) -> Option<u32> {
        (0..=8 * MINUTES_A_DAY).find(|after| !self.contains(|zone| local(zone, *after)))
    }
}

impl Window {
    fn contains(&self, local: Local) -> bool {
        let today = self.days[(local.weekday % 7) as usize];
        let yesterday = self.days[((local.weekday + 6) % 7) as usize];
        let late = local.minute + MINUTES_A_DAY;
        (today && (self.from..self.until).contains(&local.minute))
            || (yesterday && (self.from..self.until).contains(&late))
    }
}

fn window(part: &str) -> Result<Window, Report> {
    let mut words = part.split_whitespace().peekable();
    let mut window = Window {
        days: [true; 7],
        from: 0,
        until: MINUTES_A_DAY,
        zone: None,
    };
    let named = words.next_if(|word| days(word).is_some()).and_then(days);
    let times = words.next_if(|word| word.contains(':'));
    if let Some(days) = named {
        window.days = days;
    }
    if let Some(text) = times {
        (window.from, window.until) = times_of(text).ok_or_else(|| unreadable(part, text))?;
    }
    if named.is_none() && times.is_none() {
        return Err(unreadable(part, words.next().unwrap_or(part)));
    }
    let zone = words.next_if(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()));
    window.zone = zone.map(str::to_owned);
    if let Some(more) = words.next() {
        return Err(unreadable(part, more));
    }
    Ok(window)
}

/// `Mon-Fri`, `Sat,Sun`, `Fri-Mon`
fn days(text: &str) -> Option<[bool; 7]> {
    let mut days = [false; 7];
    for item in text.split(',') {
        let (first, last) = item.split_once('-').unwrap_or((item, item));
        let (mut at, last) = (day(first)?, day(last)?);
        loop {
            days[at] = true;
            if at == last {
                break;
            }
            at = (at + 1) % 7;
        }
    }
    Some(days)
}

fn day(word: &str) -> Option<usize> {
    DAYS.iter().position(|day| word.eq_ignore_ascii_case(day))
}

/// `08:00-18:00`, `22:00-06:00`, `00:00-24:00`
fn times_of(text: &str) -> Option<(u32, u32)> {
    let (from, until) = text.split_once('-')?;
    let (from, until) = (minute(from)?, minute(until)?);
    match from {
        MINUTES_A_DAY => None,
        _ if until > from => Some((from, until)),
        _ if until < from => Some((from, until + MINUTES_A_DAY)),
        _ => None,
    }
}

fn minute(text: &str) -> Option<u32> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |part: &str| part.len() <= 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(hour) || minute.len() != 2 || !digits(minute) {
        return None;
    }
    let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
    let total = hour * 60 + minute;
    (minute < 60 && total <= MINUTES_A_DAY).then_some(total)
}

fn unreadable(part: &str, at: &str) -> Report {
    Report {
        sqlstate: "22023",
        message: format!("invalid window \"{part}\""),
        detail: Some(format!("\"{at}\" cannot be read.")),
        hint: Some(
            "For example Mon-Fri 08:00-18:00 Europe/Berlin; Sat,Sun 22:00-06:00. Without a time zone it is TimeZone's."
                .into(),
        ),
    }
}
