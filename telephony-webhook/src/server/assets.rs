//! Files that the server hands out beside taking webhooks: what they are, not where they come
//! from.

use std::fmt;
use std::fs::File;

use async_trait::async_trait;

/// Knows the files below one path of the server, which carriers fetch.
#[async_trait]
pub trait Assets: fmt::Debug + Send + Sync {
    /// The file of that name: what follows the path, as the client wrote it, without the query.
    /// Whatever is not there, not any more or not for anybody is `None`, and one cannot tell
    /// which: the answer is the same.
    async fn find(&self, name: &str) -> Option<Asset>;
}

/// A file that can be handed out.
#[derive(Debug)]
pub struct Asset {
    /// What it is, fit for `Content-Type`.
    pub content_type: &'static str,
    /// How many bytes it has.
    pub length: u64,
    /// It, open to be read from its start. It is read as it is sent, never whole.
    pub file: File,
}

/// Where assets are.
#[derive(Debug)]
pub(super) struct Mounted {
    prefix: String,
    pub(super) assets: std::sync::Arc<dyn Assets>,
}

impl Mounted {
    pub(super) fn new(prefix: &str, assets: std::sync::Arc<dyn Assets>) -> Self {
        Self { prefix: format!("{}/", prefix.trim_end_matches('/')), assets }
    }

    /// The name of the asset that a path asks for, if it leads here at all.
    pub(super) fn name<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(&self.prefix)
    }
}
