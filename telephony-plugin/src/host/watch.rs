//! Looks whether people who were challenged have been approved. The host tells that to nobody who
//! approves by its command line.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use telephony_core::{AccountId, Clock, PhoneNumber};
use tokio::sync::watch;

use super::challenges::Challenges;
use super::protocol::Approved;
use crate::report::chain;
use crate::rpc::Connection;
use crate::service::Telephony;

/// How often is looked. Few people wait at once: the host has at most three of each account.
const LOOK: Duration = Duration::from_secs(2);

/// Looks until `stop` becomes true.
pub(super) async fn run(
    service: &Telephony,
    connection: &Connection,
    challenges: &Challenges,
    clock: &Arc<dyn Clock>,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        for account in service.accounts().iter().filter(|account| account.is_running()) {
            let account = &account.settings.id;
            if let Err(error) = look(service, connection, challenges, &**clock, account).await {
                tracing::warn!(account_id = %account, error, "who is approved is not known now");
            }
        }
    }
}

async fn look(
    service: &Telephony,
    connection: &Connection,
    challenges: &Challenges,
    clock: &dyn Clock,
    account: &AccountId,
) -> Result<(), String> {
    let waiting = challenges.waiting(account, clock.now()).await;
    for number in waiting.map_err(|error| chain(&error))? {
        let params = json!({ "accountId": account, "from": number.as_str() });
        let answer = connection.call("access.approved", &params).await;
        let answer = answer.map_err(|error| chain(&error))?;
        let answer: Approved = serde_json::from_value(answer).map_err(|error| chain(&error))?;
        if answer.approved {
            approved(service, challenges, clock, account, &number).await?;
        }
    }
    Ok(())
}

/// Somebody is approved, however that was found out: they are told, once.
pub(super) async fn approved(
    service: &Telephony,
    challenges: &Challenges,
    clock: &dyn Clock,
    account: &AccountId,
    number: &PhoneNumber,
) -> Result<(), String> {
    let is_new = challenges.approve(account, number, clock.now()).await;
    if is_new.map_err(|error| chain(&error))? {
        tracing::info!(account_id = %account, from = number.masked(), "was approved");
        service.owed.notify_one();
    }
    Ok(())
}
