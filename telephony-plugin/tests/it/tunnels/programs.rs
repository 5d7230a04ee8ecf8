//! Programs that stand in for the real ones: this test binary itself, run by a script of their name.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::{agent, daemon};

/// The variables that make a stand-in of this binary.
const NAME: &str = "STAND_IN";
const HOME: &str = "STAND_IN_HOME";
const WORDS: &str = "STAND_IN_WORDS";

/// A folder with programs, and what they know of the world.
pub struct Programs(TempDir);

impl Programs {
    pub fn new(names: &[&str]) -> Self {
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let programs = Self(folder);
        for name in names {
            // Standard output is the test harness's; the program's own is kept aside for it.
            let script = format!(
                "#!/bin/sh\nexport {NAME}={name} {HOME}='{}' {WORDS}=\"$(printf '%s\\n' \"$@\")\"\n\
                 exec 3>&1 >/dev/null\n\
                 exec '{}' --exact --nocapture tunnels::programs::a_stand_in_plays\n",
                programs.path().display(),
                std::env::current_exe().unwrap().display(),
            );
            let path = programs.path().join(name);
            fs::write(&path, script).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        programs
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A file of theirs.
    pub fn file(&self, name: &str) -> World {
        World(self.path().join(name))
    }
}

/// A file that programs and tests share, that is whole at every moment, and in which no change is
/// lost.
pub struct World(pub PathBuf);

impl World {
    pub fn read(&self) -> Value {
        let text = fs::read_to_string(&self.0).unwrap_or_else(|_| "null".to_owned());
        serde_json::from_str(&text).unwrap()
    }

    pub fn write(&self, value: &Value) {
        let new = self.0.with_extension(format!("{}.new", std::process::id()));
        fs::write(&new, value.to_string()).unwrap();
        fs::rename(new, &self.0).unwrap();
    }

    pub fn change<T>(&self, change: impl FnOnce(&mut Value) -> T) -> T {
        let lock = fs::File::create(self.0.with_extension("lock")).unwrap();
        lock.lock().unwrap();
        let mut value = self.read();
        let result = change(&mut value);
        self.write(&value);
        result
    }
}

/// Writes a line to what the program was started with as its standard output.
pub fn print(line: &str) {
    let mut output = fs::OpenOptions::new().append(true).open("/dev/fd/3").unwrap();
    // Whoever started it may have ended.
    let _ = output.write_all(format!("{line}\n").as_bytes());
}

/// The same to standard error.
pub fn complain(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

#[test]
fn a_stand_in_plays() {
    let Ok(name) = std::env::var(NAME) else { return plays_nothing_but_its_part() };
    let home = PathBuf::from(std::env::var(HOME).unwrap());
    let words = std::env::var(WORDS).unwrap();
    let words: Vec<_> = words.lines().collect();
    let code = match name.as_str() {
        "ngrok" => agent::play(&home, &words),
        _ => daemon::play(&home, &words),
    };
    std::process::exit(code);
}

#[test]
fn no_change_of_the_world_is_lost() {
    let programs = Programs::new(&[]);
    let world = programs.file("world.json");
    world.write(&0.into());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..25 {
                    world.change(|count| *count = (count.as_u64().unwrap() + 1).into());
                }
            });
        }
    });
    assert_eq!(world.read(), 100);
}

/// What a stand-in prints is its own: nothing of the test harness is in it.
fn plays_nothing_but_its_part() {
    let programs = Programs::new(&["tailscale"]);
    daemon::new(&programs, "box.tail1.ts.net");
    let run = |words: &[&str]| Command::new(programs.path().join("tailscale")).args(words).output();
    let output = run(&["serve", "status", "--json"]).unwrap();
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(0), &b"null\n"[..]), "{output:?}");
    let output = run(&["dance"]).unwrap();
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(1), &b""[..]), "{output:?}");
}
