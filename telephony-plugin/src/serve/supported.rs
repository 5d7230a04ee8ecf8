//! What a configuration may say that this program cannot do.

use telephony_core::config::Config;

use crate::outbound::is_time_zone;

/// Why this program cannot work as the configuration says, and what to do.
pub(crate) fn unsupported(config: &Config) -> Option<String> {
    let zones = config.accounts.iter().filter_map(|account| account.sms.quiet_hours.as_ref());
    let unknown = zones.map(|hours| &hours.time_zone).find(|zone| !is_time_zone(zone))?;
    Some(format!(
        "sms.quietHours.timeZone: there is no time zone \"{unknown}\": use a name such as \
         \"America/New_York\""
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use telephony_core::config::{Host, from_value};

    use super::*;

    #[test]
    fn what_cannot_be_done_is_named_with_its_key() {
        let of = |key: &str, value: serde_json::Value| {
            let twilio = json!({ "accountSid": format!("AC{}", "0".repeat(32)), "authToken": "t" });
            let mut config = json!({
                "provider": "twilio", "fromNumber": "+15550001111", "twilio": twilio,
            });
            config[key] = value;
            unsupported(&from_value(config, Host::Standalone, &|_| None).unwrap())
        };
        let hours = |zone: &str| json!({ "quietHours": { "start": "21:00", "end": "08:00", "timeZone": zone } });
        assert_eq!(of("sms", hours("America/New_York")), None);
        assert!(of("sms", hours("America/Atlantis")).unwrap().contains("sms.quietHours.timeZone"));
    }
}
