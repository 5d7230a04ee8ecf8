//! Combining marks, and the letters they make with the letter before them.

/// Whether `character` is a mark on the character before it, whatever that is: the blocks of
/// combining diacritical marks, their extension, their supplement and the half marks.
pub(super) const fn is_mark(character: char) -> bool {
    matches!(
        character,
        '\u{300}'..='\u{36F}'
            | '\u{1AB0}'..='\u{1AFF}'
            | '\u{1DC0}'..='\u{1DFF}'
            | '\u{FE20}'..='\u{FE2F}'
    )
}

/// The letter of GSM-7 that Unicode takes apart into `letter` and `mark`.
pub(super) const fn compose(letter: char, mark: char) -> Option<&'static str> {
    Some(match (letter, mark) {
        ('a', '\u{300}') => "à",
        ('e', '\u{300}') => "è",
        ('i', '\u{300}') => "ì",
        ('o', '\u{300}') => "ò",
        ('u', '\u{300}') => "ù",
        ('e', '\u{301}') => "é",
        ('E', '\u{301}') => "É",
        ('n', '\u{303}') => "ñ",
        ('N', '\u{303}') => "Ñ",
        ('a', '\u{308}') => "ä",
        ('o', '\u{308}') => "ö",
        ('u', '\u{308}') => "ü",
        ('A', '\u{308}') => "Ä",
        ('O', '\u{308}') => "Ö",
        ('U', '\u{308}') => "Ü",
        ('a', '\u{30A}') => "å",
        ('A', '\u{30A}') => "Å",
        ('C', '\u{327}') => "Ç",
        _ => return None,
    })
}

/// The character beyond GSM-7 that Unicode takes apart into `base` and `mark`, of those that a
/// map replaces otherwise than it replaces `base`.
pub(super) const fn compose_beyond(base: char, mark: char) -> Option<char> {
    Some(match (base, mark) {
        ('O', '\u{30B}') => 'Ő',
        ('o', '\u{30B}') => 'ő',
        ('U', '\u{30B}') => 'Ű',
        ('u', '\u{30B}') => 'ű',
        ('\u{418}', '\u{306}') => '\u{419}',
        ('\u{438}', '\u{306}') => '\u{439}',
        ('\u{406}', '\u{308}') => '\u{407}',
        ('\u{456}', '\u{308}') => '\u{457}',
        ('<', '\u{338}') => '≮',
        ('=', '\u{338}') => '≠',
        ('>', '\u{338}') => '≯',
        _ => return None,
    })
}
