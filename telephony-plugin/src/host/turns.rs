//! Hands messages to the host, which takes them over and answers them by itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use serde_json::json;
use telephony_core::{Body, MessageId};
use tokio::sync::Notify;

use super::news::notification;
use super::protocol::{InboundFile, InboundTurn, TurnTaken};
use crate::handler::{HandlerError, Incoming};
use crate::media::Brought;
use crate::media::fetch::Fetcher;
use crate::report::chain;
use crate::rpc::{Connection, ConnectionError, ErrorCode, RpcError};
use crate::service::{Account, Adoption, Agent, News};

/// The host, as the service's agent.
#[derive(Debug)]
pub struct HostAgent {
    connection: Connection,
    fetcher: Arc<Fetcher>,
    turns: Mutex<HashMap<MessageId, Arc<Turn>>>,
}

/// A message that the host has been given.
#[derive(Debug)]
struct Turn {
    adoption: Arc<Adoption>,
    settled: Notify,
}

/// A turn, until it is over.
struct Begun<'a> {
    agent: &'a HostAgent,
    id: &'a MessageId,
    turn: Arc<Turn>,
}

impl HostAgent {
    /// An agent that asks over `connection`, and hands over files that `fetcher` fetches.
    #[must_use]
    pub fn new(connection: Connection, fetcher: Arc<Fetcher>) -> Self {
        Self { connection, fetcher, turns: Mutex::default() }
    }

    /// The host takes a message over: when this returns, that is on disk.
    ///
    /// # Errors
    ///
    /// [`RpcError`] when the host is to leave it.
    pub async fn adopted(&self, id: &MessageId) -> Result<(), RpcError> {
        let turn = self.turns().get(id).map(Arc::clone);
        let turn = turn.ok_or_else(|| {
            RpcError::new(ErrorCode::NotFound, "this message is in no turn: it comes again")
        })?;
        turn.adoption
            .adopt()
            .await
            .map_err(|error| RpcError::new(ErrorCode::Internal, chain(&error)))
    }

    /// The host is done with a message. Of one that is in no turn there is nothing to be done.
    pub fn settled(&self, id: &MessageId) {
        if let Some(turn) = self.turns().get(id) {
            turn.settled.notify_one();
        }
    }

    fn begin<'a>(&'a self, id: &'a MessageId, adoption: &Arc<Adoption>) -> Begun<'a> {
        let turn = Turn { adoption: Arc::clone(adoption), settled: Notify::new() };
        let turn = Arc::new(turn);
        self.turns().insert(id.clone(), Arc::clone(&turn));
        Begun { agent: self, id, turn }
    }

    fn turns(&self) -> MutexGuard<'_, HashMap<MessageId, Arc<Turn>>> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, message: &InboundTurn) -> Result<bool, ConnectionError> {
        let answer = self.connection.call("inbound.message", &json!(message)).await?;
        let answer: TurnTaken = serde_json::from_value(answer)
            .map_err(|error| ConnectionError::Refused(RpcError::params(&error)))?;
        Ok(answer.taken)
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        self.agent.turns().remove(self.id);
    }
}

#[async_trait]
impl Agent for HostAgent {
    async fn take(
        &self,
        account: &Account,
        message: &Incoming<'_>,
        adoption: &Arc<Adoption>,
    ) -> Result<Option<Body>, HandlerError> {
        let begun = self.begin(message.id, adoption);
        let Brought { text, files } =
            self.fetcher.bring(&account.settings, message.id, message.text, message.media).await;
        let media = files.0.iter().map(|file| InboundFile {
            path: file.path.display().to_string(),
            content_type: file.content_type.to_owned(),
        });
        let turn = InboundTurn {
            account_id: account.settings.id.clone(),
            id: message.id.clone(),
            from: message.from.to_owned(),
            to: message.to.to_owned(),
            text,
            media: media.collect(),
            received_at: message.received_at,
        };
        let asked = tokio::select! {
            asked = self.ask(&turn) => asked,
            () = self.connection.closed() => Err(ConnectionError::Closed),
        };
        // The host has its own copies by now, or comes to none.
        drop(files);
        match asked {
            // The host knew it already, or has taken it over without saying so.
            Ok(true) => adoption.adopt().await.map_err(|error| HandlerError::Host(error.into()))?,
            Ok(false) if !adoption.is_adopted() => return Err(HandlerError::NotTaken),
            Ok(false) => {}
            Err(error) if !adoption.is_adopted() => return Err(HandlerError::Host(error.into())),
            Err(error) => {
                let error = chain(&error);
                tracing::warn!(message_id = %message.id, error, "the host's turn broke off");
                return Ok(None);
            }
        }
        tokio::select! {
            () = begun.turn.settled.notified() => {}
            () = self.connection.closed() => {}
        }
        Ok(None)
    }

    async fn hear(&self, news: &News) {
        let (method, params) = notification(news);
        self.connection.notify(method, &params).await;
    }
}
