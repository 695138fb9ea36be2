//! Latin letters whose mark is part of the letter, so that Unicode does not
//! decompose them (after Unicode CLDR's Latin-ASCII transform).

/// The ASCII letters for a lower-case letter, or none if it needs no replacement.
pub(super) fn ascii(letter: char) -> Option<&'static str> {
    Some(match letter {
        'æ' => "ae",
        'œ' => "oe",
        'ß' => "ss",
        'þ' => "th",
        'ø' | 'ɔ' | 'ɵ' => "o",
        'ð' | 'đ' | 'ɖ' | 'ɗ' | 'ƌ' | 'ȡ' => "d",
        'ł' | 'ƚ' | 'ɫ' | 'ɬ' | 'ɭ' | 'ⱡ' | 'ȴ' => "l",
        'ħ' | 'ɦ' | 'ⱨ' => "h",
        'ı' | 'ɨ' | 'ɩ' => "i",
        'ĸ' => "q",
        'ŋ' | 'ɲ' | 'ɳ' | 'ƞ' | 'ȵ' => "n",
        'ŧ' | 'ƫ' | 'ƭ' | 'ʈ' | 'ⱦ' | 'ȶ' => "t",
        'ƀ' | 'ƃ' | 'ɓ' => "b",
        'ƈ' | 'ɕ' | 'ȼ' => "c",
        'ə' | 'ɛ' | 'ǝ' | 'ɇ' => "e",
        'ƒ' => "f",
        'ǥ' | 'ɠ' | 'ɡ' => "g",
        'ɉ' | 'ȷ' | 'ʝ' => "j",
        'ƙ' | 'ⱪ' => "k",
        'ɱ' => "m",
        'ƥ' | 'ᵽ' => "p",
        'ɋ' | 'ʠ' => "q",
        'ɍ' | 'ɽ' | 'ɼ' | 'ɾ' => "r",
        'ʂ' | 'ȿ' => "s",
        'ʉ' => "u",
        'ʋ' | 'ⱴ' => "v",
        'ⱳ' => "w",
        'ƴ' | 'ɏ' => "y",
        'ƶ' | 'ȥ' | 'ⱬ' | 'ʐ' | 'ʑ' => "z",
        'ⱥ' => "a",
        _ => return None,
    })
}
