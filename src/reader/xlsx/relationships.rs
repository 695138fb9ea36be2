//! Relationships between the parts of a package (ECMA-376 part 2 §6.5).

use crate::fail::Result;
use crate::package::Package;
use crate::scan::{Scanner, Token};

/// One relationship of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relationship {
    /// Its id within the part.
    pub id: String,
    /// The last step of its type: `worksheet`, `styles`. Transitional and strict
    /// documents differ only before it.
    pub kind: String,
    /// The target part's name, without a leading slash.
    pub target: String,
}

/// The relationships of a part; `""` for the package itself. None where there are none.
///
/// # Errors
/// Corrupt (22000).
pub fn of_part(package: &Package, part: &str) -> Result<Vec<Relationship>> {
    let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
    let name = match folder {
        "" => format!("_rels/{file}.rels"),
        _ => format!("{folder}/_rels/{file}.rels"),
    };
    if !package.has(&name) {
        return Ok(Vec::new());
    }
    let mut scanner = Scanner::new(package.part(&name)?, &name)?;
    let mut found = Vec::new();
    loop {
        match scanner.next_token()? {
            Token::Eof => return Ok(found),
            Token::Start {
                name: b"Relationship",
                attributes,
            } => {
                let text = |key| attributes.text(key).map(Option::unwrap_or_default);
                if text(b"TargetMode")? == "External" {
                    continue;
                }
                let kind = text(b"Type")?;
                found.push(Relationship {
                    id: text(b"Id")?.into_owned(),
                    kind: kind.rsplit('/').next().unwrap_or_default().into(),
                    target: resolve(folder, &text(b"Target")?),
                });
            }
            _ => {}
        }
    }
}

/// The package's main part: the workbook, or another program's document.
///
/// # Errors
/// Corrupt (22000).
pub fn main_part(package: &Package) -> Result<Option<String>> {
    let declared = of_part(package, "")?
        .into_iter()
        .find(|relationship| relationship.kind == "officeDocument")
        .map(|relationship| relationship.target);
    Ok(declared.or_else(|| {
        ["xl/workbook.xml", "xl/workbook.bin"]
            .into_iter()
            .find(|name| package.has(name))
            .map(String::from)
    }))
}

/// A target against the folder of the part that names it; absolute ones begin with a slash.
fn resolve(folder: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    let mut steps: Vec<&str> = match target.starts_with('/') {
        true => Vec::new(),
        false => folder.split('/').collect(),
    };
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    steps.retain(|step| !step.is_empty());
    steps.join("/")
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn targets_are_relative_or_absolute() {
        assert_eq!(
            resolve("xl", "worksheets/sheet1.xml"),
            "xl/worksheets/sheet1.xml"
        );
        assert_eq!(
            resolve("xl", "/xl/worksheets/sheet1.xml"),
            "xl/worksheets/sheet1.xml"
        );
        assert_eq!(resolve("xl", "../xl/./styles.xml"), "xl/styles.xml");
        assert_eq!(resolve("", "xl/workbook.xml"), "xl/workbook.xml");
    }
}
