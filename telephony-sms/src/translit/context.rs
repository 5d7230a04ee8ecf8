//! Forms that depend on the neighbours of a character.

use super::{Map, marks};

/// What `map`, which writes `plain` instead of `character`, writes between `before` and `after`.
///
/// Looks past marks to the nearest other characters. Marks themselves look nowhere, so that going
/// through a whole text takes linear time.
pub(super) fn in_context(
    map: Map,
    character: char,
    plain: &'static str,
    before: &str,
    after: &str,
) -> &'static str {
    if map == Map::Twilio || marks::is_mark(character) {
        return plain;
    }
    let previous = before.chars().rev().find(|near| !marks::is_mark(*near));
    let next = after.chars().find(|near| !marks::is_mark(*near));
    let chosen = match map {
        Map::Typographic => return sign(character, plain, previous),
        Map::Ukrainian => ukrainian(character, plain, before, previous),
        Map::Bulgarian => bulgarian(character, plain, previous, next),
        _ => plain,
    };
    let capitals = match next {
        Some(next) if next.is_alphabetic() => next.is_uppercase(),
        _ => previous.is_some_and(char::is_uppercase),
    };
    if capitals && character.is_uppercase() { in_capitals(chosen) } else { chosen }
}

/// After a digit, a fraction and an exponent must not become part of the number: `1½` is
/// `1 1/2` and `10²` is `10^2`. After a letter, the degree sign is an ordinal: `n°` is `no`.
fn sign(character: char, plain: &'static str, previous: Option<char>) -> &'static str {
    match previous {
        Some('0'..='9') => match character {
            '¼' => " 1/4",
            '½' => " 1/2",
            '¾' => " 3/4",
            '⅐' => " 1/7",
            '⅑' => " 1/9",
            '⅒' => " 1/10",
            '⅓' => " 1/3",
            '⅔' => " 2/3",
            '⅕' => " 1/5",
            '⅖' => " 2/5",
            '⅗' => " 3/5",
            '⅘' => " 4/5",
            '⅙' => " 1/6",
            '⅚' => " 5/6",
            '⅛' => " 1/8",
            '⅜' => " 3/8",
            '⅝' => " 5/8",
            '⅞' => " 7/8",
            '⁰' => "^0",
            '¹' => "^1",
            '²' => "^2",
            '³' => "^3",
            '⁴' => "^4",
            '⁵' => "^5",
            '⁶' => "^6",
            '⁷' => "^7",
            '⁸' => "^8",
            '⁹' => "^9",
            '⁺' => "^+",
            '⁻' => "^-",
            'ⁱ' => "^i",
            'ⁿ' => "^n",
            _ => plain,
        },
        Some(letter) if character == '°' && letter.is_alphabetic() => "o",
        _ => plain,
    }
}

/// Resolution 55 of 2010: `Є`, `Ї`, `Й`, `Ю` and `Я` have a form of their own at the beginning of
/// a word, and `г` has one after `з`, where `зг` would read as `ж`.
fn ukrainian(
    character: char,
    plain: &'static str,
    before: &str,
    previous: Option<char>,
) -> &'static str {
    match (character, previous) {
        ('г', Some('з' | 'З')) => "gh",
        ('Г', Some('з' | 'З')) => "Gh",
        (_, previous) if is_in_word(before, previous) => plain,
        ('Є', _) => "Ye",
        ('є', _) => "ye",
        ('Ї', _) => "Yi",
        ('ї', _) => "yi",
        ('Й', _) => "Y",
        ('й', _) => "y",
        ('Ю', _) => "Yu",
        ('ю', _) => "yu",
        ('Я', _) => "Ya",
        ('я', _) => "ya",
        _ => plain,
    }
}

/// Whether a letter comes before, or a letter and an apostrophe.
fn is_in_word(before: &str, previous: Option<char>) -> bool {
    match previous {
        Some('\'' | '’' | 'ʼ' | '`') => {
            let mut characters = before.chars().rev();
            characters.nth(1).is_some_and(|near| near.is_alphabetic() || marks::is_mark(near))
        }
        Some(previous) => previous.is_alphabetic(),
        None => false,
    }
}

/// The Transliteration Act of 2009, article 6: `ия` at the end of a word is `ia`.
fn bulgarian(
    character: char,
    plain: &'static str,
    previous: Option<char>,
    next: Option<char>,
) -> &'static str {
    let ends_word = !next.is_some_and(char::is_alphabetic);
    match (character, previous) {
        ('я', Some('и' | 'И')) if ends_word => "a",
        ('Я', Some('и' | 'И')) if ends_word => "A",
        _ => plain,
    }
}

/// What stands for one capital, within a word in capitals.
fn in_capitals(replacement: &'static str) -> &'static str {
    match replacement {
        "Ch" => "CH",
        "Dj" => "DJ",
        "Dz" => "DZ",
        "Gh" => "GH",
        "Hv" => "HV",
        "Ia" => "IA",
        "Ie" => "IE",
        "Iu" => "IU",
        "Kh" => "KH",
        "Lj" => "LJ",
        "Ng" => "NG",
        "Nj" => "NJ",
        "Sh" => "SH",
        "Shch" => "SHCH",
        "Sht" => "SHT",
        "Th" => "TH",
        "Ts" => "TS",
        "Ya" => "YA",
        "Ye" => "YE",
        "Yi" => "YI",
        "Yu" => "YU",
        "Zh" => "ZH",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_replacement_of_a_capital_has_its_form_in_capitals() {
        let maps = Map::ALL.iter().filter(|map| map.has_letters());
        for map in maps {
            for character in ('\0'..=char::MAX).filter(|character| character.is_uppercase()) {
                let Some(plain) = map.replacement(character) else { continue };
                for before in ["", "ї", "З"] {
                    let chosen = in_context(*map, character, plain, before, "A");
                    assert!(!chosen.chars().any(char::is_lowercase), "{map:?} {character:?}");
                }
            }
        }
    }
}
