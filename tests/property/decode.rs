//! Takes encoded rows apart as PostgreSQL would, for columns of these types: COPY's binary and text formats by their
//! documentation, nothing of the product.

use crate::model::text::day_number;
use crate::model::value::{DAY, Kind, Value};

/// A row's fields, source_file and load_timestamp left out.
pub type Fields = Vec<Option<Value>>;

/// What every row must end with.
pub struct Tail<'a> {
    pub source_file: &'a str,
    /// Microseconds since 2000-01-01, a whole number of seconds.
    pub load_timestamp: i64,
}

/// Rows of COPY's binary format, without its header and trailer.
pub fn binary(bytes: &[u8], kinds: &[Kind], tail: &Tail<'_>) -> Result<Vec<Fields>, String> {
    let mut rest = bytes;
    let mut rows = Vec::new();
    while !rest.is_empty() {
        let count = u16::from_be_bytes(take(&mut rest, 2)?.try_into().unwrap()) as usize;
        if count != kinds.len() + 2 {
            return Err(format!("{count} fields for {} columns", kinds.len()));
        }
        let mut fields = Vec::new();
        for _ in 0..count {
            fields.push(
                match i32::from_be_bytes(take(&mut rest, 4)?.try_into().unwrap()) {
                    -1 => None,
                    length => Some(take(&mut rest, length as usize)?),
                },
            );
        }
        let stamp = tail.load_timestamp.to_be_bytes();
        if fields[count - 2] != Some(tail.source_file.as_bytes())
            || fields[count - 1] != Some(&stamp)
        {
            return Err("source_file or load_timestamp is wrong".into());
        }
        let decode = |(field, kind): (&Option<&[u8]>, &Kind)| {
            field.map(|bytes| received(bytes, *kind)).transpose()
        };
        rows.push(
            fields
                .iter()
                .zip(kinds)
                .map(decode)
                .collect::<Result<_, _>>()?,
        );
    }
    Ok(rows)
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], String> {
    let (taken, left) = rest
        .split_at_checked(count)
        .ok_or("the rows end within a row")?;
    *rest = left;
    Ok(taken)
}

/// What the type's receive function reads.
fn received(bytes: &[u8], kind: Kind) -> Result<Value, String> {
    let wrong = |_| format!("{} bytes for {kind:?}", bytes.len());
    let eight =
        || -> Result<i64, String> { Ok(i64::from_be_bytes(bytes.try_into().map_err(wrong)?)) };
    Ok(match kind {
        Kind::Boolean => match bytes {
            [0] => Value::Boolean(false),
            [1] => Value::Boolean(true),
            _ => return Err("no boolean".into()),
        },
        Kind::Bigint => Value::Bigint(eight()?),
        Kind::Double => Value::Double(f64::from_bits(eight()? as u64)),
        Kind::Date => Value::Date(i32::from_be_bytes(bytes.try_into().map_err(wrong)?).into()),
        Kind::Timestamp => Value::Timestamp(millis(eight()?)?),
        Kind::Time => Value::Time(millis(eight()?)?),
        Kind::Interval => match bytes.split_at_checked(8) {
            Some((usecs, [0, 0, 0, 0, 0, 0, 0, 0])) => {
                Value::Interval(millis(i64::from_be_bytes(usecs.try_into().unwrap()))?)
            }
            _ => return Err("an interval with days or months".into()),
        },
        Kind::Text => {
            Value::Text(String::from_utf8(bytes.to_vec()).map_err(|error| error.to_string())?)
        }
    })
}

fn millis(usecs: i64) -> Result<i64, String> {
    match usecs % 1000 {
        0 => Ok(usecs / 1000),
        _ => Err(format!("{usecs} microseconds are no milliseconds")),
    }
}

/// Lines of COPY's text format.
pub fn text(bytes: &[u8], kinds: &[Kind], tail: &Tail<'_>) -> Result<Vec<Fields>, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let mut rows = Vec::new();
    for line in text.split_terminator('\n') {
        let fields: Vec<&str> = line.split('\t').collect();
        if fields.len() != kinds.len() + 2 {
            return Err(format!(
                "{} fields for {} columns: {line:?}",
                fields.len(),
                kinds.len()
            ));
        }
        let unescaped: Vec<Option<String>> = fields
            .into_iter()
            .map(unescaped)
            .collect::<Result<_, _>>()?;
        let moment = unescaped[kinds.len() + 1]
            .as_deref()
            .and_then(|field| field.strip_suffix("+00"));
        let stamp = moment
            .map(|moment| input(moment, Kind::Timestamp))
            .transpose()?;
        if unescaped[kinds.len()].as_deref() != Some(tail.source_file)
            || stamp != Some(Value::Timestamp(tail.load_timestamp / 1000))
        {
            return Err("source_file or load_timestamp is wrong".into());
        }
        let decode = |(field, kind): (Option<String>, &Kind)| {
            field.map(|text| input(&text, *kind)).transpose()
        };
        rows.push(
            unescaped
                .into_iter()
                .zip(kinds)
                .map(decode)
                .collect::<Result<_, _>>()?,
        );
    }
    Ok(rows)
}

fn unescaped(field: &str) -> Result<Option<String>, String> {
    if field == "\\N" {
        return Ok(None);
    }
    let mut out = String::new();
    let mut letters = field.chars();
    while let Some(letter) = letters.next() {
        out.push(match letter {
            '\r' => return Err(format!("a bare carriage return in {field:?}")),
            '\\' => match letters.next() {
                Some('b') => '\u{8}',
                Some('f') => '\u{c}',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some('v') => '\u{b}',
                Some('\\') => '\\',
                other => return Err(format!("escape {other:?} in {field:?}")),
            },
            letter => letter,
        });
    }
    Ok(Some(out))
}

/// What the type's input function reads, in the forms that every setting of DateStyle and IntervalStyle reads alike.
fn input(text: &str, kind: Kind) -> Result<Value, String> {
    let wrong = || format!("{text:?} is no {kind:?}");
    Ok(match kind {
        Kind::Boolean => Value::Boolean(text.parse().map_err(|_| wrong())?),
        Kind::Bigint => Value::Bigint(text.parse().map_err(|_| wrong())?),
        Kind::Double => Value::Double(text.parse().map_err(|_| wrong())?),
        Kind::Date => Value::Date(day(text).ok_or_else(wrong)?),
        Kind::Timestamp => {
            let (date, time) = text.split_once(' ').unwrap_or((text, "00:00:00"));
            Value::Timestamp(day(date).ok_or_else(wrong)? * DAY + clock(time).ok_or_else(wrong)?)
        }
        Kind::Time => Value::Time(clock(text).ok_or_else(wrong)?),
        Kind::Interval => Value::Interval(clock(text).ok_or_else(wrong)?),
        Kind::Text => Value::Text(text.into()),
    })
}

fn day(text: &str) -> Option<i64> {
    let parts: Vec<i64> = text
        .split('-')
        .map(|part| part.parse().ok())
        .collect::<Option<_>>()?;
    let [year, month, day] = parts[..] else {
        return None;
    };
    Some(day_number(year, month, day))
}

/// `HH:MM:SS[.mmm]` as milliseconds.
fn clock(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "000"));
    let parts: Vec<i64> = whole
        .split(':')
        .map(|part| part.parse().ok())
        .collect::<Option<_>>()?;
    let [hours, minutes, seconds] = parts[..] else {
        return None;
    };
    (fraction.len() == 3).then_some(())?;
    Some(((hours * 60 + minutes) * 60 + seconds) * 1000 + fraction.parse::<i64>().ok()?)
}
