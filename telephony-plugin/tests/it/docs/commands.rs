//! Who runs which command: we do, cargo would, or the end-to-end runs do inside OpenClaw.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::markdown::{packages, root};

/// Cargo's own commands that documents may name.
const CARGO: [&str; 4] = ["bench", "build", "run", "test"];

/// Where a command is run.
pub enum Place {
    /// By the test that follows the documents, as this line.
    Here(String),
    /// It is one of cargo's, which would build the workspace once more.
    Cargo,
    /// By `cargo xtask e2e`, inside the real OpenClaw.
    OpenClaw,
}

/// Where a line is run.
pub fn place(line: &str) -> Place {
    match line.split(' ').next() {
        Some("openclaw") => Place::OpenClaw,
        // The program itself, as cargo would run it.
        Some("cargo") => match line.split_once(" -- ") {
            Some(("cargo run -p telephony-plugin", arguments)) => {
                Place::Here(format!("telephony {arguments}"))
            }
            _ => Place::Cargo,
        },
        _ => Place::Here(line.to_owned()),
    }
}

/// What there is to be run, as its sources say it.
pub struct Known {
    /// The commands of OpenClaw's that the end-to-end runs and the demonstration run, word by word.
    openclaw: Vec<Vec<String>>,
    /// The options of `openclaw channels add`, which are the fields of the set-up.
    options: String,
    /// The source of `cargo xtask`.
    xtask: String,
    /// The packages of the workspace.
    packages: Vec<String>,
}

impl Known {
    pub fn read() -> Self {
        let mut sources = Vec::new();
        for folder in ["xtask/src/e2e", "xtask/src/openclaw"] {
            let files = fs::read_dir(root().join(folder)).unwrap();
            sources.extend(files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()));
        }
        let text = |path: &str| fs::read_to_string(root().join(path)).unwrap();
        sources.push(text("xtask/src/demo.rs"));
        let openclaw: Vec<_> = sources.iter().flat_map(|source| lists(source)).collect();
        assert!(openclaw.len() > 20, "{openclaw:?}");
        let package = text("telephony-plugin/openclaw/package.json");
        let packages = packages().map(|path| path.to_str().unwrap().to_owned()).collect();
        Self { openclaw, options: package, xtask: text("xtask/src/main.rs"), packages }
    }

    /// Why a command of OpenClaw's is run by nobody, if it is not.
    pub fn openclaw(&self, line: &str) -> Option<String> {
        let words: Vec<_> = line.split_whitespace().skip(1).collect();
        let is_name = |word: &&&str| word.chars().all(|c| c.is_ascii_lowercase());
        let names: Vec<_> = words.iter().take_while(is_name).copied().collect();
        let runs = |list: &&Vec<String>| {
            list.len() >= names.len() && list.iter().zip(&names).all(|(run, name)| run == name)
        };
        if names.is_empty() || !self.openclaw.iter().any(|list| runs(&list)) {
            return Some("no end-to-end run runs it: see xtask/src/e2e".to_owned());
        }
        let is_run = |option: &str| {
            let field = format!("\"{option} <");
            let added = names == ["channels", "add"] && self.options.contains(&field);
            added || self.openclaw.iter().flatten().any(|word| word == option)
        };
        let unknown = words.iter().find(|word| word.starts_with("--") && !is_run(word))?;
        Some(format!("no end-to-end run has {unknown}, and it is no field of the set-up"))
    }

    /// What is wrong with a command of cargo's.
    pub fn cargo(&self, line: &str) -> Option<String> {
        let words: Vec<_> = line.split_whitespace().skip(1).collect();
        if let ["xtask", command, options @ ..] = &words[..] {
            return self.xtask(command, options);
        }
        let Some((command, options)) = words.split_first() else {
            return Some("is no command".to_owned());
        };
        if !CARGO.contains(command) {
            return Some(format!("is none of cargo's {CARGO:?}, nor xtask"));
        }
        let (mut packages, mut targets) = (self.packages.clone(), Vec::new());
        // What comes behind is for the program.
        let mut options = options.split(|option| *option == "--").next().unwrap().iter();
        while let Some(option) = options.next() {
            match (*option, options.as_slice().first()) {
                ("--release", _) => continue,
                ("-p", Some(package)) => packages.retain(|known| known == package),
                ("--example", Some(name)) => targets.push(format!("examples/{name}")),
                ("--bench", Some(name)) => targets.push(format!("benches/{name}")),
                _ => return Some(format!("{option} is not known here")),
            }
            options.next();
        }
        let has = |package: &str, target: &str| {
            let at = root().join(package).join(target);
            at.is_dir() || at.with_extension("rs").exists()
        };
        packages.retain(|package| targets.iter().all(|target| has(package, target)));
        let is_one = packages.len() == 1;
        (!is_one).then(|| format!("{packages:?} have what it names, and it has to be one"))
    }

    fn xtask(&self, command: &str, options: &[&str]) -> Option<String> {
        let (_, commands) = self.xtask.split_once("enum Command {").unwrap();
        let (commands, _) = commands.split_once("\n}").unwrap();
        let name = command[..1].to_uppercase() + &command[1..];
        let found = commands.split_once(&format!("\n    {name}"));
        let Some((_, rest)) = found.filter(|(_, rest)| rest.starts_with([',', ' '])) else {
            return Some(format!("cargo xtask has no {command}"));
        };
        let fields = rest.strip_prefix(" {").and_then(|rest| rest.split_once("\n    }"));
        let fields = fields.map(|(fields, _)| fields).unwrap_or_default();
        let has = |option: &str| match option.strip_prefix("--") {
            Some(option) => fields.contains(&format!("        {option}: ")),
            None => !fields.is_empty(),
        };
        let unknown = options.iter().find(|option| !has(option))?;
        Some(format!("cargo xtask {command} has no {unknown}"))
    }

    /// What is wrong with a command that the text mentions. It need not be whole.
    pub fn named(&self, span: &str) -> Option<String> {
        match span.split_once(' ')? {
            ("telephony", rest) => mentioned(rest),
            ("openclaw", _) => self.openclaw(span),
            ("cargo", _) if matches!(place(span), Place::Here(_)) => None,
            ("cargo", _) => self.cargo(span),
            _ => None,
        }
    }
}

/// Why our own program has no such command or option.
fn mentioned(rest: &str) -> Option<String> {
    let words: Vec<_> = rest.split(' ').collect();
    if let ["--help" | "--version"] = words[..] {
        return None;
    }
    let has_more = |text: &String| text.contains("\nCommands:");
    let is_name = |word: &&&str| word.chars().all(|c| c.is_ascii_lowercase());
    let second = words.get(1).filter(is_name);
    let text = match (help(&words[..1]), second) {
        (Ok(text), Some(_)) if has_more(&text) => help(&words[..2]),
        (text, _) => text,
    };
    let text = match text {
        Ok(text) => text,
        Err(problem) => return Some(problem),
    };
    let unknown = words.iter().find(|word| word.starts_with("--") && !text.contains(**word))?;
    Some(format!("telephony {} has no {unknown}", words[0]))
}

/// The options and the commands of our own program's command.
fn help(command: &[&str]) -> Result<String, String> {
    let mut help = Command::new(Path::new(env!("CARGO_BIN_EXE_telephony")));
    let output = help.arg("help").args(command).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    if output.status.success() {
        Ok(text)
    } else {
        Err(format!("telephony has no {}", command.join(" ")))
    }
}

/// The lists of words in a source: each that begins with a word, as far as it has words.
fn lists(source: &str) -> Vec<Vec<String>> {
    let beginnings = source.split('[').skip(1);
    let lists = beginnings.map(|text| {
        let mut words = Vec::new();
        let mut rest = text.trim_start();
        while let Some((word, after)) = rest.strip_prefix('"').and_then(|rest| rest.split_once('"'))
        {
            words.push(word.to_owned());
            rest = after.trim_start().trim_start_matches(',').trim_start();
        }
        words
    });
    lists.filter(|words| !words.is_empty()).collect()
}
