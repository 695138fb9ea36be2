//! numeric's binary form (`numeric_recv`): count of base-10000 digits, weight of
//! the first one, sign, digits after the decimal point, then the digits.

const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;

/// Decimal digits in one base-10000 digit.
const GROUP: i32 = 4;

/// An integer, exact.
pub(super) fn integer(out: &mut Vec<u8>, integer: i64) {
    let digits = integer.unsigned_abs().to_string();
    decimal(out, integer < 0, digits.as_bytes(), digits.len() as i32 - 1);
}

/// A finite double as the shortest decimal that reads back as it.
pub(super) fn double(out: &mut Vec<u8>, number: f64) {
    let scientific = format!("{:e}", number.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits = mantissa.replace('.', "");
    decimal(
        out,
        number < 0.0,
        digits.as_bytes(),
        exponent.parse().unwrap_or(0),
    );
}

/// The number d.ddd × 10^exponent.
fn decimal(out: &mut Vec<u8>, negative: bool, digits: &[u8], exponent: i32) {
    let significant = digits
        .iter()
        .rposition(|digit| *digit != b'0')
        .map_or(0, |last| last + 1);
    if significant == 0 {
        return write(out, &[], 0, POSITIVE, 0);
    }
    let weight = exponent.div_euclid(GROUP);
    // Where in its group the first digit stands.
    let offset = (GROUP - 1 - exponent.rem_euclid(GROUP)) as usize;
    let mut groups = vec![0u16; (offset + significant).div_ceil(GROUP as usize)];
    for (at, digit) in digits.iter().take(significant).enumerate() {
        let place = offset + at;
        let power = [1000, 100, 10, 1][place % GROUP as usize];
        groups[place / GROUP as usize] += u16::from(digit - b'0') * power;
    }
    let scale = (significant as i32 - 1 - exponent).max(0);
    write(
        out,
        &groups,
        weight,
        if negative { NEGATIVE } else { POSITIVE },
        scale,
    );
}

/// The field. A double's weight and scale stay within ±81 and 341.
fn write(out: &mut Vec<u8>, groups: &[u16], weight: i32, sign: u16, scale: i32) {
    out.extend_from_slice(&(8 + 2 * groups.len() as u32).to_be_bytes());
    for part in [
        groups.len() as u16,
        weight as i16 as u16,
        sign,
        scale as u16,
    ] {
        out.extend_from_slice(&part.to_be_bytes());
    }
    groups
        .iter()
        .for_each(|group| out.extend_from_slice(&group.to_be_bytes()));
}
