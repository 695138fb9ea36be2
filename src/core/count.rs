//! Counts, sizes and durations as a person reads them.

/// A number with its thousands set apart.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 row`, `12,481 rows`
pub fn plural(number: u64, noun: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{} {noun}{s}", grouped(number))
}

/// A size in bytes: `999 bytes`, `1.2 kB`, `34 MB`; 1 kB is 1024 bytes, as in PostgreSQL.
pub fn bytes(number: u64) -> String {
    if number < 1024 {
        return plural(number, "byte");
    }
    let mut size = number as f64 / 1024.0;
    let mut unit = "kB";
    for larger in ["MB", "GB", "TB"] {
        // 1023.5 kB would be shown as 1024 kB.
        if size < 1023.5 {
            break;
        }
        size /= 1024.0;
        unit = larger;
    }
    let decimals = usize::from(size < 9.95);
    format!("{size:.decimals$} {unit}")
}

/// A duration in seconds: `0.041 s`, `1.23 s`, `12.3 s`, `4 min 05 s`, `2 h 03 min`, `3 d 4 h`.
pub fn duration(seconds: f64) -> String {
    // Not a number becomes 0 as well.
    let seconds = seconds.max(0.0);
    if seconds < 0.9995 {
        return format!("{seconds:.3} s");
    }
    if seconds < 9.995 {
        return format!("{seconds:.2} s");
    }
    if seconds < 59.95 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    let (minutes, hours, days) = (whole / 60, whole / 3600, whole / 86_400);
    match (hours, days) {
        (0, _) => format!("{minutes} min {:02} s", whole % 60),
        (_, 0) => format!("{hours} h {:02} min", minutes % 60),
        _ => format!("{} d {} h", grouped(days), hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let read = |number| bytes(number);
        assert_eq!(
            [0, 1, 1023, 1024, 10_189, 10_200].map(read),
            [
                "0 bytes",
                "1 byte",
                "1,023 bytes",
                "1.0 kB",
                "10 kB",
                "10 kB"
            ]
        );
        assert_eq!(bytes(1_048_063), "1023 kB");
        assert_eq!(bytes(1_048_064), "1.0 MB");
        assert_eq!(bytes(34 * 1024 * 1024), "34 MB");
        assert_eq!(bytes(u64::MAX), "16777216 TB");
    }

    #[test]
    fn durations() {
        let read = [0.0, 0.9996, 9.994, 9.996, 59.94, 59.96, 245.0, 3599.6];
        let shown = [
            "0.000 s",
            "1.00 s",
            "9.99 s",
            "10.0 s",
            "59.9 s",
            "1 min 00 s",
            "4 min 05 s",
            "1 h 00 min",
        ];
        assert_eq!(read.map(duration), shown);
        assert_eq!(duration(2.0 * 86_400.0 + 3.0 * 3600.0), "2 d 3 h");
        assert_eq!(duration(f64::NAN), "0.000 s");
        assert_eq!(duration(-1.0), "0.000 s");
    }

    #[test]
    fn numbers() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(grouped),
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(plural(1, "row"), "1 row");
        assert_eq!(plural(12_481, "row"), "12,481 rows");
    }
}
