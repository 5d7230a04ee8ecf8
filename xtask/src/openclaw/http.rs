//! Small servers and requests on this machine.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use tiny_http::{Header, Response, Server};

use crate::step::Failure;

/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a stand-in is asked.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: String,
}

/// What it answers.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: Vec<u8>,
    /// How long it takes.
    pub(crate) after: Duration,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        let body = body.to_string().into_bytes();
        Self { status, content_type: "application/json", body, after: Duration::ZERO }
    }
}

/// Serves on a port of this machine, each request in a thread of its own; where.
pub(crate) fn serve(
    answer: impl Fn(Asked) -> Answer + Send + Sync + 'static,
) -> Result<SocketAddr, Failure> {
    let server = Server::http("127.0.0.1:0").map_err(|error| Failure::new(error.to_string()))?;
    let address = server.server_addr().to_ip();
    let address = address.ok_or_else(|| Failure::new("the stand-in has no address"))?;
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for mut request in server.incoming_requests() {
            let answer = Arc::clone(&answer);
            std::thread::spawn(move || {
                let mut body = String::new();
                // What is no text is nothing that these stand-ins are asked.
                let _ = request.as_reader().read_to_string(&mut body);
                let (method, path) = (request.method().to_string(), request.url().to_owned());
                let Answer { status, content_type, body, after } =
                    answer(Asked { method, path, body });
                std::thread::sleep(after);
                let mut response = Response::from_data(body).with_status_code(status);
                if let Ok(header) = Header::from_bytes("content-type", content_type) {
                    response = response.with_header(header);
                }
                // Whoever asked may have left.
                let _ = request.respond(response);
            });
        }
    });
    Ok(address)
}

/// The status and the body of an answer.
pub(crate) fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    body: &str,
) -> std::io::Result<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap_or(answer.len());
    let head = String::from_utf8_lossy(answer.get(..end).unwrap_or_default()).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| std::io::Error::other("this is no answer"))?;
    Ok((status, answer.get(end + 4..).unwrap_or_default().to_vec()))
}

/// Whether a server says that it is well.
pub(crate) fn is_healthy(address: SocketAddr) -> bool {
    request(address, "GET", "/health", "").is_ok_and(|(status, _)| status == 200)
}
