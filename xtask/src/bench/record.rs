//! Benchmarks that write what they find into docs/performance.md themselves.

use std::fs;
use std::process::Stdio;

use crate::step::{Failure, Outcome, cargo, root, step};

const GUIDE: &str = "docs/performance.md";
const CHART: &str = "docs/load.svg";

/// How the whole system is put under load.
pub(crate) struct Load {
    pub(crate) minutes: f64,
    pub(crate) rate: f64,
    pub(crate) nodes: usize,
    pub(crate) database: Option<String>,
}

/// `telephony serve` at a fixed rate of texts.
pub(crate) fn load(load: &Load, record: bool) -> Outcome {
    let Load { minutes, rate, nodes, database } = load;
    let mut arguments =
        vec![format!("--minutes={minutes}"), format!("--rate={rate}"), format!("--nodes={nodes}")];
    arguments.extend(database.iter().map(|database| format!("--database={database}")));
    // One drawing is enough: that of the set-up most people have.
    if record && database.is_none() {
        arguments.push(format!("--chart={}", root().join(CHART).display()));
    }
    let section = database.as_ref().map_or_else(|| "load".to_owned(), |_| format!("load-{nodes}"));
    step("load", || run("load", &arguments, record.then_some(section.as_str())))
}

/// What a message costs when at most so many are stored.
pub(crate) fn growth(most: usize, record: bool) -> Outcome {
    step("growth", || run("growth", &[format!("--most={most}")], record.then_some("growth")))
}

/// Runs a benchmark of the plugin, and shows the table that it prints.
fn run(benchmark: &str, arguments: &[String], section: Option<&str>) -> Outcome {
    let mut command = cargo(&["bench", "-p", "telephony-plugin", "--bench", benchmark, "--"]);
    let output = command.args(arguments).stderr(Stdio::inherit()).output()?;
    let printed = String::from_utf8_lossy(&output.stdout);
    println!("{printed}");
    if !output.status.success() {
        return Err(Failure::new("it missed what is asked of it: see above"));
    }
    let Some(section) = section else { return Ok(()) };
    let table: Vec<&str> = printed.lines().filter(|line| line.starts_with('|')).collect();
    let path = root().join(GUIDE);
    let guide = replace(&fs::read_to_string(&path)?, section, &table.join("\n"))?;
    Ok(fs::write(path, guide)?)
}

/// The guide with another text between the marks of a section.
fn replace(guide: &str, section: &str, text: &str) -> Result<String, Failure> {
    let (begin, end) = (format!("<!-- {section}: begin -->\n"), format!("<!-- {section}: end -->"));
    let missing = || Failure::new(format!("{GUIDE} has no section between marks of {section}"));
    let (before, rest) = guide.split_once(&begin).ok_or_else(missing)?;
    let (_, after) = rest.split_once(&end).ok_or_else(missing)?;
    Ok(format!("{before}{begin}\n{text}\n\n{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_replaced_and_nothing_else() {
        let guide = "a\n<!-- x: begin -->\n\nold\n\n<!-- x: end -->\nb\n";
        let replaced = replace(guide, "x", "| new |").unwrap();
        assert_eq!(replaced, "a\n<!-- x: begin -->\n\n| new |\n\n<!-- x: end -->\nb\n");
        assert_eq!(replace(&replaced, "x", "| new |").unwrap(), replaced);
        assert!(replace(guide, "y", "").is_err());
    }
}
