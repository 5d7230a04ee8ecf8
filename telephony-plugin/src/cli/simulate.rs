//! `telephony simulate`: what a carrier would post, posted to a running server.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;
use telephony_core::config::{Account, Config, Provider};
use telephony_core::{
    AccountId, Clock as _, Entropy as _, HttpUrl, OsEntropy, PhoneNumber, ProviderKind,
    ProviderMessageId, Reference, Sender, SystemClock,
};
use telephony_webhook::telnyx_public_key;

use super::carrier::{account_of, read, read_with};
use super::state::State;
use super::{REFUSED, complain};
use crate::control::{Kept, ask};
use crate::report::chain;
use crate::simulate::{self, Event, Posting, TelnyxTestKey, carrier_id, posting};

/// How long an answer is waited for: as long as Twilio waits.
/// <https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides>
const ANSWER: Duration = Duration::from_secs(15);

/// Post to a running server what the carrier would: signed with the configured secrets.
///
/// Exits with 0 when the server took it, and 1 when it did not.
#[derive(Debug, Args)]
pub(super) struct Simulate {
    #[command(subcommand)]
    event: Kind,
}

#[derive(Debug, Subcommand)]
enum Kind {
    /// Somebody texts the account; with --media it is an MMS.
    #[command(visible_alias = "mms")]
    Sms {
        /// Who: +, country code, number.
        #[arg(long, default_value = "+15555550123")]
        from: Sender,
        /// The text.
        #[arg(long, default_value = "", required_unless_present = "media")]
        #[arg(allow_hyphen_values = true)]
        text: String,
        /// The URL of a picture or file; may be repeated.
        #[arg(long, value_name = "URL")]
        media: Vec<HttpUrl>,
        #[command(flatten)]
        to: Target,
    },
    /// The carrier reports on a message of the account.
    Receipt {
        /// What became of it, in the carrier's word: sent, delivered, undelivered, failed.
        #[arg(long)]
        status: String,
        /// The carrier's error code.
        #[arg(long)]
        code: Option<String>,
        /// To whom the message was sent.
        #[arg(long, default_value = "+15555550123")]
        recipient: PhoneNumber,
        /// The token that the message's callback URL has.
        #[arg(long)]
        reference: Option<Reference>,
        #[command(flatten)]
        to: Target,
    },
    /// Somebody calls the account.
    Call {
        /// Who: +, country code, number.
        #[arg(long, default_value = "+15555550123")]
        from: Sender,
        #[command(flatten)]
        to: Target,
    },
    /// The carrier reports on a call of the account.
    CallStatus {
        /// What happened, in the carrier's word: ringing, in-progress, completed, busy; of Telnyx'
        /// the cause of the end, such as normal_clearing.
        #[arg(long)]
        status: String,
        /// Who is called.
        #[arg(long, default_value = "+15555550123")]
        recipient: PhoneNumber,
        /// The token that the call's callback URL has.
        #[arg(long)]
        reference: Option<Reference>,
        #[command(flatten)]
        to: Target,
    },
}

#[derive(Debug, Args)]
struct Target {
    /// An OpenClaw configuration, or a JSON5 file that holds its channels.telephony alone.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,

    /// The account; the default account when it is missing.
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,

    /// The carrier's id of the message or call; one is made when it is missing. The same id again
    /// is the same message again.
    #[arg(long)]
    id: Option<ProviderMessageId>,

    /// The account's number; its fromNumber when it is missing.
    #[arg(long, value_name = "NUMBER")]
    to: Option<Sender>,

    /// Where to post; the server of the state directory when it is missing, else the address of the
    /// configuration.
    #[arg(long)]
    url: Option<HttpUrl>,

    /// The file of the key that stands for Telnyx's; it is made when it is not there. In the state
    /// directory when it is missing.
    #[arg(long, value_name = "FILE")]
    telnyx_key: Option<PathBuf>,

    #[command(flatten)]
    state: State,

    /// Answer with one line of JSON.
    #[arg(long)]
    json: bool,
}

impl Simulate {
    pub(super) fn run(self) -> io::Result<ExitCode> {
        let (event, reference, target) = match self.event {
            Kind::Sms { from, text, media, to } => {
                let media = media.iter().map(|url| url.as_str().to_owned()).collect();
                (Event::Message { from, text, media }, None, to)
            }
            Kind::Receipt { status, code, recipient, reference, to } => {
                (Event::Receipt { status, code, to: recipient }, reference, to)
            }
            Kind::Call { from, to } => (Event::Call { from }, None, to),
            Kind::CallStatus { status, recipient, reference, to } => {
                (Event::Progress { status, to: recipient }, reference, to)
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        match runtime.block_on(target.post(&event, reference.as_ref())) {
            Ok(posted) => target.tell(&posted),
            Err(message) if target.json => {
                writeln!(io::stdout(), "{}", json!({ "error": message }))?;
                Ok(ExitCode::from(REFUSED))
            }
            Err(message) => {
                complain(&message);
                Ok(ExitCode::from(REFUSED))
            }
        }
    }
}

struct Posted {
    id: String,
    provider: ProviderKind,
    url: String,
    signed_url: String,
    status: u16,
    /// Whether it is for the account's number.
    is_ours: bool,
}

impl Target {
    async fn post(&self, event: &Event, reference: Option<&Reference>) -> Result<Posted, String> {
        let (config, account) = self.account()?;
        let id = self.id(&account, event)?;
        let path = match event {
            Event::Message { .. } | Event::Call { .. } => &config.serve.path,
            Event::Receipt { .. } | Event::Progress { .. } => &config.serve.status_path,
        };
        let url = match &self.url {
            Some(url) => url.as_str().to_owned(),
            None => format!("{}{path}", self.origin(&config).await?),
        };
        let to = simulate::Target::new(&account, &config.serve, &url, reference);
        let simulate::Target { posted, signed } = to.map_err(|error| chain(&error))?;
        let (url, signed_url) = (posted.as_str().to_owned(), signed);
        let key = match account.provider {
            Provider::Telnyx(_) => Some(self.telnyx_key()?),
            _ => None,
        };
        let (own, now) = (self.to.as_ref(), SystemClock.now());
        let posting = posting(&account, &id, event, own, &signed_url, key.as_ref(), now);
        let posting = posting.map_err(|error| chain(&error))?;
        let is_ours = posting.is_for(&account, event, &signed_url, now);
        let is_ours = is_ours.map_err(|error| chain(&error))?;
        let status = send(&url, posting).await?;
        let (id, provider) = (id.to_string(), account.provider.kind());
        Ok(Posted { id, provider, url, signed_url, status, is_ours })
    }

    /// The configuration and the account. Where nothing but Telnyx's public key is missing, one that
    /// signs nothing takes its place, so that the key to trust can be told.
    fn account(&self) -> Result<(Config, Account), String> {
        let of = |config: Config| {
            let account = account_of(&config, self.account.as_ref())?;
            Ok((config, account))
        };
        let error = match read(&self.config) {
            Ok(config) => return of(config),
            Err(error) => error,
        };
        let nobodys = |variable: &str| {
            let missing = variable == "TELNYX_PUBLIC_KEY";
            let set = std::env::var(variable).ok();
            set.or_else(|| missing.then(|| telnyx_public_key(&[0; 32])))
        };
        match read_with(&self.config, &nobodys).and_then(of) {
            Ok(found) if matches!(found.1.provider, Provider::Telnyx(_)) => Ok(found),
            _ => Err(error),
        }
    }

    fn id(&self, account: &Account, event: &Event) -> Result<ProviderMessageId, String> {
        if let Some(id) = &self.id {
            return Ok(id.clone());
        }
        let mut random = [0; 16];
        OsEntropy.fill(&mut random).map_err(|error| chain(&error))?;
        let id = carrier_id(&account.provider, event, random);
        ProviderMessageId::new(id).map_err(|error| chain(&error))
    }

    /// Where the server is: it says so itself, or the configuration does.
    async fn origin(&self, config: &Config) -> Result<String, String> {
        if let Ok(state) = self.state.find() {
            let kept = Kept::of_default_account(&state);
            let status = ask(&state, &kept, "telephony.status", &json!({})).await;
            let address =
                status.ok().and_then(|status| Some(status.get("address")?.as_str()?.to_owned()));
            if let Some(address) = address {
                return Ok(format!("http://{address}"));
            }
        }
        let bind = match config.serve.bind {
            any if any.is_unspecified() && any.is_ipv6() => std::net::Ipv6Addr::LOCALHOST.into(),
            any if any.is_unspecified() => std::net::Ipv4Addr::LOCALHOST.into(),
            bind => bind,
        };
        match config.serve.port {
            0 => Err("serve.port is 0 and no server of this state directory runs: name its URL \
                      with --url, or its state directory"
                .to_owned()),
            port => Ok(format!("http://{}", std::net::SocketAddr::new(bind, port))),
        }
    }

    fn telnyx_key(&self) -> Result<TelnyxTestKey, String> {
        let path = match &self.telnyx_key {
            Some(path) => path.clone(),
            None => {
                let state = self.state.find()?;
                state.make().map_err(|error| chain(&error))?;
                state.path().join("simulate-telnyx.key")
            }
        };
        TelnyxTestKey::open_or_make(&path, &OsEntropy).map_err(|error| chain(&error))
    }

    fn tell(&self, posted: &Posted) -> io::Result<ExitCode> {
        let Posted { id, provider, url, signed_url, status, is_ours } = posted;
        let means = match status {
            200..=299 if *is_ours => "taken",
            200..=299 => "acknowledged and dropped: the account has another number",
            400 => "verified, and it cannot be read",
            403 => "not verified: the server's log says why; compare publicUrl and the secrets",
            404 => "there is no such path: compare serve.path",
            429 => "beyond a limit: wait a little",
            503 => "it cannot be stored now: the server's log says why",
            300..=399 => "it leads elsewhere: no carrier's webhook may be redirected",
            _ => "refused",
        };
        let mut output = io::stdout().lock();
        if self.json {
            let answer = json!({
                "id": id, "provider": provider, "url": url, "signedUrl": signed_url,
                "status": status, "means": means,
            });
            writeln!(output, "{answer}")?;
        } else {
            writeln!(output, "posted {id} to {url}, signed for {signed_url}: {status}, {means}")?;
        }
        let taken = (200..300).contains(status);
        Ok(if taken { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) })
    }
}

/// Posts it: the status of the answer.
async fn send(url: &str, posting: Posting) -> Result<u16, String> {
    let tls = telephony_providers::tls_configuration().map_err(|error| chain(&error))?;
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        // To follow one would be to post something else somewhere else.
        .redirect(reqwest::redirect::Policy::none())
        .timeout(ANSWER)
        .build()
        .map_err(|error| chain(&error))?;
    let mut request = client.post(url).body(posting.body);
    for (name, value) in posting.headers {
        request = request.header(name, value);
    }
    let answer = request.send().await.map_err(|error| {
        let error = error.without_url();
        if error.is_timeout() {
            let seconds = ANSWER.as_secs();
            return format!("{url} did not answer within {seconds} seconds, as carriers wait");
        }
        format!("nobody answers at {url}: is `telephony serve` running? ({})", chain(&error))
    })?;
    Ok(answer.status().as_u16())
}
