//! Texts that are too long for their place.

/// `text` in at most `width` characters: where it is longer its end stays, from
/// a `/` on if there is one, behind an ellipsis.
pub fn keep_end(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    let kept = width.saturating_sub(1);
    let tail: String = text.chars().skip(length - kept).collect();
    let tail = match tail.find('/') {
        Some(at) if at + 1 < tail.len() => &tail[at..],
        _ => tail.as_str(),
    };
    format!("…{tail}")
}

/// `text` in at most `width` characters: where it is longer its beginning stays, before an ellipsis.
pub fn keep_start(text: &str, width: usize) -> String {
    match text.char_indices().nth(width) {
        None => text.to_owned(),
        Some(_) => {
            let kept = text.chars().take(width.saturating_sub(1));
            kept.chain(['…']).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{keep_end, keep_start};
    use proptest::prelude::*;

    #[test]
    fn the_end_stays() {
        assert_eq!(keep_end("claims/a.xlsx", 13), "claims/a.xlsx");
        assert_eq!(keep_end("claims/a.xlsx", 12), "…/a.xlsx");
        assert_eq!(keep_end("claims/a.xlsx", 5), "…xlsx");
        assert_eq!(keep_end("Schäden/Übersicht.xlsx", 12), "…rsicht.xlsx");
        assert_eq!(keep_end("ends with/", 4), "…th/");
        assert_eq!(keep_end("abc", 0), "…");
    }

    #[test]
    fn the_start_stays() {
        assert_eq!(keep_start("Übersicht", 9), "Übersicht");
        assert_eq!(keep_start("Übersicht", 8), "Übersic…");
        assert_eq!(keep_start("abc", 1), "…");
        assert_eq!(keep_start("", 0), "");
    }

    proptest! {
        #[test]
        fn fits_and_is_an_end(text: String, width in 1usize..60) {
            let kept = keep_end(&text, width);
            prop_assert!(kept.chars().count() <= width);
            prop_assert!(kept == text || text.ends_with(kept.trim_start_matches('…')));
        }
    }
}
