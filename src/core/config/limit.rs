//! Numbers in a configuration: counts and percentages.

/// A percentage in thousandths, from 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(u32);

impl Percent {
    /// `5`, `2.5`, `0.125%`: at most three decimals.
    ///
    /// # Errors
    /// The end of a sentence for anything else.
    pub fn parse(text: &str) -> Result<Percent, String> {
        let bad = || format!("is \"{text}\", not a percentage from 0 to 100 such as 2.5");
        let number = text.trim().trim_end_matches('%').trim_end();
        let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |part: &str, most: usize| {
            (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !digits(whole, 3) || !digits(decimals, 3) {
            return Err(bad());
        }
        let thousandths = format!("{whole}{decimals:0<3}");
        match thousandths.parse() {
            Ok(thousandths) if thousandths <= 100_000 => Ok(Percent(thousandths)),
            _ => Err(bad()),
        }
    }

    /// Whether `part` of `whole` is more than this.
    pub fn exceeded_by(self, part: u64, whole: u64) -> bool {
        u128::from(part) * 100_000 > u128::from(whole) * u128::from(self.0)
    }
}

impl std::fmt::Display for Percent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (whole, decimals) = (self.0 / 1_000, self.0 % 1_000);
        if decimals == 0 {
            return write!(f, "{whole}");
        }
        write!(
            f,
            "{whole}.{}",
            format!("{decimals:03}").trim_end_matches('0')
        )
    }
}

/// A count from 0; `none` sets no bound, where a folder above set one.
///
/// # Errors
/// The end of a sentence for anything else.
pub(super) fn count(text: &str) -> Result<Option<u64>, String> {
    match text.trim() {
        "none" => Ok(None),
        number => number
            .parse()
            .map(Some)
            .map_err(|_| format!("is \"{text}\", not a number from 0 on or \"none\"")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn percentages() {
        for (text, shown) in [
            ("5", "5"),
            ("2.5", "2.5"),
            ("0.125 %", "0.125"),
            ("100%", "100"),
            ("0", "0"),
        ] {
            assert_eq!(Percent::parse(text).unwrap().to_string(), shown);
        }
        for text in [
            "", "%", "-1", "100.001", "1e1", "1.2345", ".5", "5.", "five", "١",
        ] {
            assert!(Percent::parse(text).is_err(), "{text}");
        }
        let five = Percent::parse("5").unwrap();
        assert!(!five.exceeded_by(5, 100));
        assert!(five.exceeded_by(6, 100));
        assert!(!five.exceeded_by(0, 0));
        assert!(Percent::parse("0").unwrap().exceeded_by(1, u64::MAX));
    }

    #[test]
    fn counts() {
        assert_eq!(count("0"), Ok(Some(0)));
        assert_eq!(count(" 20 "), Ok(Some(20)));
        assert_eq!(count("none"), Ok(None));
        assert!(count("-1").is_err() && count("many").is_err() && count("1.5").is_err());
    }
}
