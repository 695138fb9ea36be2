//! Where fuzzing begins: the workbooks of tests/fixtures, as each target takes them, and small samples of the rest.

use super::bundle;
use std::path::{Path, PathBuf};

/// One input: its target, a name, its bytes.
pub type Seed = (&'static str, String, Vec<u8>);

/// The inputs of every target.
pub fn all() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for (name, content) in workbooks() {
        match bundle::of_zip(&content) {
            None => seeds.push(("xls", name, content)),
            Some(parts) => {
                let target = match &name {
                    name if name.ends_with(".xlsb") => "xlsb",
                    name if name.ends_with(".ods") => "ods",
                    _ => "xlsx",
                };
                for (target, part) in [
                    ("sheet", "xl/worksheets/sheet1.xml"),
                    ("strings", "xl/sharedStrings.xml"),
                ] {
                    if let Some(content) = bundle::part(&parts, part) {
                        seeds.push((target, name.clone(), content.to_vec()));
                        if target == "sheet" {
                            let prefixed = in_a_dialect(content);
                            seeds.push(("template", name.clone(), [b"\0", content].concat()));
                            seeds.push(("template", format!("{name}-prefixed"), prefixed));
                        }
                    }
                }
                seeds.push((target, name.clone(), parts));
                seeds.push(("package", name, content));
            }
        }
    }
    seeds.extend(written());
    // Choices that a mutator finds its way from.
    for start in 0..8u8 {
        let choices = (0..400u16).map(|n| (n * 37) as u8 ^ start).collect();
        seeds.push(("oracle", format!("choices-{start}"), choices));
    }
    seeds.extend(regressions());
    seeds
}

/// A sheet for the target `template`, its rows' tags with a prefix and its attributes in single quotes.
fn in_a_dialect(sheet: &[u8]) -> Vec<u8> {
    let mut text = String::from_utf8_lossy(sheet).replace('"', "'");
    for name in ["row", "c", "v", "is", "t"] {
        for end in [">", " ", "/"] {
            text = text.replace(&format!("<{name}{end}"), &format!("<x:{name}{end}"));
        }
        text = text.replace(&format!("</{name}>"), &format!("</x:{name}>"));
    }
    [b"\0", text.as_bytes()].concat()
}

/// Inputs that once broke a promise: `regressions/<target>/<name>`.
pub fn regressions() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for (target, _) in super::TARGETS {
        for (name, content) in files(&folder("regressions").join(target)) {
            seeds.push((*target, name, content));
        }
    }
    seeds
}

/// A plain workbook of several types, styles and shared strings.
pub fn plain_bundle() -> Vec<u8> {
    let content = std::fs::read(fixtures().join("cells/xlsxwriter.xlsx")).unwrap();
    bundle::of_zip(&content).unwrap()
}

fn workbooks() -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for below in ["cells", "shapes", "bad"] {
        found.extend(
            files(&fixtures().join(below))
                .into_iter()
                .filter(|(name, content)| {
                    !name.ends_with(".json") && !content.is_empty() && name != "encrypted.xlsx"
                }),
        );
    }
    found
}

fn written() -> Vec<Seed> {
    let seed = |target, name: &str, content: &[u8]| (target, name.to_owned(), content.to_vec());
    let mut seeds = vec![
        seed(
            "config",
            "sample",
            include_bytes!("../../../config/etl_config.yaml"),
        ),
        seed(
            "config",
            "anchors",
            b"a: &x {sheet: [A, B*], columns: {N: {type: text}}}\nb: *x\n",
        ),
    ];
    for (number, content) in include_str!("samples/config.txt")
        .split("\n---\n")
        .enumerate()
    {
        seeds.push(("config", format!("config{number}"), content.into()));
    }
    for (number, content) in include_str!("samples/text.txt").lines().enumerate() {
        let content = content.replace('|', "\n");
        seeds.push(("text", format!("text{number}"), content.into()));
    }
    for (number, json) in include_str!("samples/control.txt").lines().enumerate() {
        let framed = [
            &(json.len() as u32 + 1).to_be_bytes()[..],
            b"C",
            json.as_bytes(),
        ]
        .concat();
        seeds.push(("frames", format!("control{number}"), framed));
        seeds.push(("control", format!("control{number}"), json.into()));
    }
    let two_rows = b"\0\0\0\x02\0\0\0\x01\0\0\0\x02\0\0\0\x02\
        \0\x02\0\0\0\x03abc\xff\xff\xff\xff\0\x02\xff\xff\xff\xff\0\0\0\x01x";
    seeds.push(seed("rows", "binary", two_rows));
    seeds.push(seed(
        "rows",
        "text",
        b"\0\0\0\x01\0\0\0\x01\0\0\0\x07\0\0\0\x01a\\tb\t\\N\tc\\\\\n",
    ));
    seeds.push(seed(
        "frames",
        "rows",
        &[&b"\0\0\0\x28R"[..], two_rows].concat(),
    ));
    seeds
}

/// The files of a folder by name.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.retain(|path| path.is_file());
    let named = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read(path).unwrap())
    };
    paths.into_iter().map(named).collect()
}

fn folder(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fuzz")).join(name)
}

fn fixtures() -> PathBuf {
    folder("../fixtures")
}
