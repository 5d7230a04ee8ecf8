//! Whether the carrier takes the credentials, by a read that costs nothing.

use telephony_core::config::{Account, Provider};
use telephony_core::{ProviderKind, Timestamp};
use telephony_providers::{Connection, Error, ErrorKind, Standing};

use super::Doctor;
use super::finding::{Report, Said, Says};
use crate::report::chain;

/// What the carrier says of the credentials.
#[derive(Debug)]
pub(super) enum Credentials {
    /// They are taken.
    Taken(ProviderKind),
    /// The account reaches verified numbers alone.
    Trial(ProviderKind),
    /// The account is suspended or closed.
    Stopped(ProviderKind, Standing),
    /// They are not taken.
    Refused(ProviderKind, &'static str),
    /// They are taken, and not for this.
    Forbidden(ProviderKind, String),
    /// They cannot be put into a request.
    Malformed(String),
    /// The carrier cannot be asked.
    Unreached(ProviderKind, String),
}

impl Says for Credentials {
    fn check(&self) -> &'static str {
        "credentials"
    }

    fn says(&self) -> Said {
        match self {
            Self::Taken(kind) => Said::ok(format!("{kind} takes the credentials")),
            Self::Trial(kind) => Said::note(
                format!(
                    "{kind} takes the credentials of a trial account, which reaches verified \
                         numbers alone"
                ),
                "Upgrade the account before strangers are to get answers.",
            ),
            Self::Stopped(kind, standing) => {
                let how = if *standing == Standing::Closed { "closed" } else { "suspended" };
                Said::error(
                    format!("{kind} has {how} the account"),
                    "Ask the carrier why, or use another account's credentials.",
                )
            }
            Self::Refused(kind, fields) => Said::error(
                format!("{kind} does not take the credentials"),
                format!("Copy {fields} from the carrier's console again, both of one account."),
            ),
            Self::Forbidden(kind, why) => Said::error(
                format!("{kind} takes the credentials and refuses to read the account: {why}"),
                "Give the key the right to read the account, or use another key.",
            ),
            Self::Malformed(why) => {
                Said::error(why, "Copy the credentials from the carrier's console again.")
            }
            Self::Unreached(kind, why) => Said::error(
                format!("{kind} cannot be asked: {why}"),
                "Let this machine reach the carrier's API by https, and check apiBaseUrl if it is \
                 set.",
            ),
        }
    }
}

/// The keys of the credentials that a carrier is asked with.
const fn fields(provider: &Provider, with_api_key: bool) -> &'static str {
    match provider {
        Provider::Twilio(_) if with_api_key => "twilio.apiKeySid and twilio.apiKeySecret",
        Provider::Twilio(_) => "twilio.accountSid and twilio.authToken",
        Provider::Telnyx(_) => "telnyx.apiKey",
        _ => "plivo.authId and plivo.authToken",
    }
}

/// Asks the carrier: whether there is a client to go on with, and what the carrier's clock says.
pub(super) async fn look(
    doctor: &Doctor<'_>,
    account: &Account,
    report: &mut Report,
) -> (Option<Connection>, Option<(Timestamp, Timestamp)>) {
    let kind = account.provider.kind();
    if kind == ProviderKind::Mock {
        return (None, None);
    }
    let (connection, time, found) = ask(doctor, account).await;
    let is_well = found.says_well();
    report.add(&found, Some(&account.id));
    // Webhooks are signed by the Auth Token, which nothing has tried where a key sends.
    if let (true, Some(without_key)) = (is_well, without_api_key(account)) {
        let (_, _, found) = ask(doctor, &without_key).await;
        if !found.says_well() {
            report.add(&found, Some(&account.id));
        }
    }
    (connection.filter(|_| is_well), time)
}

async fn ask(
    doctor: &Doctor<'_>,
    account: &Account,
) -> (Option<Connection>, Option<(Timestamp, Timestamp)>, Credentials) {
    let kind = account.provider.kind();
    let connection = match (doctor.connect)(account) {
        Ok(connection) => connection,
        Err(error) => return (None, None, Credentials::Malformed(chain(&error))),
    };
    let Some(provider) = &connection.account else {
        return (None, None, Credentials::Unreached(kind, "it has no such question".to_owned()));
    };
    let checked = provider.check().await;
    let time = checked.carrier_time.map(|at| (at, doctor.edges.clock.now()));
    let found = match checked.standing {
        Ok(Standing::Trial) => Credentials::Trial(kind),
        Ok(standing @ (Standing::Suspended | Standing::Closed)) => {
            Credentials::Stopped(kind, standing)
        }
        Ok(_) => Credentials::Taken(kind),
        Err(error) => refused(account, &error),
    };
    (Some(connection), time, found)
}

fn refused(account: &Account, error: &Error) -> Credentials {
    let kind = account.provider.kind();
    let with_api_key =
        matches!(&account.provider, Provider::Twilio(twilio) if twilio.api_key.is_some());
    let fields = fields(&account.provider, with_api_key);
    match error.kind() {
        // Of an account that is not there, Twilio and Plivo say that it is not found.
        ErrorKind::Authentication | ErrorKind::NotFound => Credentials::Refused(kind, fields),
        ErrorKind::Permission => Credentials::Forbidden(kind, chain(error)),
        ErrorKind::Account => Credentials::Stopped(kind, Standing::Suspended),
        ErrorKind::Configuration => Credentials::Malformed(chain(error)),
        _ => Credentials::Unreached(kind, chain(error)),
    }
}

/// The account as it is without the key that sends in place of its token.
fn without_api_key(account: &Account) -> Option<Account> {
    let mut account = account.clone();
    match &mut account.provider {
        Provider::Twilio(twilio) => twilio.api_key.take()?,
        _ => return None,
    };
    Some(account)
}

impl Credentials {
    const fn says_well(&self) -> bool {
        matches!(self, Self::Taken(_) | Self::Trial(_))
    }
}
