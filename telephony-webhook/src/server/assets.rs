//! Files that the server hands out beside taking webhooks: what they are, not where they come
//! from.

use std::fmt;
use std::fs::File;

use async_trait::async_trait;

/// Knows files of the server, which carriers fetch.
#[async_trait]
pub trait Assets: fmt::Debug + Send + Sync {
    /// The name of the file that a path asks for, if it leads to files at all: then it leads to no
    /// webhook.
    fn name<'a>(&self, path: &'a str) -> Option<&'a str>;

    /// The file of that name, as the client wrote it. Whatever is not there, not any more or not for anybody is `None`, and one cannot tell
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
