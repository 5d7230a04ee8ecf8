//! `telephony segment`: what a text costs, and where it is cut.

mod draw;
mod json;
mod outcome;

use std::io::{self, Read, Write};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use telephony_sms::{Boundary, ChunkMode, PlanOptions, Reference, SplitOptions};

use super::{REFUSED, complain};
use outcome::Outcome;

/// Show how a text is cut into SMS segments and what it costs.
///
/// Without --mode, --numbering and --max-length the text is cut as carriers cut it. With any of
/// them, the messages are shown that the channel would send.
#[derive(Debug, Args)]
pub(super) struct Segment {
    /// The text; standard input when it is missing (one line break at its end is left out).
    #[arg(allow_hyphen_values = true, conflicts_with = "json")]
    text: Option<String>,

    /// Read JSON Lines, {"text": "…"}, from standard input and answer each line with one.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    rules: Rules,
}

/// How texts are cut.
#[derive(Debug, Clone, Copy, Args)]
struct Rules {
    /// Bits of the reference that the parts of one message share.
    #[arg(long, value_enum, default_value_t = ReferenceBits::Eight)]
    reference: ReferenceBits,

    /// Where a text may be cut [default: code-point, or word for the parts of --mode].
    #[arg(long, value_enum)]
    boundary: Option<Cut>,

    /// The most characters that are sent of the text, ellipsis included.
    #[arg(long, value_name = "CHARACTERS")]
    max_length: Option<usize>,

    /// How a text that is longer than a segment is sent.
    #[arg(long, value_enum)]
    mode: Option<Mode>,

    /// Begin the parts of a longer text with [1/3].
    #[arg(long)]
    numbering: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ReferenceBits {
    #[value(name = "8")]
    Eight,
    #[value(name = "16")]
    Sixteen,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Cut {
    CodePoint,
    Grapheme,
    Word,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Mode {
    /// One message that the carrier concatenates, or numbered parts with --numbering.
    Auto,
    /// One segment; the rest is cut off.
    Single,
    /// Parts of one segment each.
    Multi,
}

impl Segment {
    pub(super) fn run(self) -> io::Result<ExitCode> {
        if self.json {
            json::answer_lines(io::stdin().lock(), io::stdout().lock(), self.rules)?;
            return Ok(ExitCode::SUCCESS);
        }
        let text = match self.text {
            Some(text) => text,
            None => read_text()?,
        };
        match Outcome::of(&text, self.rules) {
            Ok(outcome) => {
                let mut output = anstream::stdout().lock();
                draw::draw(&mut output, &text, &outcome)?;
                output.flush()?;
                Ok(ExitCode::SUCCESS)
            }
            Err(error) => {
                complain(&error.to_string());
                Ok(ExitCode::from(REFUSED))
            }
        }
    }
}

fn read_text() -> io::Result<String> {
    let mut text = String::new();
    io::stdin().lock().read_to_string(&mut text)?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

impl Rules {
    const fn reference(self) -> Reference {
        match self.reference {
            ReferenceBits::Eight => Reference::Bits8,
            ReferenceBits::Sixteen => Reference::Bits16,
        }
    }

    /// Whether messages are asked for and not just where a carrier cuts.
    const fn plans(self) -> bool {
        self.mode.is_some() || self.numbering || self.max_length.is_some()
    }

    fn split_options(self) -> SplitOptions {
        let boundary = self.boundary.map_or(Boundary::CodePoint, Boundary::from);
        SplitOptions::new().reference(self.reference()).boundary(boundary)
    }

    fn plan_options(self) -> PlanOptions {
        let mode = match self.mode {
            None | Some(Mode::Auto) => ChunkMode::Auto,
            Some(Mode::Single) => ChunkMode::Single,
            Some(Mode::Multi) => ChunkMode::Multi,
        };
        let boundary = self.boundary.map_or(Boundary::Word, Boundary::from);
        let options = PlanOptions::new()
            .mode(mode)
            .numbering(self.numbering)
            .reference(self.reference())
            .boundary(boundary);
        match self.max_length {
            Some(characters) => options.max_length(characters),
            None => options,
        }
    }
}

impl From<Cut> for Boundary {
    fn from(cut: Cut) -> Self {
        match cut {
            Cut::CodePoint => Self::CodePoint,
            Cut::Grapheme => Self::Grapheme,
            Cut::Word => Self::Word,
        }
    }
}
