//! Links between documents must lead somewhere.

use std::path::Path;

use super::Tracked;

pub(super) fn problems(files: &[Tracked]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".md")) {
        for link in local_links(&file.text) {
            let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
            let target = normalised(&folder.join(link));
            let exists = files
                .iter()
                .any(|other| other.path == target || other.path.starts_with(&format!("{target}/")));
            if !exists {
                problems.push(format!("{}: links to {link}, which is not there", file.path));
            }
        }
    }
    problems
}

/// The targets of `[…](target)` that are files, without their anchors.
fn local_links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| {
        let target = rest.split(')').next()?.split('#').next()?;
        let is_file = !target.is_empty() && !target.contains(':') && !target.contains(' ');
        is_file.then_some(target)
    })
}

fn normalised(path: &Path) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.iter().filter_map(|part| part.to_str()) {
        match part {
            ".." => drop(parts.pop()),
            "." => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    #[test]
    fn a_link_that_leads_nowhere_is_found() {
        let readme =
            file("a/README.md", "[x](../docs/there.md#part) [y](https://a.b) [z](gone.md)");
        let files = [readme, file("docs/there.md", "")];
        assert_eq!(problems(&files), ["a/README.md: links to gone.md, which is not there"]);
    }
}
