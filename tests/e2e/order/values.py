"""What a cell comes to, and how a column of some type keeps it."""

from datetime import date, datetime, time, timedelta

NUMBER, DATE, TIME, ELAPSED = "number", "date", "time", "elapsed"

# What each number format shows for positive, negative and zero.
FORMATS = {
    "General": (NUMBER, NUMBER, NUMBER),
    "0": (NUMBER, NUMBER, NUMBER),
    "#,##0.00": (NUMBER, NUMBER, NUMBER),
    "0%": (NUMBER, NUMBER, NUMBER),
    '0.00 "days"': (NUMBER, NUMBER, NUMBER),
    "[Red]0.0;[Blue]-0.0": (NUMBER, NUMBER, NUMBER),
    "yyyy-mm-dd": (DATE, DATE, DATE),
    "m/d/yy h:mm": (DATE, DATE, DATE),
    "dd.mm.yyyy hh:mm:ss.000": (DATE, DATE, DATE),
    "[$-409]d-mmm-yy;@": (DATE, DATE, DATE),
    'yyyy-mm-dd;;"-"': (DATE, DATE, DATE),
    "yyyy-mm-dd;0.00": (DATE, NUMBER, DATE),
    "h:mm": (TIME, TIME, TIME),
    "hh:mm:ss.000": (TIME, TIME, TIME),
    "h:mm AM/PM": (TIME, TIME, TIME),
    "mm:ss": (TIME, TIME, TIME),
    "[h]:mm:ss": (ELAPSED, ELAPSED, ELAPSED),
    "[mm]:ss": (ELAPSED, ELAPSED, ELAPSED),
}

BOOLEAN, BIGINT, DOUBLE, TEXT = "boolean", "bigint", "double precision", "text"
TIMESTAMP, CLOCK, INTERVAL = "timestamp without time zone", "time without time zone", "interval"
CHAINS = ((BOOLEAN,), (BIGINT, DOUBLE), ("date", TIMESTAMP), (CLOCK, INTERVAL))

DAY = 86_400_000
# The White_Space characters of Unicode, and those of no width.
BLANK = "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
BLANK += "\u200b\u200c\u200d\u2060\ufeff"

NOTHING, REJECTED, UNCOMPUTED = "nothing", "rejected", "uncomputed"


def serial(millis):
    """The number that stands in the file for a moment; writers give 16 digits."""
    return float(f"{millis / DAY:.16g}")


def look(cell, written, date1904):
    """What a cell comes to, as (type, value), or one of the three outcomes without a value, as (outcome, raw)."""
    if cell is None:
        return NOTHING, None
    match cell[0]:
        case "blank":
            return NOTHING, None
        case "s":
            text = cell[1].replace("\0", "\ufffd").strip(BLANK)
            return (TEXT, text) if text else (NOTHING, None)
        case "n":
            return number(cell[1])
        case "m":
            return moment(cell[1], cell[2], written, date1904)
        case "i":
            moment_ = datetime.fromisoformat(cell[1])
            return (TIMESTAMP, moment_) if moment_.time() != time() else ("date", moment_.date())
        case "b":
            return BOOLEAN, cell[1]
        case "e":
            return REJECTED, cell[1]
        case "f":
            return look(cell[1], str, date1904)
        case "u":
            return UNCOMPUTED, None
    raise AssertionError(cell)


def number(value):
    if value == int(value) and abs(value) <= 2**53:
        return BIGINT, int(value)
    return DOUBLE, float(value)


def moment(millis, code, written, date1904):
    """So many milliseconds after the epoch, in a date, time or elapsed format."""
    shows = FORMATS[code][0 if millis > 0 else 1 if millis < 0 else 2]
    if shows == NUMBER:
        return number(serial(millis))
    day, clock = divmod(millis, DAY)
    rejected = REJECTED, written(serial(millis))
    if millis < 0 or day >= 2_958_466:
        return rejected
    if shows == ELAPSED:
        return INTERVAL, timedelta(milliseconds=millis)
    if shows == TIME and day == 0:
        return CLOCK, (datetime(2000, 1, 1) + timedelta(milliseconds=millis)).time()
    if day == 0 or (day == 60 and not date1904):
        return rejected
    first = date(1904, 1, 1) if date1904 else date(1899, 12, 31) if day < 60 else date(1899, 12, 30)
    try:
        found = first + timedelta(days=day)
    except OverflowError:
        return rejected
    if clock == 0:
        return "date", found
    return TIMESTAMP, datetime.combine(found, time()) + timedelta(milliseconds=clock)


def join(types):
    """The narrowest type that holds values of all these types."""
    for chain in CHAINS:
        if types and types <= set(chain):
            return max(types, key=chain.index)
    return TEXT


def stored(kind, value, column):
    """The value as a column of that type, which holds it, keeps it."""
    if kind == column:
        return value
    match kind, column:
        case "bigint", "double precision":
            return float(value)
        case "date", "timestamp without time zone":
            return datetime.combine(value, time())
        case "time without time zone", "interval":
            return timedelta(hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond)
        case _, "text":
            return text_form(kind, value)
    raise AssertionError((kind, value, column))


def text_form(kind, value):
    match kind:
        case "text":
            return value
        case "boolean":
            return "true" if value else "false"
        case "bigint":
            return str(value)
        case "double precision":
            return number_text(value)
        case "date":
            return f"{value:%Y-%m-%d}"
        case "timestamp without time zone":
            clock = timedelta(hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond)
            return f"{value:%Y-%m-%d}" + (f" {clock_text(clock)}" if clock else "")
        case "time without time zone":
            return clock_text(stored(kind, value, INTERVAL))
        case "interval":
            return clock_text(value)
    raise AssertionError(kind)


def clock_text(elapsed):
    seconds, rest = divmod(round(elapsed / timedelta(milliseconds=1)), 1000)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{text}.{rest:03d}" if rest else text


def number_text(value):
    """At most 15 significant digits; from 1E+21 up and below 0.000001 with an exponent, as Excel writes it."""
    if value == int(value) and abs(value) <= 2**53:
        return str(int(value))
    mantissa, exponent = f"{value:.14e}".split("e")
    exponent = int(exponent)
    if -6 <= exponent < 21:
        sign, digits = ("-" if value < 0 else ""), mantissa.lstrip("-").replace(".", "")
        if exponent < 0:
            digits = "0" * -exponent + digits
            exponent = 0
        whole, fraction = digits[: exponent + 1].ljust(exponent + 1, "0"), digits[exponent + 1 :].rstrip("0")
        return f"{sign}{whole}.{fraction}" if fraction else sign + whole
    return f"{mantissa.rstrip('0').rstrip('.')}E{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
