//! What a call does next: as its carrier asks, and after each event that it is told by.

use async_trait::async_trait;
use telephony_core::config::{AllowFrom, InboundPolicy};
use telephony_core::{Body, CallId, CallStep, CallUpdate, MachineDetection, Sender, config};
use telephony_pairing::{Standing, standing};
use telephony_providers::{Error as ProviderError, ErrorKind, Speech};
use telephony_webhook::{Answer, CallInstructions};

use super::{Account, CallError, News, Telephony};
use crate::outbound::{CallReport, Direction, LedgerError, Reception, Unheard};
use crate::report::chain;

/// How often a command that a carrier did not take is given again: a call does not wait for long.
const MAX_COMMANDS: u32 = 5;

impl Telephony {
    /// Takes an event of a call: has the call go on, keeps what is known of it, and tells the agent
    /// what is new. It is an error when it is to be tried again.
    pub(super) async fn on_call(&self, update: &CallUpdate, attempt: u32) -> Result<(), CallError> {
        let account = self.named(Some(&update.account))?;
        // First the phone, where somebody waits.
        let followed = self.follow(&account, update).await;
        let report = self.take_call(&account, update).await?;
        if let Some(report) = report {
            self.hang_up_on_machine(&account, &report, update).await;
        }
        let error = match followed {
            Ok(()) => return Ok(()),
            Err(error) if error.is_transient() && attempt < MAX_COMMANDS => {
                return Err(error.into());
            }
            // Whoever was called has hung up meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => chain(&error),
        };
        // Nobody is left to listen to silence until the call is too long.
        let (account_id, call_id) = (&update.account, &update.id);
        tracing::error!(%account_id, %call_id, error, "a call does not go on, and is ended");
        if let Err(error) = account.connection.voice.hang_up(&update.id).await {
            tracing::error!(%account_id, %call_id, error = chain(&error), "nor can it be ended");
        }
        self.ledger.call_stuck(&update.id, error).await?;
        Ok(())
    }

    async fn follow(&self, account: &Account, update: &CallUpdate) -> Result<(), ProviderError> {
        let inbound = inbound(&account.settings, update.from.as_ref());
        account.connection.voice.follow(update, &inbound).await
    }

    /// Keeps what an event says of a call, and tells the agent what is new.
    pub(super) async fn take_call(
        &self,
        account: &Account,
        update: &CallUpdate,
    ) -> Result<Option<CallReport>, LedgerError> {
        let Ok(id) = CallId::generate(&*self.clock, &*self.entropy) else { return Ok(None) };
        let settings = &account.settings;
        let provider = settings.provider.kind();
        let reception = match inbound(settings, update.from.as_ref()) {
            CallStep::Reject => Reception::Rejected,
            _ => Reception::Answered,
        };
        let unheard = Unheard { id, provider, reception };
        let report = self.ledger.apply_call(update.clone(), unheard, self.clock.now()).await?;
        let (account_id, status) = (&update.account, update.raw.as_str());
        let Some(report) = report else {
            tracing::info!(%account_id, call_id = %update.id, status, "a call that is not ours");
            return Ok(None);
        };
        tracing::info!(%account_id, call_id = %report.call.id, status, "call");
        if (report.advanced || report.is_new) && self.is_heard_of(account, &report).await {
            self.agent.hear(&News::Call(Box::new(report.clone()))).await;
        }
        Ok(Some(report))
    }

    /// Whether the agent hears of a call: of all of its own, and of somebody who calls when they may
    /// talk to it.
    async fn is_heard_of(&self, account: &Account, report: &CallReport) -> bool {
        if report.call.direction == Direction::Outbound {
            return true;
        }
        let Some(caller) = report.call.number.as_ref() else { return false };
        match standing(account.settings.policy, &account.settings.allow_from, caller) {
            Standing::Allowed => true,
            Standing::AskStore(number) => {
                let approved = account.gate.is_approved(&account.settings.id, number).await;
                approved.unwrap_or_else(|error| {
                    tracing::warn!(error = chain(&error), "the agent is not told of a call");
                    false
                })
            }
            _ => false,
        }
    }

    /// Where the carrier tells of a machine and does nothing by itself.
    async fn hang_up_on_machine(
        &self,
        account: &Account,
        report: &CallReport,
        update: &CallUpdate,
    ) {
        let is_inline = account.connection.messaging.capabilities().speech == Speech::Inline;
        let is_wanted = report.machine_detection == MachineDetection::Hangup;
        if update.answered_by_machine != Some(true)
            || !is_inline
            || !is_wanted
            || report.call.is_over()
        {
            return;
        }
        if let Err(error) = account.connection.voice.hang_up(&update.id).await {
            let (account_id, call_id) = (&update.account, &report.call.id);
            tracing::warn!(%account_id, %call_id, error = chain(&error), "a machine listens on");
        }
    }

    /// What a call is to do whose carrier asks.
    async fn step(&self, account: &Account, update: &CallUpdate) -> Result<CallStep, LedgerError> {
        if update.inbound {
            return Ok(inbound(&account.settings, update.from.as_ref()));
        }
        let Some(reference) = &update.reference else { return Ok(CallStep::HangUp) };
        let says = self.ledger.call_says(&account.settings.id, reference).await?;
        Ok(match says {
            Some((_, MachineDetection::Hangup)) if update.answered_by_machine == Some(true) => {
                CallStep::HangUp
            }
            Some((said, _)) => {
                CallStep::Say { text: Body::new(said.text), language: said.language }
            }
            None => CallStep::HangUp,
        })
    }
}

#[async_trait]
impl CallInstructions for Telephony {
    async fn instruct(&self, update: &CallUpdate) -> Answer {
        let Some(account) = self.account(&update.account) else { return Answer::UNAVAILABLE };
        let step = match self.step(&account, update).await {
            Ok(step) => step,
            Err(error) => {
                let account_id = &update.account;
                tracing::error!(%account_id, error = chain(&error), "a call cannot be told what to do");
                return Answer::UNAVAILABLE;
            }
        };
        match account.connection.voice.document(&step) {
            Some(document) => Answer::document(document.content_type, document.body),
            None => Answer::accepted(account.settings.provider.kind()),
        }
    }
}

/// What somebody gets who calls. Who could not text does not hear that they could.
fn inbound(settings: &config::Account, from: Option<&Sender>) -> CallStep {
    let voice = &settings.voice;
    if voice.answer_inbound && may_text(settings, from) {
        let text = Body::new(voice.inbound_greeting.clone());
        CallStep::Say { text, language: voice.language.clone() }
    } else {
        CallStep::Reject
    }
}

/// Whether somebody who calls could text in place of it, so far as that is known without asking
/// anybody.
fn may_text(settings: &config::Account, from: Option<&Sender>) -> bool {
    let is_listed = settings.allow_from.iter().any(|entry| match entry {
        AllowFrom::Number(number) => from.and_then(Sender::number) == Some(number),
        // Who is in a group, its host knows.
        _ => true,
    });
    match settings.policy {
        InboundPolicy::Disabled => false,
        InboundPolicy::Allowlist => is_listed,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use telephony_core::config::{Host, from_value};

    use super::*;

    fn answered(keys: Value, from: &str) -> bool {
        let mut value = json!({ "provider": "mock", "fromNumber": "+15550001111" });
        value.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
        let config = from_value(value, Host::Standalone, &|_| None).unwrap();
        let from = Sender::parse(from).ok();
        inbound(&config.accounts[0], from.as_ref()) != CallStep::Reject
    }

    #[test]
    fn calls_are_answered_where_that_is_set_and_the_caller_may_text() {
        let voice = json!({ "inbound": "answer" });
        for (keys, from, expected) in [
            (json!({}), "+15550001234", false),
            (json!({ "voice": voice }), "+15550001234", true),
            (json!({ "voice": voice }), "", true),
            (json!({ "voice": voice, "inboundPolicy": "disabled" }), "+15550001234", false),
            (
                json!({ "voice": voice, "inboundPolicy": "allowlist", "allowFrom": ["+15550001234"] }),
                "+15550001234",
                true,
            ),
            (
                json!({ "voice": voice, "inboundPolicy": "allowlist", "allowFrom": ["+15550001234"] }),
                "+15550009999",
                false,
            ),
        ] {
            assert_eq!(answered(keys.clone(), from), expected, "{keys} {from}");
        }
    }
}
