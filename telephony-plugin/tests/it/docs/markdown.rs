//! The documents of the workspace: their blocks of code, and what stands between backticks.

use std::fs;
use std::path::{Path, PathBuf};

/// The kinds of blocks that there are. Commands are in `sh` alone, so that none is overlooked.
const KINDS: [&str; 7] = ["sh", "text", "json", "json5", "rust", "toml", "yaml"];

/// A document.
pub struct Document {
    pub path: String,
    pub blocks: Vec<Block>,
    /// All that is in no block.
    prose: String,
}

/// A block of code.
pub struct Block {
    /// What it is in.
    pub info: String,
    /// The number of its first line.
    pub line: usize,
    pub lines: Vec<String>,
    /// The paragraph before it.
    lead: String,
}

/// Where the workspace is.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The packages of the workspace, by their folders.
pub fn packages() -> impl Iterator<Item = PathBuf> {
    entries(Path::new("")).filter(|path| root().join(path).join("Cargo.toml").exists())
}

impl Document {
    /// Every document of the workspace: at its top, in `docs`, and of each package.
    pub fn all() -> Vec<Self> {
        let mut paths = Vec::new();
        let folders = [PathBuf::new(), "docs".into(), "telephony-plugin/openclaw".into()];
        for folder in folders.into_iter().chain(packages()) {
            let documents = entries(&folder);
            paths.extend(documents.filter(|path| path.extension().is_some_and(|it| it == "md")));
        }
        paths.sort();
        let documents: Vec<_> = paths.iter().map(|path| Self::read(path)).collect();
        assert!(documents.len() > 10, "{paths:?}");
        documents
    }

    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(root().join(path)).unwrap();
        Self::parse(path.to_str().unwrap(), &text)
    }

    fn parse(path: &str, text: &str) -> Self {
        let (mut blocks, mut prose) = (Vec::<Block>::new(), String::new());
        let mut is_open = false;
        for (number, line) in (1..).zip(text.lines()) {
            match line.trim_start().strip_prefix("```") {
                Some(_) if is_open => is_open = false,
                Some(info) => {
                    let info = info.split(',').next().unwrap().to_owned();
                    let is_known = KINDS.contains(&info.as_str());
                    assert!(is_known, "{path}:{number}: a block is one of {KINDS:?}, not {info:?}");
                    let lead = prose.trim_end().rsplit("\n\n").next().unwrap().to_owned();
                    blocks.push(Block { info, line: number + 1, lines: Vec::new(), lead });
                    is_open = true;
                }
                None if is_open => blocks.last_mut().unwrap().lines.push(line.to_owned()),
                None => prose.push_str(&format!("{line}\n")),
            }
        }
        assert!(!is_open, "{path}: a block has no end");
        Self { path: path.to_owned(), blocks, prose }
    }

    /// All commands in their order, with the numbers of their lines.
    pub fn commands(&self) -> impl Iterator<Item = (usize, &str)> {
        let blocks = self.blocks.iter().filter(|block| block.info == "sh");
        let lines = blocks.flat_map(|block| (block.line..).zip(&block.lines));
        lines.map(|(number, line)| (number, line.trim())).filter(|(number, line)| {
            assert!(!line.ends_with('\\'), "{}:{number}: a command is one line", self.path);
            !line.is_empty() && !line.starts_with('#')
        })
    }

    /// What stands between backticks in the text, one line each.
    pub fn spans(&self) -> Vec<String> {
        let spans =
            self.prose.split("\n\n").flat_map(|paragraph| paragraph.split('`').skip(1).step_by(2));
        spans.map(|span| span.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }
}

impl Block {
    pub fn text(&self) -> String {
        self.lines.join("\n")
    }

    /// The name of the file that it is, if the paragraph before it says so.
    pub fn file(&self) -> Option<&str> {
        self.lead.split('`').skip(1).step_by(2).filter(|span| span.ends_with(".json5")).last()
    }
}

/// What is in a folder of the workspace, by its path from the top.
fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(root().join(folder)).unwrap();
    entries.map(move |entry| folder.join(entry.unwrap().file_name()))
}

#[test]
fn blocks_spans_and_files_are_found() {
    let text = "A `span\nof two` lines.\n\nThis is `a.json5`:\n\n```json5\n{}\n```\n\n```sh\n# no\na b\n\n\
                c\n```\n\nThe `end`.\n";
    let document = Document::parse("a.md", text);
    assert_eq!(document.blocks[0].file(), Some("a.json5"));
    assert_eq!(document.commands().collect::<Vec<_>>(), [(12, "a b"), (14, "c")]);
    assert_eq!(document.spans(), ["span of two", "a.json5", "end"]);
}
