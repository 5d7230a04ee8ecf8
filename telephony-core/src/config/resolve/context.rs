//! Where an account's values come from, and where its problems are reported.

use serde_json::Value;

use super::super::Environment;
use super::super::problem::{Problems, join};
use super::super::raw::{SecretInput, SecretSource};
use crate::id::AccountId;
use crate::secret::Secret;

pub(super) struct Context<'a> {
    /// The process's variables.
    pub(super) environment: Environment<'a>,
    /// Whether variables stand in for keys that are not set, and not only where one refers to them.
    pub(super) is_default: bool,
    /// The account's own keys; `None` for the account at the top.
    pub(super) own: Option<&'a Value>,
    pub(super) id: &'a AccountId,
    pub(super) problems: &'a mut Problems,
}

impl Context<'_> {
    /// Reports a mistake where the key was written: in the account, or at the top if inherited.
    pub(super) fn note(&mut self, path: &str, message: impl Into<String>) {
        let inherited = self.own.is_none_or(|own| {
            let pointer = format!("/{}", path.replace('.', "/"));
            own.pointer(&pointer).is_none()
        });
        let path = if inherited { path.to_owned() } else { self.own_path(path) };
        self.problems.note(&path, message);
    }

    /// Reports that a key is missing: the account is where to add it.
    pub(super) fn missing(&mut self, path: &str, what: &str, variable: Option<&str>) {
        let message = match variable.filter(|_| self.is_default) {
            Some(variable) => format!("is missing: set {what} here or in {variable}"),
            None => format!("is missing: set {what}"),
        };
        self.problems.note_missing(&self.own_path(path), path, message);
    }

    fn own_path(&self, path: &str) -> String {
        match self.own {
            Some(_) => join(&join("accounts", self.id.as_str()), path),
            None => path.to_owned(),
        }
    }

    /// A value that was read, or the reason why not, reported.
    pub(super) fn take<T, E: ToString>(&mut self, path: &str, read: Result<T, E>) -> Option<T> {
        read.map_err(|error| self.note(path, error.to_string())).ok()
    }

    /// A text as it is written, else from the environment.
    pub(super) fn text(&self, written: Option<&String>, variable: Option<&str>) -> Option<String> {
        written.map(|text| text.trim().to_owned()).or_else(|| self.fall_back(variable))
    }

    /// A secret as it is written or referred to, else from the environment.
    pub(super) fn secret(
        &mut self,
        path: &str,
        written: Option<&SecretInput>,
        variable: Option<&str>,
    ) -> Option<Secret> {
        match written {
            None => self.fall_back(variable).map(Secret::new),
            Some(written) => {
                let read = secret(written, self.environment);
                self.take(path, read)
            }
        }
    }

    fn fall_back(&self, variable: Option<&str>) -> Option<String> {
        let variable = variable.filter(|_| self.is_default)?;
        set((self.environment)(variable))
    }
}

/// What a list holds, trimmed, each with its index. An empty text means that nothing is set.
pub(super) fn items(written: Option<&Vec<String>>) -> impl Iterator<Item = (usize, &str)> {
    let texts = written.into_iter().flatten().map(|text| text.trim()).enumerate();
    texts.filter(|(_, text)| !text.is_empty())
}

/// A secret as it is written, or from the variable it refers to.
pub(super) fn secret(
    written: &SecretInput,
    environment: Environment<'_>,
) -> Result<Secret, String> {
    match written {
        SecretInput::Text(text) => Ok(Secret::new(text.trim())),
        SecretInput::Reference { source: SecretSource::Env, id, .. } => {
            let value = set(environment(id)).map(Secret::new);
            value.ok_or_else(|| "refers to a variable that is not set".to_owned())
        }
        SecretInput::Reference { .. } => {
            Err("refers to what only OpenClaw resolves: write the secret, or refer to a variable \
                 (source \"env\")"
                .to_owned())
        }
    }
}

fn set(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}
