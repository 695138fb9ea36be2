//! Workbooks as inputs that a mutator can change: the parts of a zip package, not compressed, one after another.
//!
//! In a zip file itself nearly every changed byte only breaks a checksum.

use super::raw_zip::{Entry, zip};

/// What stands before each part: this, its name, a line feed.
const MARK: &[u8] = b"\n#=#";

/// A zip file's parts as a bundle; none for what is no zip file.
pub fn of_zip(content: &[u8]) -> Option<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(content)).ok()?;
    let mut bundle = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).ok()?;
        let name = entry.name().ok()?.into_owned();
        // Pictures and the like only make the input long.
        let read = [".xml", ".bin", ".rels", "mimetype"];
        if read.iter().any(|end| name.ends_with(end)) {
            bundle.extend_from_slice(MARK);
            bundle.extend_from_slice(name.as_bytes());
            bundle.push(b'\n');
            std::io::copy(&mut entry, &mut bundle).ok()?;
        }
    }
    Some(bundle)
}

/// The zip file of a bundle.
pub fn to_zip(bundle: &[u8]) -> Vec<u8> {
    let mut entries = Vec::new();
    let mut rest = bundle;
    while let Some(at) = memchr::memmem::find(rest, MARK) {
        rest = &rest[at + MARK.len()..];
        let part = &rest[..memchr::memmem::find(rest, MARK).unwrap_or(rest.len())];
        let name = memchr::memchr(b'\n', part).unwrap_or(part.len());
        let content = part.get(name + 1..).unwrap_or_default();
        entries.push(Entry::stored(&part[..name.min(200)], content));
    }
    zip(&entries)
}

/// The bundle with another content of one part.
pub fn with_part(bundle: &[u8], name: &str, content: &[u8]) -> Vec<u8> {
    let start = [MARK, name.as_bytes(), b"\n"].concat();
    let Some(at) = memchr::memmem::find(bundle, &start) else {
        return [bundle, &start, content].concat();
    };
    let body = at + start.len();
    let end = memchr::memmem::find(&bundle[body..], MARK).map_or(bundle.len(), |end| body + end);
    [&bundle[..body], content, &bundle[end..]].concat()
}

/// The content of a part.
pub fn part<'a>(bundle: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let start = [MARK, name.as_bytes(), b"\n"].concat();
    let body = memchr::memmem::find(bundle, &start)? + start.len();
    let rest = &bundle[body..];
    Some(&rest[..memchr::memmem::find(rest, MARK).unwrap_or(rest.len())])
}
