//! What a file's name says, and how a path is written.

use std::fmt::Write;

/// What a file's name says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// xlsx, xlsm, xlsb, xls or ods, in any case: a candidate.
    Workbook,
    /// `~$…`: Excel's note of who has a workbook open. Skipped and said.
    LockFile,
    /// `.…`: hidden, and LibreOffice's lock files. Skipped and said.
    DotFile,
    /// `….tmp`, in any case: a copy under way. Skipped and said.
    Temporary,
    /// Anything else: counted as ignored.
    Other,
}

/// Sorts a file by its name alone (no folder part; bytes, as the file system
/// has them). The format is decided later, by content.
pub fn classify(file_name: &[u8]) -> FileKind {
    if file_name.starts_with(b"~$") {
        return FileKind::LockFile;
    }
    if file_name.starts_with(b".") {
        return FileKind::DotFile;
    }
    let Some(dot) = file_name.iter().rposition(|byte| *byte == b'.') else {
        return FileKind::Other;
    };
    match file_name[dot + 1..].to_ascii_lowercase().as_slice() {
        b"xlsx" | b"xlsm" | b"xlsb" | b"xls" | b"ods" => FileKind::Workbook,
        b"tmp" => FileKind::Temporary,
        _ => FileKind::Other,
    }
}

/// A path as text: bytes that are not UTF-8 as `\xNN` (lower-case hexadecimal
/// digits), everything else unchanged.
pub fn display_path(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// The path that [`display_path`] wrote with `\xNN`, read back: for the rare
/// name that holds such a text itself, its other meaning.
pub fn undisplay_path(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\\x") {
        let code = rest.get(at + 2..at + 4);
        let byte = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        // UTF-8 never lacks ASCII, so display_path escapes none.
        match byte.filter(|byte| !byte.is_ascii()) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(b"\\x"),
        }
        rest = &rest[at
            + if byte.is_some_and(|b| !b.is_ascii()) {
                4
            } else {
                2
            }..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_by_name() {
        for name in [
            "a.xlsx", "A.XLSX", "b.xlsm", "c.Xlsb", "d.xls", "e.ods", "a.b.xlsx", "~a.xls",
        ] {
            assert_eq!(classify(name.as_bytes()), FileKind::Workbook, "{name}");
        }
        for name in [
            "a.csv",
            "xlsx",
            "a.xlsx.bak",
            "a.xlsx ",
            "a",
            "",
            "a.",
            "tmp",
        ] {
            assert_eq!(classify(name.as_bytes()), FileKind::Other, "{name}");
        }
        assert_eq!(classify(b"~$claims.xlsx"), FileKind::LockFile);
        assert_eq!(classify(b".~lock.claims.xlsx#"), FileKind::DotFile);
        assert_eq!(classify(b".claims.xlsx"), FileKind::DotFile);
        assert_eq!(classify(b"claims.xlsx.TMP"), FileKind::Temporary);
        assert_eq!(classify(b"Pr\xe9noms.xlsx"), FileKind::Workbook);
    }

    #[test]
    fn writes_paths() {
        assert_eq!(
            display_path("/srv/Prénom/日期.xlsx".as_bytes()),
            "/srv/Prénom/日期.xlsx"
        );
        assert_eq!(
            display_path(b"/srv/Pr\xe9nom\xff.xlsx"),
            r"/srv/Pr\xe9nom\xff.xlsx"
        );
        assert_eq!(display_path(b"a\xe6\x97"), r"a\xe6\x97");
    }

    #[test]
    fn reads_paths_back() {
        for path in [
            b"/srv/Pr\xe9nom\xff.xlsx".as_slice(),
            "/srv/日期.xlsx".as_bytes(),
            br"/srv/\x41\xzz\x",
            b"",
        ] {
            assert_eq!(undisplay_path(&display_path(path)), path);
        }
    }
}
