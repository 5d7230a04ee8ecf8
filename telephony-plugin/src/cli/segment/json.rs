//! JSON Lines in, JSON Lines out.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};

use serde::{Deserialize, Serialize};

use super::Rules;
use super::outcome::Outcome;

/// The most bytes of one line; a text of a megabyte fits however it is escaped.
const MAX_LINE_BYTES: u64 = 16 * 1024 * 1024;

#[derive(Deserialize)]
struct Question {
    text: String,
}

#[derive(Serialize)]
struct Refusal {
    error: String,
}

/// Answers every line of `input` with one line of `output`, a bad line with an `error`.
pub(super) fn answer_lines(input: impl Read, output: impl Write, rules: Rules) -> io::Result<()> {
    let mut input = BufReader::new(input);
    let mut output = BufWriter::new(output);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = (&mut input).take(MAX_LINE_BYTES).read_until(b'\n', &mut line)?;
        if read == 0 {
            break;
        }
        let complete = line.last() == Some(&b'\n');
        let answer = if !complete && read as u64 == MAX_LINE_BYTES {
            input.skip_until(b'\n')?;
            Err(format!("a line has at most {MAX_LINE_BYTES} bytes"))
        } else {
            answer(&line, rules)
        };
        match answer {
            Ok(outcome) => serde_json::to_writer(&mut output, &outcome)?,
            Err(error) => serde_json::to_writer(&mut output, &Refusal { error })?,
        }
        output.write_all(b"\n")?;
        // Whoever asks line by line waits for the answer before asking again.
        if input.buffer().is_empty() {
            output.flush()?;
        }
    }
    output.flush()
}

fn answer(line: &[u8], rules: Rules) -> Result<Outcome, String> {
    let question: Question = serde_json::from_slice(line)
        .map_err(|error| format!("expected {{\"text\": \"…\"}}: {error}"))?;
    Outcome::of(&question.text, rules).map_err(|error| error.to_string())
}
