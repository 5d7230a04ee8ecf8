//! A carrier that cuts off, delays, repeats and refuses its answers, and a handler beside it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::outside::{AGENT, Fuse, Moment, SID, TOKEN};

/// What the carrier does with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Take,
    /// Takes it, and is slow to say so.
    Slowly,
    /// Takes it, says that the connection stays, and closes it.
    HangUp,
    /// Takes it, and says so twice.
    Twice,
    /// Takes it, and is cut off before a byte of the answer.
    CutAfter,
    /// Takes it, and is cut off in the answer.
    CutWithin,
    /// Takes it, and fails.
    Fail,
    /// Is cut off before it has read the text.
    CutBefore,
    /// Takes nothing: there is too much.
    TooMuch,
    /// Takes nothing: it is out of order.
    OutOfOrder,
}

impl Answer {
    pub const ROUGH: [Self; 9] = [
        Self::Slowly,
        Self::HangUp,
        Self::Twice,
        Self::CutAfter,
        Self::CutWithin,
        Self::Fail,
        Self::CutBefore,
        Self::TooMuch,
        Self::OutOfOrder,
    ];

    const fn takes(self) -> bool {
        !matches!(self, Self::CutBefore | Self::TooMuch | Self::OutOfOrder)
    }
}

/// A text that the carrier has taken.
#[derive(Debug, Clone)]
pub struct Taken {
    pub id: String,
    pub to: String,
    pub body: String,
    /// Where it is to be reported on.
    pub callback: String,
}

/// What is said to a message: the number of the time it is handled, and its text; or nothing, and the
/// handler fails.
type Say = dyn Fn(usize, &str) -> Option<String> + Send + Sync;

/// What a carrier does next.
type Next = dyn FnMut() -> Answer + Send;

pub struct Carrier {
    address: SocketAddr,
    seen: Arc<Seen>,
}

struct Seen {
    next: Mutex<Box<Next>>,
    say: Box<Say>,
    taken: Mutex<Vec<Taken>>,
    handled: Mutex<Vec<String>>,
    fuse: Fuse,
}

impl Carrier {
    pub fn start(
        next: impl FnMut() -> Answer + Send + 'static,
        say: impl Fn(usize, &str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self::at("127.0.0.1:0".parse().unwrap(), next, say)
    }

    pub fn at(
        address: SocketAddr,
        next: impl FnMut() -> Answer + Send + 'static,
        say: impl Fn(usize, &str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen {
            next: Mutex::new(Box::new(next)),
            say: Box::new(say),
            taken: Mutex::default(),
            handled: Mutex::default(),
            fuse: Fuse::default(),
        });
        let serving = Arc::downgrade(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                // It ends with whoever started it: see below.
                let Some(seen) = serving.upgrade() else { return };
                std::thread::spawn(move || seen.serve(&stream.unwrap()));
            }
        });
        Self { address, seen }
    }

    /// From now on it takes everything at once.
    pub fn calm_down(&self) {
        *self.seen.next.lock().unwrap() = Box::new(|| Answer::Take);
    }

    pub fn fuse(&self) -> &Fuse {
        &self.seen.fuse
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.seen.taken.lock().unwrap().clone()
    }

    /// The texts that the handler was given, in order.
    pub fn handled(&self) -> Vec<String> {
        self.seen.handled.lock().unwrap().clone()
    }

    pub fn handler(&self) -> String {
        format!("http://{}/handler", self.address)
    }

    /// The configuration of a server that anybody may text.
    pub fn open(&self) -> Value {
        configuration(self.address)
    }
}

/// The configuration of a server whose carrier is there, or will be.
pub fn configuration(carrier: SocketAddr) -> Value {
    json!({
        "provider": "twilio", "fromNumber": AGENT, "publicUrl": "https://example.com",
        "inboundPolicy": "open", "allowFrom": ["*"], "serve": { "port": 0 },
        "twilio": {
            "accountSid": SID, "authToken": TOKEN, "apiBaseUrl": format!("http://{carrier}"),
        },
    })
}

impl Drop for Carrier {
    fn drop(&mut self) {
        // The last connection, after which nobody listens.
        self.seen = Arc::new(Seen {
            next: Mutex::new(Box::new(|| Answer::Take)),
            say: Box::new(|_, _| None),
            taken: Mutex::default(),
            handled: Mutex::default(),
            fuse: Fuse::default(),
        });
        let _ = TcpStream::connect(self.address);
    }
}

impl Seen {
    /// Answers what comes on a connection, until one of both ends it.
    fn serve(&self, stream: &TcpStream) {
        let _ = stream.set_nodelay(true);
        let mut reader = BufReader::new(stream);
        loop {
            // What is cut off before it is read is cut off with its first byte.
            if !reader.fill_buf().is_ok_and(|bytes| !bytes.is_empty()) {
                return;
            }
            let asked = |what: &[u8]| reader.buffer().starts_with(what);
            let (is_question, is_message) = (asked(b"GET "), asked(b"POST /handler"));
            let answer = match is_question || is_message {
                true => Answer::Take,
                false => (self.next.lock().unwrap())(),
            };
            if answer == Answer::CutBefore {
                return;
            }
            let Some(body) = read(&mut reader) else { return };
            let answered = match (is_question, is_message) {
                // Whoever asks is told what was so long ago.
                (true, _) => http("200 OK", "", r#"{"sid":"SM1","status":"queued"}"#),
                (false, true) => self.handle(&body),
                (false, false) => self.text(answer, &body),
            };
            let written = (&*stream).write_all(&answered);
            let ends = matches!(answer, Answer::HangUp | Answer::CutAfter | Answer::CutWithin);
            if ends || written.is_err() {
                let _ = stream.shutdown(Shutdown::Both);
                return;
            }
        }
    }

    fn handle(&self, body: &[u8]) -> Vec<u8> {
        let message: Value = serde_json::from_slice(body).unwrap();
        let text = message["text"].as_str().unwrap();
        let times = {
            let mut handled = self.handled.lock().unwrap();
            handled.push(text.to_owned());
            handled.iter().filter(|other| *other == text).count()
        };
        self.fuse.reach(Moment::Handling);
        match (self.say)(times, text) {
            Some(reply) => http("200 OK", "", &reply),
            None => http("500 Internal Server Error", "", ""),
        }
    }

    fn text(&self, answer: Answer, body: &[u8]) -> Vec<u8> {
        let fields: Vec<_> = url::form_urlencoded::parse(body).into_owned().collect();
        let field = |name: &str| {
            let found = fields.iter().find(|(field, _)| field == name);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let id = answer.takes().then(|| {
            let (to, body, callback) = (field("To"), field("Body"), field("StatusCallback"));
            let mut taken = self.taken.lock().unwrap();
            let id = format!("SM{:032}", taken.len() + 1);
            taken.push(Taken { id: id.clone(), to, body, callback });
            id
        });
        self.fuse.reach(Moment::Sending);
        let took = json!({ "sid": id, "status": "queued" }).to_string();
        let whole = http("201 Created", "", &took);
        match answer {
            Answer::Take | Answer::HangUp => whole,
            Answer::Slowly => {
                std::thread::sleep(Duration::from_millis(150));
                whole
            }
            Answer::Twice => whole.repeat(2),
            Answer::CutBefore | Answer::CutAfter => Vec::new(),
            Answer::CutWithin => whole[..whole.len() - took.len() / 2].to_owned(),
            Answer::Fail => http("500 Internal Server Error", "", "{}"),
            Answer::TooMuch => http("429 Too Many Requests", "retry-after: 0\r\n", "{}"),
            Answer::OutOfOrder => http("503 Service Unavailable", "", "{}"),
        }
    }
}

fn http(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}").into_bytes()
}

/// The body of the next request, if it comes whole.
fn read(reader: &mut BufReader<&TcpStream>) -> Option<Vec<u8>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(body)
}
