//! A proxy that ends TLS before the server, and what proxies do wrong.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What a proxy does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Habit {
    /// Passes it on as it is.
    Faithful,
    /// Takes away the first part of the path.
    StripsPrefix,
    /// Takes away the query.
    DropsQuery,
    /// Takes away a header.
    DropsHeader(&'static str),
    /// Adds to the body.
    RewritesBody,
    /// Says which URL was requested.
    Forwards,
    /// Passes on one path alone.
    OnlyWebhooks,
    /// Answers by itself.
    Answers(u16, &'static str),
}

/// Listens for `server`, with TLS where there is any: its address.
pub fn start(server: SocketAddr, tls: Option<Arc<ServerConfig>>, habit: Habit) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let tls = tls.clone();
            thread::spawn(move || match tls {
                None => {
                    let mut stream = stream;
                    pass(&mut stream, server, habit);
                }
                Some(tls) => {
                    let connection = ServerConnection::new(tls).unwrap();
                    let mut stream = StreamOwned::new(connection, stream);
                    pass(&mut stream, server, habit);
                    stream.conn.send_close_notify();
                    let _ = stream.flush();
                }
            });
        }
    });
    address
}

/// One request and its answer. Who breaks off gets none.
fn pass(client: &mut (impl Read + Write), server: SocketAddr, habit: Habit) -> Option<()> {
    let (mut lines, mut body) = read(client)?;
    let answer = |status: u16, text: &str| {
        format!(
            "HTTP/1.1 {status} Answer\r\nlocation: /elsewhere\r\nconnection: close\r\n\
             content-length: {}\r\n\r\n{text}",
            text.len()
        )
    };
    let first = lines.first()?.clone();
    let mut words = first.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let target = match habit {
        Habit::Answers(status, text) => {
            return client.write_all(answer(status, text).as_bytes()).ok();
        }
        Habit::OnlyWebhooks if !target.starts_with("/telephony/webhook") => {
            return client.write_all(answer(404, "<html>no such page</html>").as_bytes()).ok();
        }
        Habit::StripsPrefix => target.replacen("/telephony", "", 1),
        Habit::DropsQuery => target.split('?').next()?.to_owned(),
        _ => target,
    };
    if habit == Habit::RewritesBody {
        body.extend(b"&added=by+the+proxy");
    }
    lines.retain(|line| {
        let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
        let is_dropped = matches!(habit, Habit::DropsHeader(dropped) if name == dropped);
        !is_dropped && name != "content-length" && name != "connection"
    });
    lines[0] = format!("{method} {target} HTTP/1.1");
    lines.push(format!("content-length: {}", body.len()));
    lines.push("connection: close".to_owned());
    if habit == Habit::Forwards {
        lines.push("x-forwarded-proto: https".to_owned());
        lines.push(format!("x-forwarded-host: {}", super::HOST));
    }
    let Ok(mut upstream) = TcpStream::connect(server) else {
        return client.write_all(answer(502, "bad gateway").as_bytes()).ok();
    };
    upstream.write_all(format!("{}\r\n\r\n", lines.join("\r\n")).as_bytes()).ok()?;
    upstream.write_all(&body).ok()?;
    let mut reply = Vec::new();
    upstream.read_to_end(&mut reply).ok()?;
    client.write_all(&reply).ok()
}

/// The lines of a request's head, and its body.
fn read(client: &mut impl Read) -> Option<(Vec<String>, Vec<u8>)> {
    let mut reader = BufReader::new(client);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let length = lines.iter().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some((lines, body))
}
