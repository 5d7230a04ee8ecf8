//! A text drawn with its segment borders, for a person.

use std::fmt::Write as _;
use std::io::{self, Write};

use anstyle::{AnsiColor, Effects, Style};
use telephony_sms::translit::{MapSet, offenders, savings};
use telephony_sms::{Encoding, alphabet};

use super::outcome::Outcome;

const BORDER: Style = AnsiColor::BrightBlack.on_default();
const COUNT: Style = Style::new().effects(Effects::BOLD);
const FOREIGN: Style = AnsiColor::Red.on_default().effects(Effects::BOLD.insert(Effects::INVERT));

/// The most characters that forced UCS-2 that are listed.
const LISTED: usize = 10;

/// Draws `outcome`, which `text` was cut into.
pub(super) fn draw(output: &mut impl Write, text: &str, outcome: &Outcome) -> io::Result<()> {
    headline(output, outcome)?;
    writeln!(output)?;
    let width = outcome.segments.to_string().len();
    for (index, (part, units)) in outcome.parts.iter().zip(&outcome.part_units).enumerate() {
        let number = index + 1;
        let total = outcome.segments;
        for (row, line) in part.split('\n').enumerate() {
            if row == 0 {
                write!(output, "{BORDER}{number:>width$}/{total} {units:>3} │{BORDER:#}")?;
            } else {
                write!(output, "{BORDER}{:>indent$} │{BORDER:#}", "", indent = 2 * width + 5)?;
            }
            let broken = part.split('\n').nth(row + 1).is_some();
            writeln!(
                output,
                "{}{BORDER}{}{BORDER:#}",
                marked(line),
                if broken { "⏎" } else { "│" }
            )?;
        }
    }
    if let Some(plan) = &outcome.plan {
        writeln!(output)?;
        let messages = plural(plan.messages, "message", "messages");
        let cut = if plan.truncated { ", the end of the text left out" } else { "" };
        writeln!(output, "Sent as {messages}{cut}.")?;
    }
    culprits(output, text, outcome)
}

fn headline(output: &mut impl Write, outcome: &Outcome) -> io::Result<()> {
    let segments = plural(outcome.segments, "segment", "segments");
    let units = match outcome.encoding {
        Encoding::Gsm7 => plural(outcome.units, "septet", "septets"),
        Encoding::Ucs2 => plural(outcome.units, "unit", "units"),
    };
    writeln!(
        output,
        "{COUNT}{}, {segments}{COUNT:#}, {units}, {} free in the last: costs {} × the price of one.",
        outcome.encoding, outcome.remaining, outcome.segments
    )
}

/// `line` with what forced UCS-2 marked: in colour on a terminal, and in guillemets everywhere.
fn marked(line: &str) -> String {
    let mut marked = String::with_capacity(line.len());
    for character in line.chars() {
        if alphabet::is_gsm7(character) {
            marked.push(character);
        } else if character.is_control() {
            let _ = write!(marked, "{FOREIGN}»{}«{FOREIGN:#}", character.escape_unicode());
        } else {
            let _ = write!(marked, "{FOREIGN}»{character}«{FOREIGN:#}");
        }
    }
    marked
}

/// The characters that forced UCS-2, and what the text would cost without them.
fn culprits(output: &mut impl Write, text: &str, outcome: &Outcome) -> io::Result<()> {
    if outcome.encoding == Encoding::Gsm7 {
        return Ok(());
    }
    writeln!(output)?;
    writeln!(output, "Forced UCS-2:")?;
    let maps = MapSet::EVERYDAY;
    let mut count = 0;
    for offender in offenders(text, maps) {
        count += 1;
        if count > LISTED {
            continue;
        }
        let code = u32::from(offender.character);
        write!(output, "  {FOREIGN}{}{FOREIGN:#}", offender.character.escape_debug())?;
        write!(output, " U+{code:04X} at byte {}", offender.offset)?;
        match offender.replacement {
            Some("") => writeln!(output, ": leave it out")?,
            Some(replacement) => writeln!(output, ": write {replacement:?}")?,
            None => writeln!(output)?,
        }
    }
    if count > LISTED {
        writeln!(output, "  … and {} more", count - LISTED)?;
    }
    let savings = savings(text, maps);
    if savings.unknown == 0 && outcome.plan.is_none() {
        match savings.segments() {
            0 => writeln!(output, "With these replaced it would be GSM-7, as many segments.")?,
            saved => {
                let saved = plural(saved, "segment", "segments");
                writeln!(output, "With these replaced it would be GSM-7 and save {saved}.")?;
            }
        }
    }
    Ok(())
}

fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
