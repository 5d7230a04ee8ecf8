//! Markdown, as a phone shows it: models write it although they are told not to.
//!
//! What only looks like Markdown stays: `2*3*4`, `snake_case`, URLs. Nothing is put in that is not
//! GSM-7, which would make a text cost twice as much.

use std::borrow::Cow;
use std::sync::LazyLock;

use fancy_regex::{Captures, Regex, RegexBuilder, Replacer};

/// A pattern that is compiled when it is first needed.
type Pattern = LazyLock<Option<Regex>>;

macro_rules! pattern {
    ($text:expr) => {
        LazyLock::new(|| compiled($text))
    };
}

/// How far a pattern may go back and forth in one search; a text that needs more stays as it is.
const MAX_STEPS: usize = 200_000;

/// Code, links and escapes: what is in them is no Markdown. They wait in a list for the rest to be
/// done.
static KEPT: Pattern = pattern!(concat!(
    r"(?<!`)(`{1,9})(?!`)([^\n]{0,999}?[^`])\1(?!`)",
    r"|!?\[([^\]\n]{0,500})\]\(\s{0,9}<?([^\s()<>]{1,2000}(?:\([^\s()]{0,500}\)[^\s()<>]{0,500})?)>?",
    r#"(?:\s+"[^"\n]{0,500}")?\s{0,9}\)"#,
    r"|<(https?://[^\s>]{1,2000}|mailto:[^\s>]{1,500})>",
    r"|(https?://[^\s<>]+)",
    r"|\\([\\`*_{}\[\]()#+\-.!~>|])",
));

static FENCE: LazyLock<Option<Regex>> =
    pattern!(r"(?m)^ {0,3}(`{3,}|~{3,})[^\n`]*\n((?s:.*?))(?:\n {0,3}\1[`~]*[ \t]*$|\z)");

/// Emphasised words: no letter or digit beside the marks, no space inside them.
static EMPHASIS: [Pattern; 3] = [
    pattern!(r"(?<![\p{L}\p{N}*])(\*{1,3})(?=[^\s*])([^\n]{0,999}?[^\s*])\1(?![\p{L}\p{N}*])"),
    pattern!(
        r"(?<![\p{L}\p{N}_])(_{1,3})(?=[^\s_])([^\n]{0,999}?[^\s_])\1(?![\p{L}\p{N}_]|\.\p{L})"
    ),
    pattern!(r"(~~)(?=\S)([^\n]{0,999}?\S)~~"),
];

/// Rules, and the lines below the heads of tables.
static DROPPED: LazyLock<Option<Regex>> =
    pattern!(r"^ {0,3}([-*_])( *\1){2,} *$|^ *\|?( *:?-+:? *\|)+( *:?-+:? *)?$");
static QUOTE: Pattern = pattern!(r"^ {0,3}(> ?)+");
static ROW: Pattern = pattern!(r"^ *\|(.+)\| *$");
static HEADING: Pattern = pattern!(r"^ {0,3}#{1,6} +(.*?)(?: +#+)? *$");
static BULLET: Pattern = pattern!(r"^(\s*)[*+-] +(?:\[[ xX]\] +)?(?=\S)");
static PLACE: Pattern = pattern!(r"\x00(\d+)\x00");

/// A text as it is read on a phone.
#[must_use]
pub fn plain_text(markdown: &str) -> String {
    let mut kept = Kept::default();
    let mut text = markdown.replace('\0', "").replace("\r\n", "\n").replace('\r', "\n");
    text = replace(&FENCE, &text, |found: &Captures<'_>| kept.keep(group(found, 2)));
    text = replace(&KEPT, &text, |found: &Captures<'_>| kept.piece(found));
    let lines: Vec<_> = text.split('\n').filter_map(line).collect();
    text = lines.join("\n");
    for emphasis in &EMPHASIS {
        // Once more for what was emphasised within it.
        for _ in 0..2 {
            text = replace(emphasis, &text, "$2");
        }
    }
    // What was kept may itself hold what was kept before it.
    for _ in 0..3 {
        text = replace(&PLACE, &text, |found: &Captures<'_>| {
            let index = group(found, 1).parse::<usize>().ok();
            index.and_then(|index| kept.0.get(index)).cloned().unwrap_or_default()
        });
    }
    let lines: Vec<_> = text.split('\n').map(|line| line.trim_end_matches([' ', '\t'])).collect();
    text = lines.join("\n");
    while text.contains("\n\n\n") {
        text = text.replace("\n\n\n", "\n\n");
    }
    text.trim().to_owned()
}

/// What is no Markdown, by its place in the text.
#[derive(Default)]
struct Kept(Vec<String>);

impl Kept {
    fn keep(&mut self, text: &str) -> String {
        self.0.push(text.to_owned());
        format!("\0{}\0", self.0.len() - 1)
    }

    fn piece(&mut self, found: &Captures<'_>) -> String {
        if let Some(code) = found.get(2) {
            return self.keep(code.as_str().trim());
        }
        if let Some(target) = found.get(4) {
            let target = target.as_str();
            let target = target.strip_prefix("mailto:").unwrap_or(target);
            let label = group(found, 3).replace('`', "");
            let shown = self.keep(target);
            return match label.trim() {
                "" => shown,
                label if label == target => shown,
                label => format!("{label} ({shown})"),
            };
        }
        if let Some(exact) = found.get(5).or_else(|| found.get(7)) {
            return self.keep(exact.as_str());
        }
        // The marks that end a sentence or an emphasis are no part of a URL.
        let url = group(found, 6);
        let bare = url.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '"', '*', '_', '~']);
        let rest = url.strip_prefix(bare).unwrap_or_default();
        self.keep(bare) + rest
    }
}

/// A line without the marks that begin it.
fn line(text: &str) -> Option<String> {
    if find(&DROPPED, text).is_some() {
        return None;
    }
    let quoted = replace(&QUOTE, text, "");
    if let Some(row) = find(&ROW, &quoted) {
        let cells: Vec<_> = group(&row, 1).split('|').map(str::trim).collect();
        return Some(cells.join(", "));
    }
    if let Some(heading) = find(&HEADING, &quoted) {
        return Some(group(&heading, 1).to_owned());
    }
    Some(replace(&BULLET, &quoted, "${1}- "))
}

fn compiled(text: &str) -> Option<Regex> {
    RegexBuilder::new(text).backtrack_limit(MAX_STEPS).build().ok()
}

fn find<'t>(pattern: &Pattern, text: &'t str) -> Option<Captures<'t>> {
    pattern.as_ref()?.captures(text).ok()?
}

fn replace(pattern: &Pattern, text: &str, by: impl Replacer) -> String {
    let replaced = pattern.as_ref().and_then(|pattern| pattern.try_replacen(text, 0, by).ok());
    replaced.map_or_else(|| text.to_owned(), Cow::into_owned)
}

fn group<'t>(found: &Captures<'t>, index: usize) -> &'t str {
    found.get(index).map_or("", |found| found.as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CASES: &[(&str, &str)] = &[
        ("**bold**, *it*, _it_, __b__, ***both***, ~~gone~~", "bold, it, it, b, both, gone"),
        ("**bold with *it* inside**", "bold with it inside"),
        ("a **b**. (*c*), \"_d_\"", "a b. (c), \"d\""),
        ("`code_x*y*` and ``a ` b``", "code_x*y* and a ` b"),
        ("```js\nlet a_b = **x**;\n```\nafter", "let a_b = **x**;\nafter"),
        ("~~~\n# no heading\n~~~", "# no heading"),
        ("```\nnever closed **x**", "never closed **x**"),
        ("# Head\ntext\n### Three ###\nmore", "Head\ntext\nThree\nmore"),
        ("see [the site](https://a.b/c_d) now", "see the site (https://a.b/c_d) now"),
        ("[https://a.b](https://a.b) <https://q.r/x_y_z>", "https://a.b https://q.r/x_y_z"),
        ("[mail](mailto:a@b.c) [a@b.c](mailto:a@b.c)", "mail (a@b.c) a@b.c"),
        ("[wiki](https://en.w.org/X_(y)) \"t\"", "wiki (https://en.w.org/X_(y)) \"t\""),
        ("[t](https://a.b \"title\")", "t (https://a.b)"),
        (
            "![a cat](https://i.m/g.png) ![](https://i.m/h.png)",
            "a cat (https://i.m/g.png) https://i.m/h.png",
        ),
        ("[**bold** link](https://a.b)", "bold link (https://a.b)"),
        ("- one\n* two\n  + three\n1. a\n2) b", "- one\n- two\n  - three\n1. a\n2) b"),
        ("- [ ] open\n- [x] done", "- open\n- done"),
        ("| a | b |\n|---|:-:|\n| 1 | **2** |", "a, b\n1, 2"),
        ("> quote\n>> deeper\nafter", "quote\ndeeper\nafter"),
        ("above\n\n---\n\nbelow\n***", "above\n\nbelow"),
        ("\\*not it\\* and \\_x\\_ 1\\. c:\\dir", "*not it* and _x_ 1. c:\\dir"),
        ("a\r\nb\n\n\n\nc  ", "a\nb\n\nc"),
        // What only looks like Markdown.
        ("snake_case_name, _private, __init__.py", "snake_case_name, _private, __init__.py"),
        ("2*3*4 = 24, 5 * 3 * 2, a*b", "2*3*4 = 24, 5 * 3 * 2, a*b"),
        (
            "https://x.y/a_b_c*d*?q=_e_ and http://p.q/_r_.",
            "https://x.y/a_b_c*d*?q=_e_ and http://p.q/_r_.",
        ),
        ("**https://a.b/c_d**", "https://a.b/c_d"),
        ("#1 and #hashtag, C# is # 3", "#1 and #hashtag, C# is # 3"),
        ("-5 degrees, +1 555 000 1234", "-5 degrees, +1 555 000 1234"),
        ("**unclosed and *this", "**unclosed and *this"),
        ("Tom & Jerry <3, x<y>z, f(x)[0]", "Tom & Jerry <3, x<y>z, f(x)[0]"),
        ("Ünï**çö**de 😀 _日本_", "Ünï**çö**de 😀 日本"),
        ("", ""),
    ];

    #[test]
    fn markdown_goes_and_what_only_looks_like_it_stays() {
        for (markdown, plain) in CASES {
            assert_eq!(plain_text(markdown), *plain, "{markdown:?}");
        }
    }

    #[test]
    fn every_pattern_is_one() {
        let all = [&KEPT, &FENCE, &DROPPED, &QUOTE, &ROW, &HEADING, &BULLET, &PLACE];
        assert!(all.into_iter().chain(&EMPHASIS).all(|pattern| pattern.is_some()));
    }

    #[test]
    fn nothing_of_a_text_gets_lost_in_the_list_of_what_is_kept() {
        assert_eq!(plain_text("\u{0}0\u{0} `a`"), "0 a");
        assert_eq!(plain_text("[`code_x`](https://a.b)"), "code_x (https://a.b)");
    }

    #[test]
    fn what_takes_too_many_steps_stays_as_it_is() {
        for unit in
            ["*a", "_a ", "`", "[a](", "**a ", "> ", "~~a ", "\\", "|-", "<https://", "- [ ] "]
        {
            let _ = plain_text(&unit.repeat(4_000));
        }
    }

    proptest! {
        #[test]
        fn words_and_numbers_stay(text in "[a-zA-Z0-9äöü😀 ,.?!]{0,80}") {
            prop_assert_eq!(plain_text(&text), text.trim());
        }

        #[test]
        fn nothing_longer_comes_out(text in "[ab*_~`>#|()\\[\\]\\\\\n -]{0,60}") {
            prop_assert!(plain_text(&text).chars().count() <= text.chars().count() + 4);
        }
    }
}
