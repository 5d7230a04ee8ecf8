//! A program that answers messages: JSON on its standard input, the reply on its standard output.

use std::process::Stdio;

use async_trait::async_trait;
use telephony_core::Body;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process;

use super::{HANDLER_DEADLINE, Handler, HandlerError, Incoming, MAX_REPLY_BYTES, reply};

/// Variables that stand for our secrets, which are none of a handler's business.
const SECRETS: [&str; 4] =
    ["TWILIO_AUTH_TOKEN", "TELNYX_API_KEY", "PLIVO_AUTH_TOKEN", "NGROK_AUTHTOKEN"];

/// Runs a command line in the shell, once a message.
#[derive(Debug)]
pub(super) struct Command(String);

impl Command {
    pub(super) fn new(line: &str) -> Self {
        Self(line.to_owned())
    }

    fn process(&self) -> process::Command {
        #[cfg(unix)]
        let (shell, flag) = ("/bin/sh", "-c");
        #[cfg(not(unix))]
        let (shell, flag) = ("cmd", "/C");
        let mut command = process::Command::new(shell);
        command.arg(flag).arg(&self.0).stdin(Stdio::piped()).stdout(Stdio::piped());
        SECRETS.iter().for_each(|variable| {
            command.env_remove(variable);
        });
        // What it writes to standard error is the operator's to read, beside our own log.
        command.stderr(Stdio::inherit()).kill_on_drop(true);
        command
    }

    async fn run(&self, input: &[u8]) -> Result<Vec<u8>, HandlerError> {
        let mut child = self.process().spawn().map_err(HandlerError::Run)?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let write = async {
            if let Some(mut stdin) = stdin {
                // A program that does not read to the end may answer all the same.
                let _ = stdin.write_all(input).await;
            }
        };
        let mut output = Vec::new();
        let read = async {
            let Some(stdout) = stdout else { return Ok(0) };
            stdout.take(MAX_REPLY_BYTES as u64 + 1).read_to_end(&mut output).await
        };
        let ((), read) = tokio::join!(write, read);
        read.map_err(HandlerError::Run)?;
        if output.len() > MAX_REPLY_BYTES {
            return Err(HandlerError::TooLong);
        }
        let status = child.wait().await.map_err(HandlerError::Run)?;
        if status.success() { Ok(output) } else { Err(HandlerError::Status(status)) }
    }
}

#[async_trait]
impl Handler for Command {
    async fn answer(&self, message: &Incoming<'_>) -> Result<Option<Body>, HandlerError> {
        let mut input = serde_json::to_vec(message).map_err(|e| HandlerError::Run(e.into()))?;
        input.push(b'\n');
        let run = tokio::time::timeout(HANDLER_DEADLINE, self.run(&input));
        reply(run.await.map_err(|_| HandlerError::Deadline)??)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::super::tests::ask;
    use super::*;

    #[tokio::test]
    async fn a_program_reads_the_message_and_writes_the_reply() {
        let answer = ask("command:cat", "Hi \"there\"\nyou").await.unwrap().unwrap();
        let message: serde_json::Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(message["id"], "msg_1");
        assert_eq!(message["text"], "Hi \"there\"\nyou");
        assert_eq!(message["from"], "+15550001234");
        assert_eq!(ask("command:echo '  yes '", "Hi").await.unwrap().as_deref(), Some("yes"));
        assert_eq!(ask("command:true", "Hi").await.unwrap(), None);
    }

    #[tokio::test]
    async fn what_fails_is_no_answer() {
        assert!(matches!(ask("command:exit 3", "x").await, Err(HandlerError::Status(_))));
        assert!(matches!(ask("command:no-such-program", "x").await, Err(HandlerError::Status(_))));
        let flood = format!("command:head -c {} /dev/zero", MAX_REPLY_BYTES + 1);
        assert!(matches!(ask(&flood, "x").await, Err(HandlerError::TooLong)));
        let bytes = r"command:printf '\377'";
        assert!(matches!(ask(bytes, "x").await, Err(HandlerError::Encoding)));
    }
}
