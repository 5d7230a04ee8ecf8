//! One connection: what it is asked, what it asks, and the order in which lines go out.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use serde_json::Value;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinSet;

use super::line::{self, Line, MAX_LINE_BYTES};
use super::message::{self, ErrorCode, Incoming, RpcError};

/// The most requests of the other side that are being carried out at once; more wait unread.
const MAX_RUNNING: usize = 256;

/// The most lines that wait to be written. Whoever writes more waits for the other side to read.
const MAX_UNWRITTEN: usize = 1024;

/// What a side can be asked.
#[async_trait]
pub trait Methods: Send + Sync {
    /// Carries out a request. For a notification the answer is thrown away.
    ///
    /// # Errors
    ///
    /// [`RpcError`] is the answer then.
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError>;
}

/// The way to ask the other side. Clones ask the same one.
#[derive(Debug, Clone)]
pub struct Connection(Arc<Shared>);

/// Why there is no answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConnectionError {
    /// The other side says no.
    #[error(transparent)]
    Refused(#[from] RpcError),
    /// The connection is closed. Whether the request was carried out is not known.
    #[error("the connection was closed before the answer came")]
    Closed,
    /// The request is longer than a line may be. It was not sent.
    #[error("the request has more than {MAX_LINE_BYTES} bytes")]
    TooLong,
}

type Waiting = HashMap<u64, oneshot::Sender<Result<Value, RpcError>>>;

#[derive(Debug)]
struct Shared {
    next_id: AtomicU64,
    /// Who waits for which answer; `None` when no answers come any more.
    waiting: Mutex<Option<Waiting>>,
    lines: mpsc::Sender<Vec<u8>>,
    /// Whether the input has ended.
    closed: watch::Sender<bool>,
}

impl Connection {
    /// A connection over a pair of streams, and what has to run for it to work: that ends when the
    /// input ends, after everything that was asked has been answered.
    pub fn new<I, O>(
        input: I,
        output: O,
        methods: Arc<dyn Methods>,
    ) -> (Self, impl Future<Output = io::Result<()>>)
    where
        I: AsyncRead + Unpin + Send,
        O: AsyncWrite + Unpin + Send,
    {
        let (lines, unwritten) = mpsc::channel(MAX_UNWRITTEN);
        let waiting = Mutex::new(Some(HashMap::new()));
        let closed = watch::Sender::new(false);
        let shared = Shared { next_id: AtomicU64::new(1), waiting, lines, closed };
        let connection = Self(Arc::new(shared));
        let (ended, input_ended) = oneshot::channel();
        let reading = connection.clone();
        let run = async move {
            let read = async move {
                let result = reading.read(input, methods).await;
                // Nobody is answered any more; lines that are ready are still written.
                reading.waiting().take();
                drop(ended);
                result
            };
            let write = write(output, unwritten, input_ended);
            let (read, written) = tokio::join!(read, write);
            read.and(written)
        };
        (connection, run)
    }

    /// Asks the other side, and waits for its answer.
    ///
    /// # Errors
    ///
    /// [`ConnectionError`] says whether it said no, or nothing.
    pub async fn call(&self, method: &str, params: &Value) -> Result<Value, ConnectionError> {
        let id = self.0.next_id.fetch_add(1, Ordering::Relaxed);
        let line = encode(&message::request(id, method, params)).ok_or(ConnectionError::TooLong)?;
        let (sender, answer) = oneshot::channel();
        match self.waiting().as_mut() {
            Some(waiting) => waiting.insert(id, sender),
            None => return Err(ConnectionError::Closed),
        };
        // Whoever stops waiting leaves no entry behind.
        let _forget = Forget { connection: self, id };
        self.0.lines.send(line).await.map_err(|_| ConnectionError::Closed)?;
        Ok(answer.await.map_err(|_| ConnectionError::Closed)??)
    }

    /// Waits until the other side asks and answers nothing more.
    pub async fn closed(&self) {
        // We hold the sender.
        let _ = self.0.closed.subscribe().wait_for(|closed| *closed).await;
    }

    /// Tells the other side something. That it is gone is no error.
    pub async fn notify(&self, method: &str, params: &Value) {
        if let Some(line) = encode(&message::notification(method, params)) {
            let _ = self.0.lines.send(line).await;
        }
    }

    async fn read<I: AsyncRead + Unpin>(
        &self,
        input: I,
        methods: Arc<dyn Methods>,
    ) -> io::Result<()> {
        let mut input = BufReader::new(input);
        let mut running = JoinSet::new();
        let slots = Arc::new(Semaphore::new(MAX_RUNNING));
        let result = loop {
            while running.try_join_next().is_some() {}
            let line = match line::read(&mut input).await {
                Ok(Line::Whole(line)) => line,
                Ok(Line::TooLong) => {
                    let error = RpcError::new(
                        ErrorCode::Parse,
                        format!("the line has more than {MAX_LINE_BYTES} bytes"),
                    );
                    self.answer(&Value::Null, Err(error)).await;
                    continue;
                }
                Ok(Line::End) => break Ok(()),
                Err(error) => break Err(error),
            };
            if line.trim_ascii().is_empty() {
                continue;
            }
            match message::parse(&line) {
                Ok(Incoming::Request { id, method, params }) => {
                    let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { break Ok(()) };
                    let (connection, methods) = (self.clone(), Arc::clone(&methods));
                    running.spawn(async move {
                        let result = carry_out(methods, method, params).await;
                        if let Some(id) = id {
                            connection.answer(&id, result).await;
                        }
                        drop(slot);
                    });
                }
                Ok(Incoming::Answer { id, result }) => {
                    let sender = self.waiting().as_mut().and_then(|waiting| waiting.remove(&id));
                    // Whoever asked may have stopped waiting.
                    let _ = sender.map(|sender| sender.send(result));
                }
                Err(bad) => self.answer(&bad.id, Err(bad.error)).await,
            }
        };
        self.0.closed.send_replace(true);
        while running.join_next().await.is_some() {}
        result
    }

    async fn answer(&self, id: &Value, result: Result<Value, RpcError>) {
        let line = encode(&message::answer(id, result)).or_else(|| {
            let sentence = "the answer is too long: ask for less of it";
            encode(&message::answer(id, Err(RpcError::new(ErrorCode::Internal, sentence))))
        });
        if let Some(line) = line {
            let _ = self.0.lines.send(line).await;
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Option<Waiting>> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A method that panics fails alone.
async fn carry_out(
    methods: Arc<dyn Methods>,
    method: String,
    params: Value,
) -> Result<Value, RpcError> {
    let call = tokio::spawn(async move { methods.call(&method, params).await });
    call.await.unwrap_or_else(|_| {
        Err(RpcError::new(ErrorCode::Internal, "this failed in a way that nobody foresaw"))
    })
}

/// Writes lines until the input has ended and all that was ready by then is written.
async fn write<O: AsyncWrite + Unpin>(
    mut output: O,
    mut lines: mpsc::Receiver<Vec<u8>>,
    mut input_ended: oneshot::Receiver<()>,
) -> io::Result<()> {
    loop {
        let line = tokio::select! {
            biased;
            line = lines.recv() => line,
            // Also when the reading side was dropped: there is nobody left to answer.
            _ = &mut input_ended, if !lines.is_closed() => {
                lines.close();
                continue;
            }
        };
        let Some(line) = line else { return Ok(()) };
        output.write_all(&line).await?;
        output.flush().await?;
    }
}

/// One line, or `None` when it is too long.
fn encode(value: &Value) -> Option<Vec<u8>> {
    let mut line = serde_json::to_vec(value).ok()?;
    if line.len() > MAX_LINE_BYTES {
        return None;
    }
    line.push(b'\n');
    Some(line)
}

struct Forget<'a> {
    connection: &'a Connection,
    id: u64,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        if let Some(waiting) = self.connection.waiting().as_mut() {
            waiting.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::io::{AsyncBufReadExt as _, duplex, split};

    use super::*;

    struct Echo;

    #[async_trait]
    impl Methods for Echo {
        async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
            match method {
                "echo" => Ok(params),
                "large" => Ok(Value::String("x".repeat(MAX_LINE_BYTES))),
                "panic" => panic!("as it was asked to"),
                _ => Err(RpcError::new(ErrorCode::NoMethod, "there is no such method")),
            }
        }
    }

    /// Two connections that speak with each other.
    fn pair() -> (Connection, Connection) {
        let (left, right) = duplex(4096);
        let [left, right] = [left, right].map(|stream| {
            let (input, output) = split(stream);
            let (connection, run) = Connection::new(input, output, Arc::new(Echo));
            tokio::spawn(run);
            connection
        });
        (left, right)
    }

    #[tokio::test]
    async fn both_sides_ask_and_answer_at_once() {
        let (left, right) = pair();
        let mut calls = JoinSet::new();
        for count in 0..600 {
            let side = if count % 2 == 0 { left.clone() } else { right.clone() };
            calls.spawn(async move {
                let answer = side.call("echo", &json!({ "count": count })).await.unwrap();
                assert_eq!(answer["count"], count);
            });
        }
        while let Some(result) = calls.join_next().await {
            result.unwrap();
        }
    }

    #[tokio::test]
    async fn what_fails_fails_alone() {
        let (left, _right) = pair();
        for (method, code) in [
            ("nothing", ErrorCode::NoMethod),
            ("panic", ErrorCode::Internal),
            ("large", ErrorCode::Internal),
        ] {
            match left.call(method, &Value::Null).await {
                Err(ConnectionError::Refused(error)) => assert_eq!(error.code, code.number()),
                other => panic!("{method}: {other:?}"),
            }
        }
        let long = json!("x".repeat(MAX_LINE_BYTES));
        assert!(matches!(left.call("echo", &long).await, Err(ConnectionError::TooLong)));
        assert_eq!(left.call("echo", &json!(1)).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn the_end_of_the_input_ends_it_after_what_was_asked_is_answered() {
        let lines = [
            r#"{"jsonrpc":"2.0","id":1,"method":"echo","params":[1]}"#,
            "",
            "{",
            r#"{"jsonrpc":"2.0","method":"echo"}"#,
            r#"{"jsonrpc":"2.0","id":9,"result":1}"#,
        ];
        let input = lines.join("\n") + "\n";
        let (output, written) = duplex(1 << 16);
        let (connection, run) = Connection::new(input.as_bytes(), output, Arc::new(Echo));
        run.await.unwrap();
        assert!(matches!(connection.call("echo", &json!(1)).await, Err(ConnectionError::Closed)));
        let mut answers = Vec::new();
        let mut lines = BufReader::new(written).lines();
        while let Some(line) = lines.next_line().await.unwrap() {
            answers.push(serde_json::from_str::<Value>(&line).unwrap());
        }
        answers.sort_by_key(|answer| answer["id"].as_u64());
        assert_eq!(answers.len(), 2, "{answers:?}");
        assert_eq!(answers[0]["error"]["code"], -32700);
        assert_eq!(answers[1]["result"], json!([1]));
    }

    #[tokio::test]
    async fn a_call_ends_when_the_other_side_is_gone() {
        let (left, right) = duplex(4096);
        let (input, output) = split(left);
        let (connection, run) = Connection::new(input, output, Arc::new(Echo));
        let running = tokio::spawn(run);
        let call = tokio::spawn(async move { connection.call("echo", &json!(1)).await });
        let mut line = String::new();
        let mut right = BufReader::new(right);
        right.read_line(&mut line).await.unwrap();
        drop(right);
        assert!(matches!(call.await.unwrap(), Err(ConnectionError::Closed)));
        running.await.unwrap().unwrap();
    }
}
