//! A send that somebody asks for: checked, planned, written down.

use std::path::PathBuf;
use std::sync::Arc;

use telephony_core::{AccountId, HttpUrl, IdempotencyKey, MessageId, PhoneNumber};
use telephony_providers::Outcome;
use thiserror::Error;

use super::turn::{MAX_REPLIES, REPLY_WINDOW};
use super::{Account, Telephony};
use crate::media::host::Source::File;
use crate::media::host::{HostError, Hosted, MediaLimits, check_url};
use crate::outbound::{LedgerError, NewSend, Retries, Source, SubmitError};

/// What somebody asks to be sent.
#[derive(Debug, Clone)]
pub struct Request {
    /// Whom it goes to, as it was written.
    pub to: String,
    /// The text.
    pub text: String,
    /// Pictures and files: their URLs, or absolute paths of files of this machine.
    pub media: Vec<String>,
    /// The account; the default one when it is missing.
    pub account: Option<AccountId>,
    /// Why.
    pub source: Source,
    /// Who tries again what was not sent.
    pub retries: Retries,
}

/// Why nothing was written down, and so nothing is sent.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The number is none.
    #[error("to: expected a number in E.164 form: +, country code, number")]
    To(#[source] telephony_core::PhoneNumberError),
    /// The account is not there, or not started.
    #[error("accountId: there is no such account, or it is not started")]
    Account,
    /// No account is named, and none is the default.
    #[error("accountId: name the account, or set defaultAccount")]
    NoDefault,
    /// A URL is none.
    #[error("mediaUrls: expected https:// URLs, or absolute paths of files")]
    Url(#[source] telephony_core::UrlError),
    /// A file or a URL cannot be sent.
    #[error("mediaUrls")]
    Media(#[from] HostError),
    /// The number may not be texted or called.
    #[error("to: this number is not in allowTo, and has not written first: add it there")]
    NotAllowed,
    /// The host's agent answers too often.
    #[error(
        "to: this number had {MAX_REPLIES} replies within a minute: the other side may be a machine"
    )]
    TooMany,
    /// It cannot be written down.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// Whether it may be sent cannot be looked up.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl RequestError {
    /// The field that is wrong.
    #[must_use]
    pub const fn field(&self) -> Option<&'static str> {
        match self {
            Self::To(_) | Self::NotAllowed | Self::TooMany => Some("to"),
            Self::Account | Self::NoDefault => Some("accountId"),
            Self::Url(_) | Self::Media(_) => Some("mediaUrls"),
            Self::Submit(SubmitError::Empty) => Some("message"),
            Self::Submit(SubmitError::Conflict) => Some("idempotencyKey"),
            _ => None,
        }
    }

    /// Whether it may be sent all the same: it may be written down although nothing said so.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self {
            Self::Submit(SubmitError::Unsure(_)) => Outcome::Unknown,
            _ => Outcome::NotSent,
        }
    }

    /// Whether the same may work a while later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Account
            | Self::NoDefault
            | Self::Ledger(_)
            | Self::Media(HostError::Full | HostError::Store(_)) => true,
            Self::Submit(error) => !matches!(error, SubmitError::Conflict | SubmitError::Empty),
            _ => false,
        }
    }
}

impl Telephony {
    /// Writes a send down, to go soon; its id. The same key gives the same id, and has what of it
    /// was not sent tried again.
    ///
    /// # Errors
    ///
    /// [`RequestError`] when nothing is written down and nothing is sent.
    pub async fn send(&self, request: Request) -> Result<MessageId, RequestError> {
        let account = self.named(request.account.as_ref())?;
        let to = self.allowed(&account.settings, &request.to).await?;
        if let Source::Queued(key) = &request.source {
            self.bounded(&account, &to, key).await?;
        }
        if request.text.trim().is_empty() && request.media.is_empty() {
            return Err(SubmitError::Empty.into());
        }
        let (media, hosted) = self.reachable(&account, &request.media).await?;
        let parts = account.plan(&request.text, &media);
        let mut send = NewSend::new(account.settings.id.clone(), to, request.source, parts)
            .asked(&request.text, &request.media);
        if request.retries == Retries::Theirs {
            send = send.retried_by_asker();
        }
        let submitted = self.outbox.submit(send).await;
        // Where the database failed, the send may have been written down all the same.
        if let Err(error) = &submitted
            && !matches!(error, SubmitError::Ledger(_))
        {
            self.withdraw(&hosted);
        }
        Ok(submitted?)
    }

    /// URLs by which the carrier finds pictures and files, in order: those of local ones are ours.
    /// They are hosted together, since they share what one message may carry.
    async fn reachable(
        &self,
        account: &Account,
        media: &[String],
    ) -> Result<(Vec<HttpUrl>, Vec<Hosted>), RequestError> {
        if media.is_empty() {
            return Ok(Default::default());
        }
        let limits =
            MediaLimits::of(&account.settings, &account.connection.messaging.capabilities())?;
        limits.check_count(media.len())?;
        let (mut reachable, mut places, mut files) = (Vec::new(), Vec::new(), Vec::new());
        for (place, one) in media.iter().enumerate() {
            if let Some(path) = path_of(one) {
                places.push(place);
                files.push(File(path));
            } else {
                let url = one.parse::<HttpUrl>().map_err(RequestError::Url)?;
                check_url(&account.settings, &url)?;
                reachable.push(url);
            }
        }
        if files.is_empty() {
            return Ok((reachable, Vec::new()));
        }
        let (Some(media), Some(urls)) = (&self.media, &account.media()) else {
            return Err(HostError::NoPublicUrl.into());
        };
        let hosted = media.store.host(files, limits).await?;
        for (place, file) in places.into_iter().zip(&hosted) {
            match urls.of_file(file) {
                // Whatever came before it is in its place already.
                Ok(url) => reachable.insert(place, url),
                Err(error) => {
                    self.withdraw(&hosted);
                    return Err(RequestError::Url(error));
                }
            }
        }
        Ok((reachable, hosted))
    }

    /// Takes back what nobody will fetch.
    fn withdraw(&self, hosted: &[Hosted]) {
        if let Some(media) = &self.media {
            hosted.iter().for_each(|file| media.store.withdraw(file));
        }
    }

    /// Refuses a reply of the host's agent to who had too many: two machines that answer each other
    /// come to an end. What was asked for before is not a new one.
    async fn bounded(
        &self,
        account: &Account,
        to: &PhoneNumber,
        key: &IdempotencyKey,
    ) -> Result<(), RequestError> {
        let account = &account.settings.id;
        let now = self.clock.now();
        let since = now.saturating_sub(REPLY_WINDOW);
        if self.ledger.replies_since(account, to, since, now).await? >= MAX_REPLIES
            && self.ledger.queued(account, key).await?.is_none()
        {
            return Err(RequestError::TooMany);
        }
        Ok(())
    }

    /// The account that is named, or the default one.
    pub(crate) fn named(&self, id: Option<&AccountId>) -> Result<Arc<Account>, RequestError> {
        match id {
            Some(id) => self.account(id).ok_or(RequestError::Account),
            None => self.default_account().ok_or(RequestError::NoDefault),
        }
    }

    /// The number, if it may be texted and called.
    pub(super) async fn allowed(
        &self,
        settings: &telephony_core::config::Account,
        to: &str,
    ) -> Result<PhoneNumber, RequestError> {
        let to = PhoneNumber::parse(to).map_err(RequestError::To)?;
        let is_listed = settings.allow_to.is_empty() || settings.allow_to.contains(&to);
        if is_listed || self.ledger.is_contact(&settings.id, &to).await? {
            Ok(to)
        } else {
            Err(RequestError::NotAllowed)
        }
    }
}

/// The path of a local file, where what is written is no URL of the web.
pub(crate) fn path_of(text: &str) -> Option<PathBuf> {
    if let Some(url) = text.strip_prefix("file:") {
        let url = url::Url::parse(&format!("file:{url}")).ok()?;
        return url.to_file_path().ok();
    }
    (!text.contains("://")).then(|| PathBuf::from(text))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;
    use telephony_core::config::{Host, from_value};
    use telephony_core::{IdempotencyKey, ManualClock, OsEntropy, Timestamp};
    use telephony_providers::{Connection, MockProvider};
    use tempfile::TempDir;

    use super::*;
    use crate::database::Database;
    use crate::handler::HandlerChoice;
    use crate::media::Media;
    use crate::service::{Answering, Parts};

    /// A service, and the directory in which it hosts.
    fn service(state: &TempDir) -> (Arc<Telephony>, PathBuf) {
        let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_800_000_000)));
        let media = Media::open(state.path(), clock.clone(), Arc::new(OsEntropy)).unwrap();
        let parts = Parts {
            database: Database::in_memory().unwrap(),
            agent: Arc::new(Answering::by(HandlerChoice::Echo.make().unwrap(), None)),
            host: None,
            media: Some(media),
            clock,
            entropy: Arc::new(OsEntropy),
        };
        let service = Arc::new(Telephony::new(parts));
        let config = json!({ "provider": "mock", "fromNumber": "+15550001111" });
        let config = from_value(config, Host::Standalone, &|_| None).unwrap();
        let mock = Arc::new(MockProvider::default());
        let connection = Connection::of(mock.clone(), mock);
        let address = "127.0.0.1:1".parse().unwrap();
        service.set_account(config.accounts[0].clone(), connection, &config, address, None);
        (service, state.path().join("media-out"))
    }

    /// A file of a kind that nothing makes smaller.
    fn gif(state: &TempDir, name: &str, length: usize) -> String {
        let mut file = b"GIF89a\x01\0\x01\0\0\0\0".to_vec();
        file.resize(length, 0);
        let path = state.path().join(name);
        fs::write(&path, file).unwrap();
        path.to_str().unwrap().to_owned()
    }

    #[tokio::test]
    async fn files_and_urls_keep_their_order() {
        let state = tempfile::tempdir().unwrap();
        let (service, hosted) = service(&state);
        let (one, two) = (gif(&state, "1", 1_001), gif(&state, "2", 1_002));
        let away = |name: &str| format!("https://example.com/{name}");
        let media = [&away("a"), &one, &away("b"), &away("c"), &two, &one].map(String::to_owned);
        let account = service.named(None).unwrap();
        let (urls, files) = service.reachable(&account, &media).await.unwrap();
        let of = |index: usize| account.media().unwrap().of_file(&files[index]).unwrap();
        let away = |name: &str| away(name).parse().unwrap();
        assert_eq!(urls, [away("a"), of(0), away("b"), away("c"), of(1), of(2)]);
        let lengths: Vec<_> = files.iter().map(|file| file.bytes).collect();
        assert_eq!(lengths, [1_001, 1_002, 1_001]);
        assert_eq!(fs::read_dir(hosted).unwrap().count(), 3);
    }

    #[tokio::test]
    async fn nothing_stays_hosted_of_what_is_refused() {
        let state = tempfile::tempdir().unwrap();
        let (service, hosted) = service(&state);
        let (small, half) = (gif(&state, "1", 1_000), gif(&state, "2", 2_500_000));
        let key = Source::Keyed(IdempotencyKey::new("key").unwrap());
        let request = |text: &str, media: &[&String]| Request {
            to: "+15550002222".to_owned(),
            text: text.to_owned(),
            media: media.iter().map(|one| (*one).clone()).collect(),
            account: None,
            source: key.clone(),
            retries: Retries::Ours,
        };
        // Each fits, and all three together do not.
        let error = service.send(request("", &[&half, &small, &half])).await.unwrap_err();
        assert!(matches!(error, RequestError::Media(HostError::TooLargeTogether(5_000_000))));
        let error = service.send(request("", &[&small, &"ftp://a".to_owned()])).await.unwrap_err();
        assert!(matches!(error, RequestError::Url(_)));
        assert_eq!(fs::read_dir(&hosted).unwrap().count(), 0);
        service.send(request("Hello", &[&small])).await.unwrap();
        assert_eq!(fs::read_dir(&hosted).unwrap().count(), 1);
        let error = service.send(request("Hi", &[&small, &half])).await.unwrap_err();
        assert!(matches!(error, RequestError::Submit(SubmitError::Conflict)));
        assert_eq!(fs::read_dir(&hosted).unwrap().count(), 1, "that of the first is fetched yet");
    }
}
