//! Days to years, months and days and back, in PostgreSQL's terms: the proleptic
//! Gregorian calendar, days counted from 2000-01-01.

/// Days from 0000-03-01 to 2000-01-01; years that begin in March end with the leap day.
const DAYS_TO_2000: i64 = 730_425;

/// Days in 400 years.
const ERA_DAYS: i64 = 146_097;

/// Days since 2000-01-01 of a calendar date, or none if there is no such date
/// (a 30th of February) or the year is not in 1 to 9999.
pub fn days(year: i32, month: u32, day: u32) -> Option<i32> {
    if !(1..=9999).contains(&year)
        || !(1..=12).contains(&month)
        || day < 1
        || day > month_length(year, month)
    {
        return None;
    }
    let march_year = i64::from(year) - i64::from(month <= 2);
    let (era, of_era) = (march_year.div_euclid(400), march_year.rem_euclid(400));
    let march_month = i64::from((month + 9) % 12);
    let day_of_year = (153 * march_month + 2) / 5 + i64::from(day) - 1;
    let day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + day_of_year;
    i32::try_from(era * ERA_DAYS + day_of_era - DAYS_TO_2000).ok()
}

/// Year (astronomical: 0 is 1 BC), month and day of a day counted from 2000-01-01.
pub fn civil(days: i64) -> (i64, u32, u32) {
    let day = days + DAYS_TO_2000;
    let (era, day_of_era) = (day.div_euclid(ERA_DAYS), day.rem_euclid(ERA_DAYS));
    let of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * of_era + of_era / 4 - of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = era * 400 + of_era + i64::from(month <= 2);
    (
        year,
        month as u32,
        (day_of_year - (153 * march_month + 2) / 5 + 1) as u32,
    )
}

fn month_length(year: i32, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks every day of years 1 to 9999 by the rules of the calendar alone.
    #[test]
    fn every_day_of_the_calendar_both_ways() {
        let mut expected = -730_119; // 0001-01-01
        for year in 1..=9999 {
            for month in 1..=12 {
                for day in 1..=month_length(year, month) {
                    assert_eq!(
                        days(year, month, day),
                        Some(expected),
                        "{year}-{month}-{day}"
                    );
                    assert_eq!(civil(i64::from(expected)), (i64::from(year), month, day));
                    expected += 1;
                }
            }
        }
        assert_eq!(days(2000, 1, 1), Some(0));
        assert_eq!(days(1970, 1, 1), Some(-10_957));
    }

    #[test]
    fn dates_that_do_not_exist() {
        for (year, month, day) in [
            (1900, 2, 29),
            (2023, 2, 29),
            (2024, 2, 30),
            (2024, 4, 31),
            (2024, 13, 1),
            (2024, 0, 1),
            (2024, 1, 0),
            (0, 1, 1),
            (10_000, 1, 1),
        ] {
            assert_eq!(days(year, month, day), None, "{year}-{month}-{day}");
        }
    }

    #[test]
    fn years_before_christ() {
        assert_eq!(civil(-730_120), (0, 12, 31));
        assert_eq!(civil(-730_119 - 366 - 365), (-1, 1, 1));
    }
}
