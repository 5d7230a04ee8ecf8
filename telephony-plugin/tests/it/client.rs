//! A client that keeps its connection, and the texts that Twilio posts through it.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use telephony_core::{Secret, Timestamp};
use telephony_webhook::Signer;

use crate::outside::{SID, TOKEN};

const ORIGIN: &str = "https://example.com";
const PUBLIC: &str = "https://example.com/telephony/webhook";

/// A connection.
pub struct Client(BufReader<TcpStream>);

/// An answer, as far as it matters.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Whether the server says that it closes the connection.
    pub closes: bool,
}

impl Client {
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// The answer to a request. The end of the connection in its place is an error.
    pub fn exchange(&mut self, request: &[u8]) -> io::Result<Answer> {
        self.0.get_mut().write_all(request)?;
        let line = self.line()?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| io::Error::other(line))?;
        let (mut closes, mut length) = (false, 0);
        loop {
            let line = self.line()?.to_ascii_lowercase();
            match line.split_once(": ") {
                Some(("connection", value)) => closes = value == "close",
                Some(("content-length", value)) => {
                    length = value.parse().map_err(io::Error::other)?;
                }
                None if line.is_empty() => break,
                _ => {}
            }
        }
        io::copy(&mut self.0.by_ref().take(length), &mut io::sink())?;
        Ok(Answer { status, closes })
    }

    /// Waits until the server closes the connection.
    pub fn closed(mut self) {
        // How it ends does not matter.
        let _ = io::copy(&mut self.0, &mut io::sink());
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.0.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}

/// Twilio's request for a text whose words are its id.
pub fn text(id: &str, from: &str, to: &str) -> Vec<u8> {
    signed(&[("MessageSid", id), ("From", from), ("To", to), ("Body", id), ("NumMedia", "0")])
}

/// The same, of these words, and for a customer's account that may be somebody else's.
pub fn said(sid: &str, id: &str, from: &str, to: &str, words: &str) -> Vec<u8> {
    signed_for(
        sid,
        &[("MessageSid", id), ("From", from), ("To", to), ("Body", words), ("NumMedia", "0")],
    )
}

/// The same, with a picture at a URL and no words.
pub fn picture(id: &str, from: &str, to: &str, url: &str) -> Vec<u8> {
    let media = [("NumMedia", "1"), ("MediaUrl0", url), ("MediaContentType0", "image/png")];
    signed(&[[("MessageSid", id), ("From", from), ("To", to)], media].concat())
}

/// Twilio's report on a text, to the URL that it was given for that.
pub fn report(url: &str, id: &str, status: &str) -> Vec<u8> {
    let fields = [("MessageSid", id), ("MessageStatus", status), ("AccountSid", SID)];
    let code = if status == "undelivered" { Some(("ErrorCode", "30003")) } else { None };
    signed_at(url, fields.into_iter().chain(code))
}

fn signed(fields: &[(&str, &str)]) -> Vec<u8> {
    signed_for(SID, fields)
}

fn signed_for(sid: &str, fields: &[(&str, &str)]) -> Vec<u8> {
    let others = [("AccountSid", sid), ("SmsStatus", "received")];
    signed_at(PUBLIC, fields.iter().chain(&others).copied())
}

fn signed_at<'a>(url: &str, fields: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<u8> {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let signer = Signer::twilio(Secret::new(TOKEN));
    let signed = signer.sign("POST", url, body.as_bytes(), Timestamp::EPOCH, "").unwrap();
    let (name, signature) = &signed[0];
    let target = url.strip_prefix(ORIGIN).unwrap();
    format!(
        "POST {target} HTTP/1.1\r\nhost: example.com\r\n{name}: {signature}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The status of `GET /health`.
pub fn health(address: SocketAddr) -> u16 {
    let request = b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    Client::connect(address).unwrap().exchange(request).unwrap().status
}
