use super::*;
use proptest::prelude::*;

fn parsed(text: &str) -> PauseWindow {
    PauseWindow::parse(text).unwrap_or_else(|report| unreachable!("{report:?}"))
}

fn at(weekday: u32, hour: u32, minute: u32) -> Local {
    Local {
        weekday,
        minute: hour * 60 + minute,
    }
}

fn inside(text: &str, local: Local) -> bool {
    parsed(text).contains(|_| local)
}

#[test]
fn business_hours() {
    let text = "Mon-Fri 08:00-18:00 Europe/Berlin";
    assert!(!inside(text, at(0, 7, 59)));
    assert!(inside(text, at(0, 8, 0)));
    assert!(inside(text, at(4, 17, 59)));
    assert!(!inside(text, at(4, 18, 0)));
    assert!(!inside(text, at(5, 12, 0)));
    assert_eq!(parsed(text).zones().collect::<Vec<_>>(), ["Europe/Berlin"]);
}

#[test]
fn a_night_belongs_to_the_day_on_which_it_begins() {
    let text = "Fri 22:00-06:00";
    assert!(inside(text, at(4, 22, 0)));
    assert!(inside(text, at(5, 5, 59)));
    assert!(!inside(text, at(5, 6, 0)));
    assert!(!inside(text, at(4, 5, 0)));
    assert!(inside("Sun 22:00-06:00", at(0, 1, 0)));
}

#[test]
fn days_alone_and_times_alone() {
    assert!(inside("Sat,Sun", at(5, 0, 0)));
    assert!(inside("sat,SUN", at(6, 23, 59)));
    assert!(!inside("Sat,Sun", at(0, 0, 0)));
    assert!(inside("Fri-Mon UTC", at(0, 3, 0)));
    assert!(!inside("Fri-Mon UTC", at(1, 3, 0)));
    assert!(inside("00:00-24:00", at(3, 23, 59)));
    assert!(inside("8:00-9:00", at(3, 8, 30)));
}

#[test]
fn several() {
    let text = " Mon 08:00-09:00 UTC ; Tue 10:00-11:00 Asia/Tokyo; ";
    let window = parsed(text);
    assert_eq!(window.zones().collect::<Vec<_>>(), ["UTC", "Asia/Tokyo"]);
    let tokyo = |zone: Option<&str>| match zone {
        Some("Asia/Tokyo") => at(1, 10, 30),
        _ => at(1, 1, 30),
    };
    assert!(window.contains(tokyo));
    assert!(parsed("").is_empty());
    assert!(!inside("", at(0, 0, 0)));
}

#[test]
fn what_cannot_be_read() {
    for text in [
        "Mon-Fry 08:00-18:00",
        "Mon 8-18",
        "Mon 08:00",
        "Mon 08:00-08:00",
        "Mon 24:00-08:00",
        "Mon 08:60-09:00",
        "Mon 08:00-24:01",
        "Mon 08:00-18:00 Europe/Berlin extra",
        "Europe/Berlin",
        "08:0-9:00",
        "Mon 08:00-18:00 , Tue",
    ] {
        let report = PauseWindow::parse(text).err();
        assert_eq!(report.map(|r| r.sqlstate), Some("22023"), "{text}");
    }
}

/// A zone whose clocks go from 02:00 to 03:00 at minute 120 of a Sunday, or back from 03:00 to 02:00.
fn shifting(minutes: u32, forward: bool) -> Local {
    let shown = match (forward, minutes) {
        (true, m) if m >= 120 => m + 60,
        (false, m) if m >= 180 => m - 60,
        (_, m) => m,
    };
    Local {
        weekday: (6 + shown / MINUTES_A_DAY) % 7,
        minute: shown % MINUTES_A_DAY,
    }
}

#[test]
fn the_hour_that_is_missing_and_the_one_that_comes_twice() {
    let window = parsed("Sun 01:00-04:00");
    // From 01:00 it lasts two hours in spring, four in autumn.
    let left = |forward| window.minutes_left(|_, after| shifting(60 + after, forward));
    assert_eq!((left(true), left(false)), (Some(120), Some(240)));
    // A window in the missing hour never opens, one in the double hour opens twice.
    let missing = parsed("Sun 02:00-03:00");
    assert!((0..600).all(|m| !missing.contains(|_| shifting(m, true))));
    let open = (0..600).filter(|m| missing.contains(|_| shifting(*m, false)));
    assert_eq!(open.count(), 120);
}

#[test]
fn a_window_without_an_end() {
    let always = parsed("00:00-24:00");
    let clock = |_: Option<&str>, after: u32| Local {
        weekday: after / MINUTES_A_DAY % 7,
        minute: after % MINUTES_A_DAY,
    };
    assert_eq!(always.minutes_left(clock), None);
    assert_eq!(parsed("Mon-Sun 08:00-18:00").minutes_left(clock), Some(0));
}

proptest! {
    #[test]
    fn never_panics(text in "[A-Za-z0-9:;,/ -]{0,40}") {
        let _ = PauseWindow::parse(&text);
    }

    #[test]
    fn ends_where_it_says(day in 0u32..7, from in 0u32..1440, length in 1u32..1440, now in 0u32..10080) {
        let until = (from + length) % 1440;
        let clock = |m: u32| Local { weekday: m / 1440 % 7, minute: m % 1440 };
        let text = format!(
            "{} {:02}:{:02}-{:02}:{:02}",
            DAYS[day as usize], from / 60, from % 60, until / 60, until % 60
        );
        prop_assume!(until != from);
        let window = parsed(&text);
        let left = window.minutes_left(|_, after| clock(now + after));
        let begins = day * 1440 + from;
        let since = (now + 10080 - begins) % 10080;
        prop_assert_eq!(left, Some(length.saturating_sub(since)));
    }
}
