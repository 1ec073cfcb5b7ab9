use std::num::NonZero;

use oauth::EmailAddress;
use oauth::configuration::DeviceSettings;

use crate::Complaint;
use crate::files::ServerFile;
use crate::reading::Read;

/// The server's settings for what people may be reached on.
pub(super) fn settings(file: &Read<ServerFile>, complaints: &mut Vec<Complaint>) -> DeviceSettings {
    let (table, default) = (&file.value.devices, DeviceSettings::default());
    for domain in table.email_domains.iter().filter(|domain| !is_domain(domain)) {
        let wrong = format!("{domain:?} is no domain of an e-mail address.");
        let remedy = "Write what follows the @, such as example.com, without a wildcard.";
        complaints.push(file.complaint(&["devices", "email_domains"], wrong, remedy));
    }
    for prefix in table.sms_prefixes.iter().filter(|prefix| !is_prefix(prefix)) {
        let wrong = format!("No telephone number begins with {prefix:?}.");
        let remedy = "Write + and the first digits, such as +49; + alone is any number.";
        complaints.push(file.complaint(&["devices", "sms_prefixes"], wrong, remedy));
    }
    DeviceSettings {
        email_domains: table.email_domains.iter().map(|domain| domain.to_lowercase()).collect(),
        sms_prefixes: table.sms_prefixes.clone(),
        confirmations_per_hour: table
            .confirmations_per_hour
            .map_or(default.confirmations_per_hour, NonZero::get),
    }
}

fn is_domain(text: &str) -> bool {
    EmailAddress::parse(&format!("a@{text}")).is_some() && text.is_ascii() && !text.contains('*')
}

fn is_prefix(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        digits.len() <= 15 && !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}
