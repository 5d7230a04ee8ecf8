//! Files that go out: none but those that the host lets the agent send.

use std::path::Path;

use serde_json::json;

use crate::rpc::{ErrorCode, RpcError};
use crate::service::path_of;

/// Refuses every file that lies in none of the folders, by whatever links.
pub(super) fn within(roots: &[String], media: &[String]) -> Result<(), RpcError> {
    // What is no path is a URL, and looked at later.
    let is_inside = |path: &Path| {
        let real = path.canonicalize().ok()?;
        let mut roots = roots.iter().filter_map(|root| Path::new(root).canonicalize().ok());
        roots.find(|root| real.starts_with(root) && real != *root)
    };
    if media.iter().filter_map(|one| path_of(one)).all(|path| is_inside(&path).is_some()) {
        return Ok(());
    }
    let sentence = "mediaUrl: this file is not there, or lies outside the folders that the agent \
                    may send from";
    Err(RpcError::new(ErrorCode::Params, sentence).with_data(json!({ "field": "mediaUrl" })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_the_folders_go_out() {
        let folder = tempfile::tempdir().unwrap();
        let (inside, outside) = (folder.path().join("in"), folder.path().join("out"));
        std::fs::create_dir_all(&inside).unwrap();
        std::fs::create_dir_all(&outside).unwrap();
        std::fs::write(inside.join("a.png"), "a").unwrap();
        std::fs::write(outside.join("b.png"), "b").unwrap();
        std::os::unix::fs::symlink(outside.join("b.png"), inside.join("link.png")).unwrap();
        let text = |path: std::path::PathBuf| path.to_str().unwrap().to_owned();
        let roots = [text(inside.clone()), text(folder.path().join("missing"))];
        let check = |media: String| within(&roots, &[media]).is_ok();
        assert!(check(text(inside.join("a.png"))));
        assert!(check(format!("file://{}", text(inside.join("a.png")))));
        assert!(check("https://example.com/a.png".to_owned()));
        for path in ["in/link.png", "out/b.png", "in/../out/b.png", "in/none.png", "in"] {
            assert!(!check(text(folder.path().join(path))), "{path}");
        }
        assert!(within(&[], &[text(inside.join("a.png"))]).is_err());
    }
}
