//! Sends a text: through the mock, unless a configuration file names a carrier.
//!
//! ```sh
//! cargo run -p telephony-providers --example send -- +15550001234 "Hello"
//! cargo run -p telephony-providers --example send -- +15550001234 "Hello" telephony.json5
//! ```
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use telephony_core::OutboundMessage;
use telephony_core::config::{Host, load};
use telephony_providers::{Outcome, Transport, connect};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(to), Some(text)) = (arguments.next(), arguments.next()) else {
        return Err("usage: send <to> <text> [configuration]".into());
    };
    let configuration = match arguments.next() {
        Some(path) => std::fs::read_to_string(path)?,
        None => r#"{ provider: "mock", fromNumber: "+15550001111" }"#.to_owned(),
    };
    let config = load(&configuration, Host::Standalone, &|name| std::env::var(name).ok())?;
    let account = config.accounts.first().ok_or("the configuration has no account")?;
    let provider = connect(account, &Transport::builder().build()?)?;

    let message = OutboundMessage::builder(to.parse()?).body(text).build()?;
    match provider.messaging.send(&message).await {
        Ok(sent) => println!("{} is {}", sent.id, sent.report.status),
        // Sending it again could send it twice: look first what became of it.
        Err(error) if error.outcome() == Outcome::Unknown => println!("perhaps sent: {error}"),
        Err(error) => println!("not sent: {error}"),
    }
    Ok(())
}
