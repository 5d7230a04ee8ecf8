//! Text in XML, for the carriers that read documents.

/// Text as XML may hold it: the five characters of markup escaped, and without the control
/// characters that XML 1.0 cannot write at all.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\t' | '\n' | '\r' => escaped.push(character),
            _ if character.is_control() || matches!(character, '\u{FFFE}' | '\u{FFFF}') => {}
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_text_and_what_cannot_be_written_is_left_out() {
        assert_eq!(escaped("<a b=\"c\">&'</a>"), "&lt;a b=&quot;c&quot;&gt;&amp;&apos;&lt;/a&gt;");
        assert_eq!(escaped("a\tb\u{0}\u{b}\u{fffe}😀"), "a\tb😀");
    }
}
