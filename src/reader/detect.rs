//! Which format a file has, by its content: names lie.

use crate::fail::{Failed, FailureKind, Result, corrupt, failed, io_failure};
use crate::package::{Package, encrypted};
use crate::source::Source;
use crate::xlsx;
use pgdatahub_core::protocol::Format;

/// How many first bytes are looked at.
const LOOKED_AT: usize = 4096;

const COMPOUND_FILE: &[u8] = &[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
const ODS_MIMETYPE: &[u8] = b"application/vnd.oasis.opendocument.spreadsheet";

/// A file whose format is known.
pub enum Detected {
    /// A zip package with its main part.
    Package {
        /// Xlsx, Xlsb or Ods.
        format: Format,
        /// The package.
        package: Package,
        /// The main part's name.
        main: String,
    },
    /// A compound file with a workbook stream.
    Xls,
}

/// Finds a file's format.
///
/// # Errors
/// UnknownFormat or Encrypted (0A000), Corrupt (22000), OverLimit (54000), Io (58030).
pub fn detect(source: &Source) -> Result<Detected> {
    let start = source.start(LOOKED_AT).map_err(|e| io_failure(&e))?;
    if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
        return detect_package(Package::open(source.clone())?);
    }
    if start.starts_with(COMPOUND_FILE) {
        return detect_compound(source);
    }
    Err(unknown(looks_like(&start)))
}

fn detect_package(package: Package) -> Result<Detected> {
    if package.has("mimetype") {
        let mimetype = package.read("mimetype")?;
        if mimetype.trim_ascii().starts_with(ODS_MIMETYPE) {
            if package.has("META-INF/manifest.xml") {
                let manifest = package.read("META-INF/manifest.xml")?;
                if memchr::memmem::find(&manifest, b"encryption-data").is_some() {
                    return Err(encrypted());
                }
            }
            return Ok(Detected::Package {
                format: Format::Ods,
                package,
                main: "content.xml".into(),
            });
        }
    }
    let Some(main) = xlsx::main_part(&package)? else {
        return Err(unknown("a zip file that holds no workbook"));
    };
    let folder = main
        .split('/')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let format = match folder.as_str() {
        "word" => return Err(unknown("a Word document")),
        "ppt" => return Err(unknown("a PowerPoint presentation")),
        "visio" => return Err(unknown("a Visio drawing")),
        _ if main.to_ascii_lowercase().ends_with(".bin") => Format::Xlsb,
        _ => Format::Xlsx,
    };
    if !package.has(&main) {
        return Err(corrupt(format!("Part \"{main}\" is missing.")));
    }
    Ok(Detected::Package {
        format,
        package,
        main,
    })
}

/// Compound files ([MS-CFB]) hold .xls workbooks, and the encrypted form of the zip formats ([MS-OFFCRYPTO]).
fn detect_compound(source: &Source) -> Result<Detected> {
    // Some writers' files break the format in ways that do not hinder reading
    // them: where they do, opening the workbook says so.
    let Ok(file) = cfb::CompoundFile::open(source.clone()) else {
        return Ok(Detected::Xls);
    };
    if file.exists("/EncryptedPackage") || file.exists("/EncryptionInfo") {
        return Err(encrypted());
    }
    if file.exists("/Workbook") || file.exists("/Book") {
        return Ok(Detected::Xls);
    }
    let what = match () {
        () if file.exists("/WordDocument") => "a Word document",
        () if file.exists("/PowerPoint Document") => "a PowerPoint presentation",
        () => "a compound file that holds no workbook",
    };
    Err(unknown(what))
}

fn unknown(what: &str) -> Failed {
    Failed {
        detail: Some(format!("It looks like {what}.")),
        hint: Some("Save it as .xlsx, .xlsm, .xlsb, .xls or .ods.".into()),
        ..failed(FailureKind::UnknownFormat, "the file is not a workbook")
    }
}

/// What the first bytes of something that is no workbook look like.
fn looks_like(start: &[u8]) -> &'static str {
    let text = start
        .trim_ascii_start()
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(start);
    let lower = text.trim_ascii_start().to_ascii_lowercase();
    let has = |needle: &[u8]| memchr::memmem::find(&lower, needle).is_some();
    match lower.as_slice() {
        [0x09, 0x00 | 0x02 | 0x04 | 0x08, ..] => "an Excel workbook from before Excel 95",
        l if l.starts_with(b"%pdf") => "a PDF document",
        l if l.starts_with(b"<?xml") && has(b"urn:schemas-microsoft-com:office:spreadsheet") => {
            "an Excel 2003 XML spreadsheet"
        }
        l if l.starts_with(b"<?xml") && has(b"opendocument") => "a flat OpenDocument file (.fods)",
        l if l.starts_with(b"<!doctype html") || l.starts_with(b"<html") || has(b"<table") => {
            "an HTML page"
        }
        l if l.starts_with(b"<?xml") => "an XML file",
        l if l.starts_with(b"pk") || l.starts_with(b"rar!") || l.starts_with(b"7z\xbc\xaf") => {
            "an archive that holds no workbook"
        }
        l if l.starts_with(b"\x1f\x8b") => "a gzip file",
        l if l.iter().all(|&byte| byte == 0) => {
            "a file of zeros, as an interrupted transfer leaves"
        }
        _ if !is_text(start) => "a binary file",
        _ if has(b";") || has(b",") || has(b"\t") => "a text file such as CSV",
        _ => "a text file",
    }
}

fn is_text(bytes: &[u8]) -> bool {
    let utf16 = bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]);
    utf16
        || !bytes
            .iter()
            .any(|&byte| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0C))
}
