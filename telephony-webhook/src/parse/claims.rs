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

    /// Whether the number is the account's own.
    #[cfg(feature = "server")]
    pub(crate) fn name_number_of(&self, account: &Account) -> bool {
        self.number_is_of(account) == Some(true)
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::parse::samples::account;

    const OURS: &str = "+15550001111";
    const OTHER: &str = "+15550002222";

    fn claims(carrier_account: &str, profile: &str, connection: &str, number: &str) -> Claims {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Claims {
            carrier_account: given(carrier_account),
            profile: given(profile),
            connection: given(connection),
            number: Sender::parse(number).ok(),
        }
    }

    fn twilio(from: Option<&str>, service: Option<&str>) -> Account {
        let mut account = account(json!({
            "provider": "twilio", "fromNumber": OURS, "publicUrl": "https://example.com",
            "twilio": { "accountSid": "AC1", "authToken": "token", "messagingServiceSid": service },
        }));
        account.from = from.map(|from| Sender::parse(from).unwrap());
        account
    }

    fn telnyx(from: Option<&str>, profile: Value, connection: Value) -> Account {
        let mut account = account(json!({
            "provider": "telnyx", "fromNumber": OURS, "publicUrl": "https://example.com",
            "telnyx": {
                "apiKey": "KEY", "publicKey": "6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=",
                "messagingProfileId": profile, "connectionId": connection,
            },
        }));
        account.from = from.map(|from| Sender::parse(from).unwrap());
        account
    }

    #[test]
    fn twilio_is_told_by_account_then_service_then_number() {
        for (from, service, sid, claimed, number, expected) in [
            // Another account is never ours, whatever else fits.
            (Some(OURS), Some("MG1"), "AC2", "MG1", OURS, false),
            (None, None, "AC2", "", "", false),
            (None, None, "AC1", "", "", true),
            // A service of ours sends and receives by any number.
            (Some(OURS), Some("MG1"), "AC1", "MG1", OTHER, true),
            (None, Some("MG1"), "", "MG1", OTHER, true),
            // A number of ours may be in another service.
            (Some(OURS), Some("MG1"), "AC1", "MG2", OURS, true),
            (Some(OURS), Some("MG1"), "AC1", "MG2", OTHER, false),
            // Without a number, another service is another's.
            (None, Some("MG1"), "AC1", "MG2", OTHER, false),
            (None, Some("MG1"), "AC1", "", OTHER, true),
            (Some(OURS), None, "AC1", "MG2", OURS, true),
            (Some(OURS), None, "AC1", "MG2", OTHER, false),
            (Some(OURS), None, "AC1", "", "", true),
            (None, None, "AC1", "MG2", OTHER, true),
            // A name is not written to.
            (Some("Acme"), None, "AC1", "", OTHER, true),
            (Some("Acme"), Some("MG1"), "AC1", "MG2", OTHER, false),
            (Some("72345"), None, "AC1", "", "72345", true),
            (Some("72345"), None, "AC1", "", OTHER, false),
        ] {
            let claims = claims(sid, claimed, "", number);
            let account = twilio(from, service);
            assert_eq!(claims.belong_to(&account), expected, "{claims:?} {from:?} {service:?}");
        }
    }

    #[test]
    fn telnyx_has_profiles_for_messages_and_connections_for_calls() {
        let account = telnyx(None, json!("p1"), json!("7"));
        for (profile, connection, expected) in [
            ("p1", "", true),
            ("p2", "", false),
            ("", "7", true),
            ("", "8", false),
            // One is not compared with the other.
            ("7", "", false),
            ("", "p1", false),
            ("", "", true),
        ] {
            let claims = claims("", profile, connection, OTHER);
            assert_eq!(claims.belong_to(&account), expected, "{claims:?}");
        }
        let calls_alone = telnyx(None, json!(null), json!("7"));
        assert!(claims("", "p1", "", OTHER).belong_to(&calls_alone));
        let numbered = telnyx(Some(OURS), json!(null), json!(null));
        assert!(claims("", "p1", "", OURS).belong_to(&numbered));
        assert!(!claims("", "p1", "", OTHER).belong_to(&numbered));
    }

    #[test]
    fn the_others_have_their_number_alone() {
        let mock = account(json!({ "provider": "mock", "fromNumber": OURS }));
        for (number, expected) in [(OURS, true), (OTHER, false), ("", true)] {
            // What only others claim means nothing here.
            assert_eq!(claims("AC2", "p2", "8", number).belong_to(&mock), expected, "{number}");
        }
    }
}
