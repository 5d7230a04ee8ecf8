//! `docs/twilio.md` and the others: the table of the carrier's codes in each.

use std::fmt::Write as _;
use std::fs;

use crate::step::{Failure, cargo, root};

/// The carriers that have a guide.
const CARRIERS: [&str; 3] = ["twilio", "telnyx", "plivo"];

/// What a table stands between. The first one names where it comes from.
const END: &str = "<!-- The end of what is made. -->";

const HEAD: &str = "| code | kind | what it means, and what to do |\n|---|---|---|\n";

/// The guides, with the tables that the code makes.
pub(super) fn guides() -> Result<Vec<(String, String)>, Failure> {
    let codes = codes()?;
    let mut guides = Vec::new();
    for carrier in CARRIERS {
        let path = format!("docs/{carrier}.md");
        let found = fs::read_to_string(root().join(&path))?;
        guides.push((path, guide(carrier, &found, &codes)?));
    }
    Ok(guides)
}

/// All codes of all carriers, a line each, as the library knows them.
fn codes() -> Result<String, Failure> {
    let arguments =
        ["run", "--quiet", "--locked", "-p", "telephony-providers", "--example", "codes"];
    let output = cargo(&arguments).stderr(std::process::Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(Failure::new("the codes of the carriers cannot be listed: see above"));
    }
    String::from_utf8(output.stdout).map_err(|_| Failure::new("the list of codes is no text"))
}

/// A guide with its table made anew; everything around it stays.
fn guide(carrier: &str, found: &str, codes: &str) -> Result<String, Failure> {
    let begin = begin(carrier);
    let around = found.split_once(&begin).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(END)?;
        Some((before, after))
    });
    let Some((before, after)) = around else {
        let message = format!("docs/{carrier}.md has no place for the codes: {begin} … {END}");
        return Err(Failure::new(message));
    };
    Ok(format!("{before}{begin}\n\n{}\n{END}{after}", table(carrier, codes)?))
}

fn begin(carrier: &str) -> String {
    let source = format!("telephony-providers/src/{carrier}/code.rs");
    format!("<!-- Made by `cargo xtask codegen` from {source}. Change that. -->")
}

fn table(carrier: &str, codes: &str) -> Result<String, Failure> {
    let mut table = HEAD.to_owned();
    for line in codes.lines() {
        let mut fields = line.split('\t');
        if fields.next() != Some(carrier) {
            continue;
        }
        let (Some(code), Some(kind), Some(sentence), None) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Err(Failure::new(format!("a line of the codes has not four fields: {line}")));
        };
        let sentence = sentence.replace('|', "\\|").replace('>', "&gt;");
        let _ = writeln!(table, "| `{code}` | {kind} | {sentence} |");
    }
    if table == HEAD {
        return Err(Failure::new(format!("no code of {carrier} is listed")));
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODES: &str = "twilio\t1\tblocked\tsee a > b\nplivo\t2\tunknown\tno reason\n";

    #[test]
    fn the_table_is_replaced_and_the_rest_stays() {
        let begin = begin("twilio");
        let found = format!("before\n{begin}\nold\n{END}\nafter\n");
        let made = guide("twilio", &found, CODES).unwrap();
        let row = "| `1` | blocked | see a &gt; b |\n";
        assert_eq!(made, format!("before\n{begin}\n\n{HEAD}{row}\n{END}\nafter\n"));
        assert_eq!(guide("twilio", &made, CODES).unwrap(), made);
    }

    #[test]
    fn what_cannot_be_made_is_said() {
        let place = format!("{}{END}", begin("twilio"));
        for (found, codes) in [
            ("no place", CODES),
            (&place, ""),
            (&place, "twilio\t1\tblocked\n"),
            (&place, "twilio\t1\tblocked\ta\tb\n"),
        ] {
            assert!(guide("twilio", found, codes).is_err(), "{codes}");
        }
    }
}
