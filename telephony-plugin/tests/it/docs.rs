//! What the documents say is done to the letter: every command that they name is run, every
//! configuration loaded.

mod commands;
mod examples;
mod follow;
mod guarantees;
mod markdown;
mod phones;

use std::collections::BTreeSet;

use telephony_core::config::{Host, load};

use self::commands::{Known, Place, place};
use self::follow::Reader;
use self::markdown::Document;

/// The documents that lead to a channel that works, and how many texts each has answered.
const LEADING: [(&str, usize); 6] = [
    ("README.md", 1),
    ("docs/operations.md", 2),
    ("docs/plivo.md", 1),
    ("docs/telnyx.md", 1),
    ("docs/twilio.md", 1),
    // Its calls are looked at in `voice`.
    ("docs/voice.md", 0),
];

#[test]
fn whoever_follows_a_document_to_the_letter_gets_what_it_promises() {
    let documents = Document::all();
    let followed: Vec<_> =
        documents.iter().filter(|document| !to_run(document).is_empty()).collect();
    let paths: BTreeSet<_> = followed.iter().map(|document| document.path.as_str()).collect();
    assert_eq!(paths, LEADING.iter().map(|(path, _)| *path).collect());
    std::thread::scope(|scope| {
        for document in followed {
            scope.spawn(|| follow(document));
        }
    });
}

/// Runs every line of a document that is for this machine, in order.
fn follow(document: &Document) {
    let mut reader = Reader::new(document);
    for line in to_run(document) {
        reader.run(&line);
    }
    let Document { path, .. } = document;
    let (_, promised) = LEADING.iter().find(|(leading, _)| leading == path).unwrap();
    // The last texts, after whoever sent them was let in.
    let answers = reader.answers();
    assert!(answers.len() >= *promised, "{path}: {answers:?}");
    let last = &answers[answers.len() - promised..];
    for (from, asked, answer) in last {
        assert_eq!(answer, &format!("You said: {asked}"), "{path}, from {from}");
    }
    if path == "docs/operations.md" {
        let from: Vec<_> = last.iter().map(|(from, ..)| from.as_str()).collect();
        assert_eq!(from, ["+15550001111", "+15550002222"], "from the number that was texted");
    }
    reader.end();
}

/// The lines of a document that are run here, as they are run.
fn to_run(document: &Document) -> Vec<String> {
    let lines = document.commands().filter_map(|(_, line)| match place(line) {
        Place::Here(line) => Some(line),
        Place::Cargo | Place::OpenClaw => None,
    });
    lines.collect()
}

#[test]
fn no_document_names_a_command_that_nobody_runs() {
    let known = Known::read();
    let mut problems = Vec::new();
    for document in Document::all() {
        for (number, line) in document.commands() {
            let problem = match place(line) {
                // The test above runs them, and every one of them.
                Place::Here(_) => None,
                Place::Cargo => known.cargo(line),
                Place::OpenClaw => known.openclaw(line),
            };
            let at = format!("{}:{number}: {line}", document.path);
            problems.extend(problem.map(|problem| format!("{at}: {problem}")));
        }
        for span in document.spans() {
            let problem = known.named(&span);
            problems.extend(problem.map(|problem| format!("{}: {span}: {problem}", document.path)));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn what_nobody_runs_is_found() {
    let known = Known::read();
    for line in [
        "openclaw channels remove telephony",
        "openclaw channels add --channel telephony --colour red",
        "openclaw --version",
    ] {
        assert!(known.openclaw(line).is_some(), "{line}");
    }
    for line in [
        "cargo xtask publish",
        "cargo xtask codegen --force",
        "cargo run -p telephony-other",
        "cargo install telephony",
        "cargo build --bin other -p telephony-plugin",
        "cargo bench --bench other",
        "cargo run -p telephony-core --example send",
        "cargo build",
    ] {
        assert!(known.cargo(line).is_some(), "{line}");
    }
    for span in [
        "telephony inboxes",
        "telephony inbox empty",
        "telephony send --colour",
        "openclaw telephony dance",
        "cargo xtask publish",
    ] {
        assert!(known.named(span).is_some(), "{span}");
    }
    // A word that is nobody's is run here, and is not found then.
    assert!(matches!(place("telephoney serve"), Place::Here(_)));
}

#[test]
fn every_configuration_loads_as_it_is_written() {
    let mut loaded = 0;
    for document in Document::all() {
        for block in document.blocks.iter().filter(|block| block.info == "json5") {
            for host in [Host::Standalone, Host::OpenClaw] {
                let config = load(&block.text(), host, &|_| None);
                let at = format!("{}:{}", document.path, block.line);
                let config = config.unwrap_or_else(|errors| panic!("{at}: {errors}"));
                assert!(!config.accounts.is_empty(), "{at}");
            }
            loaded += 1;
        }
    }
    assert!(loaded >= LEADING.len(), "{loaded}");
}
