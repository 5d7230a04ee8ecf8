//! Whom a payload says it is for.

use telephony_core::Sender;
use telephony_core::config::{Account, Provider};

/// Whom a payload says it is for. A signature shows that the carrier sent it, and by whose key;
/// where several accounts share a key or a path, this tells them apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Claims {
    /// The customer's account at the carrier.
    pub carrier_account: Option<String>,
    /// What groups numbers for messages: a Messaging Service, or a messaging profile.
    pub profile: Option<String>,
    /// What groups numbers for calls: a connection.
    pub connection: Option<String>,
    /// The number of ours that was written to, called or sent from.
    pub number: Option<Sender>,
}

impl Claims {
    /// Whether the payload is for `account`.
    ///
    /// Another account at the carrier is never it. A profile or connection that is configured is
    /// enough, since it may send and receive by many numbers. Else the number decides, where one is
    /// configured that can be written to; without one, a different profile or connection. Where
    /// nothing can be compared, the key that fitted has to do.
    #[must_use]
    pub fn belong_to(&self, account: &Account) -> bool {
        let groups = match &account.provider {
            Provider::Twilio(twilio) => {
                let claimed = self.carrier_account.as_ref();
                if claimed.is_some_and(|claimed| *claimed != twilio.account_sid) {
                    return false;
                }
                [(&self.profile, &twilio.messaging_service_sid), (&self.connection, &None)]
            }
            Provider::Telnyx(telnyx) => [
                (&self.profile, &telnyx.messaging_profile_id),
                (&self.connection, &telnyx.connection_id),
            ],
            _ => return self.number_is_of(account).unwrap_or(true),
        };
        // `None` where there is nothing to compare.
        let mut compared = groups
            .into_iter()
            .filter_map(|(claimed, ours)| Some(claimed.as_ref()? == ours.as_ref()?));
        let group = compared.next();
        if group == Some(true) {
            return true;
        }
        self.number_is_of(account).or(group).unwrap_or(true)
    }

    /// Whether the number is the account's; `None` where that cannot be compared. A name is sent
    /// from and never written to, so another number says nothing about it.
    fn number_is_of(&self, account: &Account) -> Option<bool> {
        match (self.number.as_ref()?, account.from.as_ref()?) {
            (claimed, ours) if claimed == ours => Some(true),
            (_, Sender::Alphanumeric(_)) => None,
            _ => Some(false),
        }
    }
}
