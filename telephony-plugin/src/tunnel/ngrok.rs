//! ngrok: an agent that runs as long as its tunnel, tells of it in its log, and is asked for its
//! URL by its own API.
//!
//! What it is told and what it says is that of version 3: <https://ngrok.com/docs/agent/cli> and
//! <https://ngrok.com/docs/agent/api>.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::Deserialize;
use telephony_core::{HttpUrl, Secret};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::Child;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::URL_WAIT;
use super::error::TunnelError;
use super::keep::Say;
use super::leftovers::{Left, Leftovers};
use super::program::{self, END};

const NAME: &str = "ngrok";

/// How often its API is asked for a URL until there is one, and afterwards.
const ASK: Duration = Duration::from_millis(200);
const WATCH: Duration = Duration::from_secs(5);

/// Where its API is unless something else is there, which is asked when it does not say so in time.
const USUAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4040);
const SAYS: Duration = Duration::from_secs(3);

/// How long its API may take to answer.
const ANSWER: Duration = Duration::from_secs(2);

/// After how many answers that did not come an agent is started anew.
const MISSES: u32 = 3;

/// For how long it may say that it has no tunnel any more: it has none for a moment when it has
/// found its servers again.
const GONE: Duration = Duration::from_secs(3);

/// After how long at the most an agent that hangs has been ended.
pub const HANG_WAIT: Duration =
    WATCH.saturating_add(ASK.saturating_add(ANSWER).saturating_mul(MISSES)).saturating_add(END);

/// The most lines of its log that wait to be read.
const LINES: usize = 64;

/// The agent of one server.
#[derive(Debug)]
pub(super) struct Ngrok {
    local: SocketAddr,
    token: Option<Secret>,
    domain: Option<String>,
    leftovers: Leftovers,
    client: reqwest::Client,
    child: Option<Child>,
    /// The child, as it is written down.
    left: Option<Left>,
}

/// What a line of its log says that concerns us.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    /// Its API is there.
    Api(SocketAddr),
    /// The tunnel is there.
    Url(HttpUrl),
    /// It has a connection.
    Connected,
    /// It has none.
    Lost,
    /// It failed, by its number.
    Failed(u32),
    /// It does not know an option.
    Unknown,
}

/// What its API answers at `/api/tunnels`.
#[derive(Deserialize)]
struct Answer {
    tunnels: Vec<Tunnel>,
}

#[derive(Deserialize)]
struct Tunnel {
    public_url: String,
    #[serde(default)]
    config: Forwarding,
}

#[derive(Default, Deserialize)]
struct Forwarding {
    #[serde(default)]
    addr: String,
}

impl Ngrok {
    pub(super) fn new(
        local: SocketAddr,
        token: Option<Secret>,
        domain: Option<String>,
        leftovers: Leftovers,
    ) -> Result<Self, TunnelError> {
        let failed = |reason: String| TunnelError::Run { program: NAME, reason };
        let tls = telephony_providers::tls_configuration().map_err(|e| failed(e.to_string()))?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(ANSWER)
            .build()
            .map_err(|error| failed(error.to_string()))?;
        let (local, child, left) = (reachable(local), None, None);
        Ok(Self { local, token, domain, leftovers, client, child, left })
    }

    /// Starts the agent and watches it.
    pub(super) async fn life(&mut self, say: &Say) -> TunnelError {
        let mut lines = match self.start() {
            Ok(lines) => lines,
            Err(error) => return error,
        };
        let (waiting, deadline) = (Instant::now(), Instant::now() + URL_WAIT);
        let (mut api, mut is_up, mut is_lost, mut misses) = (None, false, false, 0);
        let (mut failed, mut gone) = (None, None);
        loop {
            // What did not come once is asked for again at once.
            let next = if is_up && misses == 0 && gone.is_none() { WATCH } else { ASK };
            let mut found = None;
            tokio::select! {
                line = lines.recv() => match line {
                    Some(Line::Api(address)) => api = Some(address),
                    Some(Line::Url(url)) if api.is_none() => found = Some(url),
                    Some(Line::Url(_)) => {}
                    Some(Line::Connected) => (is_lost, failed, gone) = (false, None, None),
                    Some(Line::Lost) => (is_lost, failed) = (true, None),
                    Some(Line::Unknown) => {
                        failed = Some(TunnelError::Old { program: NAME, fix: "run ngrok update" });
                    }
                    Some(Line::Failed(code)) => {
                        let error = TunnelError::of_ngrok(code);
                        // It says this of its session, which it has no more then.
                        is_lost |= is_up && error.ends_agent();
                        failed = Some(error);
                    }
                    // It has closed its output, so it has ended.
                    None => return failed.unwrap_or(TunnelError::Ended(NAME)),
                },
                () = tokio::time::sleep(next) => {}
            }
            // It would try for ever with a token that is refused.
            if let Some(error) = failed.take_if(|error| error.ends_agent() && !is_up) {
                return error;
            }
            if is_lost {
                say.down(failed.clone().unwrap_or(TunnelError::Network));
            } else if let Some(api) = api.or_else(|| (waiting.elapsed() >= SAYS).then_some(USUAL)) {
                match self.ask(api).await {
                    Ok(url) => {
                        misses = 0;
                        let since = gone.take().unwrap_or_else(Instant::now);
                        gone = url.is_none().then_some(since);
                        found = url;
                    }
                    Err(()) => misses += 1,
                }
            }
            if let Some(url) = found {
                match say.up(url) {
                    Ok(()) => is_up = true,
                    Err(error) if is_up => say.down(error),
                    Err(error) => return error,
                }
            } else if is_up && misses >= MISSES {
                return TunnelError::Silent(NAME);
            } else if is_up && !is_lost && gone.is_some_and(|since| since.elapsed() >= GONE) {
                return TunnelError::Gone(NAME);
            } else if !is_up && Instant::now() >= deadline {
                return if is_lost { TunnelError::Network } else { say.no_url() };
            }
        }
    }

    /// Ends the agent.
    pub(super) async fn end(&mut self) -> Result<(), TunnelError> {
        if let Some(mut child) = self.child.take() {
            let has_ended = program::end(&mut child).await;
            if let Some(left) = self.left.take_if(|_| has_ended) {
                self.leftovers.forget(&left);
            }
        }
        Ok(())
    }

    fn start(&mut self) -> Result<mpsc::Receiver<Line>, TunnelError> {
        let local = self.local.to_string();
        let mut words = vec!["http", &local, "--log", "stdout", "--log-format", "json"];
        words.extend(["--log-level", "info"]);
        let url = self.domain.as_ref().map(|domain| format!("https://{domain}"));
        words.extend(url.iter().flat_map(|url| ["--url", url]));
        // Its arguments are everybody's to read, its environment is not.
        let token = self.token.as_ref().map(|token| ("NGROK_AUTHTOKEN", token.expose()));
        let child = self.child.insert(program::start(NAME, &words, token)?);
        if let Some(pid) = child.id()
            && let Some(started) = program::started(pid)
        {
            let left = self.left.insert(Left::Program { pid, started });
            self.leftovers.add(left)?;
        }
        let (send, lines) = mpsc::channel(LINES);
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(read(stdout, send.clone()));
        }
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(read(stderr, send));
        }
        Ok(lines)
    }

    /// The URL that its API tells of this server; `None` while there is none. At the usual address
    /// there may be another agent.
    async fn ask(&self, api: SocketAddr) -> Result<Option<HttpUrl>, ()> {
        let get = self.client.get(format!("http://{api}/api/tunnels")).send();
        let body = async { get.await?.error_for_status()?.bytes().await };
        let answer = body.await.map_err(drop)?;
        let answer: Answer = serde_json::from_slice(&answer).map_err(drop)?;
        Ok(answer.url(self.local.port(), api == USUAL))
    }
}

impl Answer {
    /// The URL of the tunnel that leads to our port. Another agent's may be told `elsewhere`, where
    /// only what is said to lead here counts.
    fn url(&self, port: u16, elsewhere: bool) -> Option<HttpUrl> {
        let own = format!(":{port}");
        let is_ours = |one: &&Tunnel| match one.config.addr.trim_end_matches('/') {
            "" => !elsewhere,
            addr => addr.ends_with(&own),
        };
        let mut urls = self.tunnels.iter().filter(is_ours);
        urls.find_map(|one| HttpUrl::parse(&one.public_url).ok().filter(HttpUrl::is_https))
    }
}

/// Reads what it prints. All of it is read, or it would wait for us.
async fn read(output: impl AsyncRead + Unpin, send: mpsc::Sender<Line>) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(text)) = lines.next_line().await {
        if let Some(line) = understand(&text) {
            // When nobody listens any more, the agent is being ended.
            let _ = send.send(line).await;
        }
    }
}

/// What a line says. Its errors are not passed on: they repeat the token.
fn understand(text: &str) -> Option<Line> {
    #[derive(Deserialize)]
    struct Entry {
        #[serde(default)]
        msg: String,
        #[serde(default)]
        obj: String,
        #[serde(default)]
        addr: String,
        #[serde(default)]
        url: String,
    }
    if let Some((_, code)) = text.split_once("ERR_NGROK_") {
        let digits = code.bytes().take_while(u8::is_ascii_digit).count();
        return code.get(..digits)?.parse().ok().map(Line::Failed);
    }
    if text.contains("unknown flag") {
        return Some(Line::Unknown);
    }
    let entry: Entry = serde_json::from_str(text).ok()?;
    match (entry.obj.as_str(), entry.msg.as_str()) {
        ("web", _) => entry.addr.parse().ok().map(reachable).map(Line::Api),
        (_, "started tunnel") => HttpUrl::parse(&entry.url).ok().map(Line::Url),
        (_, "client session established" | "tunnel session started") => Some(Line::Connected),
        (_, msg) if msg.starts_with("failed to reconnect session") => Some(Line::Lost),
        (_, msg) if msg.starts_with("session closed") => Some(Line::Lost),
        _ => None,
    }
}

/// What listens everywhere listens on this machine too.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        ip if ip.is_unspecified() => {
            SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port())
        }
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tunnel_that_leads_elsewhere_is_not_ours() {
        let of = |tunnels: &str| serde_json::from_str::<Answer>(tunnels).unwrap();
        let two = of(r#"{ "tunnels": [
            { "public_url": "https://other.example", "config": { "addr": "http://localhost:13335" } },
            { "public_url": "https://ours.example", "config": { "addr": "http://localhost:3335" } }
        ] }"#);
        let url =
            |answer: &Answer, elsewhere| answer.url(3335, elsewhere).map(|url| url.to_string());
        assert_eq!(url(&two, true).as_deref(), Some("https://ours.example/"));
        let unsaid = of(r#"{ "tunnels": [{ "public_url": "https://some.example" }] }"#);
        assert_eq!(url(&unsaid, true), None);
        assert_eq!(url(&unsaid, false).as_deref(), Some("https://some.example/"));
    }

    #[test]
    fn what_its_log_says_is_understood() {
        let address = |text: &str| text.parse().unwrap();
        let url = HttpUrl::parse("https://a.ngrok-free.app").unwrap();
        for (text, expected) in [
            (
                r#"{"addr":"127.0.0.1:4041","lvl":"info","msg":"starting web service","obj":"web"}"#,
                Some(Line::Api(address("127.0.0.1:4041"))),
            ),
            (
                r#"{"addr":"0.0.0.0:4040","lvl":"info","msg":"starting web service","obj":"web"}"#,
                Some(Line::Api(address("127.0.0.1:4040"))),
            ),
            (
                r#"{"addr":"http://127.0.0.1:3335","msg":"started tunnel","obj":"tunnels","url":"https://a.ngrok-free.app"}"#,
                Some(Line::Url(url)),
            ),
            (r#"{"msg":"client session established","obj":"csess"}"#, Some(Line::Connected)),
            (
                r#"{"err":"dial tcp: i/o timeout","msg":"failed to reconnect session"}"#,
                Some(Line::Lost),
            ),
            (
                r#"{"msg":"session closed, starting reconnect loop","obj":"csess"}"#,
                Some(Line::Lost),
            ),
            (
                r#"{"err":"authentication failed: Your authtoken: secret\r\n\r\nERR_NGROK_105\r\n","msg":"failed to reconnect session"}"#,
                Some(Line::Failed(105)),
            ),
            ("ERROR:  ERR_NGROK_334", Some(Line::Failed(334))),
            ("ERROR:  unknown flag: --url", Some(Line::Unknown)),
            (r#"{"msg":"join connections","obj":"join"}"#, None),
            ("ERROR:", None),
            ("ERR_NGROK_99999999999", None),
        ] {
            assert_eq!(understand(text), expected, "{text}");
        }
    }
}
