//! Prometheus' text format, read strictly: whatever its own parser would only tolerate is refused.

use std::collections::{BTreeMap, BTreeSet};

/// All samples of one scrape.
#[derive(Debug)]
pub struct Scrape {
    samples: BTreeMap<String, f64>,
    /// The names they are of.
    pub families: BTreeSet<String>,
}

impl Scrape {
    pub fn read(text: &str) -> Self {
        assert!(text.ends_with('\n'), "{text:?}");
        let (mut samples, mut families) = (BTreeMap::new(), BTreeSet::new());
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let help = line.strip_prefix("# HELP ").unwrap_or_else(|| panic!("no HELP: {line}"));
            let (name, help) = help.split_once(' ').unwrap();
            assert!(!help.trim().is_empty(), "{line}");
            assert!(families.insert(name.to_owned()), "{name} is there twice");
            let kind = lines.next().unwrap().strip_prefix("# TYPE ").unwrap();
            let (same, kind) = kind.split_once(' ').unwrap();
            assert_eq!(same, name);
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{name}: {kind}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{name} is a {kind}");
            while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
                let (series, value) = line.rsplit_once(' ').unwrap();
                let value = value.parse().unwrap_or_else(|_| panic!("{line}"));
                belongs(series, name, kind);
                assert!(samples.insert(series.to_owned(), value).is_none(), "{series} twice");
            }
        }
        let scrape = Self { samples, families };
        scrape.buckets_grow();
        scrape
    }

    /// A sample by its name and labels.
    pub fn get(&self, series: &str) -> Option<f64> {
        self.samples.get(series).copied()
    }

    /// All samples of a name, together.
    pub fn value(&self, name: &str) -> f64 {
        let of_name = |series: &str| series.split('{').next() == Some(name);
        self.samples.iter().filter(|(series, _)| of_name(series)).map(|(_, value)| value).sum()
    }

    /// What is the same on every machine: neither times nor what lies within which of them.
    pub fn figures(&self) -> Vec<(String, f64)> {
        let is_time = |series: &str| {
            let name = series.split('{').next().unwrap();
            name.ends_with("_sum") || name.ends_with("_bucket") || name.starts_with("process_")
        };
        self.samples
            .iter()
            .filter(|(series, _)| !is_time(series))
            .map(|(series, value)| (series.clone(), *value))
            .collect()
    }

    /// Buckets hold what smaller ones hold, and the last one everything.
    fn buckets_grow(&self) {
        let counts = self.samples.iter().filter(|(series, _)| series.contains("_seconds_count"));
        for (series, count) in counts {
            let bucket = series.replace("_seconds_count", "_seconds_bucket");
            let bucket = bucket.trim_end_matches('}');
            let edge = |series: &str| -> f64 {
                let (_, edge) = series.split_once("le=\"").unwrap();
                edge.split('"').next().unwrap().parse().unwrap()
            };
            let mut buckets: Vec<_> = self
                .samples
                .iter()
                .filter(|(series, _)| series.starts_with(bucket))
                .map(|(series, value)| (edge(series), *value))
                .collect();
            buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
            assert!(buckets.is_sorted_by(|one, other| one.1 <= other.1), "{buckets:?}");
            assert_eq!(buckets.last(), Some(&(f64::INFINITY, *count)), "{series}");
        }
    }
}

/// That a series is one of a family, with labels as they are to be.
fn belongs(series: &str, family: &str, kind: &str) {
    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
    let is_name =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    assert!(is_name(name), "{series}");
    if kind == "histogram" {
        let suffix = name.strip_prefix(family).unwrap();
        assert!(["_bucket", "_sum", "_count"].contains(&suffix), "{series}");
    } else {
        assert_eq!(name, family);
    }
    if labels.is_empty() {
        return assert!(!series.contains('{'), "{series}");
    }
    for label in labels.strip_suffix('}').unwrap().split(',') {
        let (label, value) = label.split_once('=').unwrap();
        assert!(is_name(label), "{series}");
        let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap();
        assert!(!value.contains(['"', '\\', '\n']), "{series}");
        let digits = value.bytes().filter(u8::is_ascii_digit).count();
        assert!(digits < 7, "somebody's number is a label: {series}");
    }
}
