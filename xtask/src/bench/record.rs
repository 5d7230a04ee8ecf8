//! Benchmarks that write what they find into docs/performance.md themselves.

use std::fs;
use std::process::Stdio;

use clap::Args;

use crate::step::{Failure, Outcome, cargo, root, step};

const GUIDE: &str = "docs/performance.md";
const CHART: &str = "docs/load.svg";

/// How the whole system is put under load.
#[derive(Debug, Args)]
pub(crate) struct Load {
    /// For how many minutes texts come.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// How many come a second.
    #[arg(long, default_value_t = 50.0)]
    rate: f64,
    /// How many servers share the work.
    #[arg(long, default_value_t = 1)]
    nodes: usize,
    /// A PostgreSQL database, which several servers need: `postgres://…`.
    #[arg(long)]
    database: Option<String>,
    /// Writes what is found into docs/performance.md, beside a drawing of it.
    #[arg(long)]
    record: bool,
}

/// How far a database is made to grow.
#[derive(Debug, Args)]
pub(crate) struct Growth {
    /// The most messages.
    #[arg(long, default_value_t = 1_000_000)]
    most: usize,
    /// Writes what is found into docs/performance.md.
    #[arg(long)]
    record: bool,
}

pub(super) fn load(load: &Load) -> Outcome {
    let Load { minutes, rate, nodes, database, record } = load;
    let mut arguments =
        vec![format!("--minutes={minutes}"), format!("--rate={rate}"), format!("--nodes={nodes}")];
    arguments.extend(database.iter().map(|database| format!("--database={database}")));
    // One drawing is enough: that of the set-up most people have.
    if *record && database.is_none() {
        arguments.push(format!("--chart={}", root().join(CHART).display()));
    }
    let section = match database {
        Some(_) => format!("load-{nodes}"),
        None => "load".to_owned(),
    };
    step("load", || run("load", &arguments, record.then_some(section.as_str())))
}

pub(super) fn growth(growth: &Growth) -> Outcome {
    let arguments = [format!("--most={}", growth.most)];
    step("growth", || run("growth", &arguments, growth.record.then_some("growth")))
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
