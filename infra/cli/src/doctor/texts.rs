use aws_sdk_sns::Client;
use oauth::configuration::DeviceSettings;

use super::inside::allowed;
use super::{Finding, Verdict};

/// What SNS calls the most dollars a month that it sends texts for (`GetSMSAttributes`).
const LIMIT: &str = "MonthlySpendLimit";
/// What it is in an account that nobody has asked AWS about: a few dozen texts.
const UNASKED: f64 = 1.0;

/// Whether texts get to people, where the configuration in force has any sent. SNS takes a text that it then does not send, so that
/// `notify` cannot tell.
pub(super) async fn texts(sns: &Client, in_force: Option<&DeviceSettings>) -> Vec<Finding> {
    if in_force.is_some_and(|settings| settings.sms_prefixes.is_empty()) {
        return vec![Finding::new("texts", Verdict::ok("the configuration has nobody reached by text"))];
    }
    vec![Finding::new("texts", sandbox(sns).await), Finding::new("texts a month", limit(sns).await)]
}

/// "SMS sandbox", Amazon SNS Developer Guide.
async fn sandbox(sns: &Client) -> Verdict {
    let asked = sns.get_sms_sandbox_account_status().send().await;
    match allowed(asked, "sns:GetSMSSandboxAccountStatus") {
        Ok(status) if status.is_in_sandbox() => Verdict::wrong(
            "the account is in the SMS sandbox: texts reach the numbers alone that were verified there",
            "have AWS take it out (the console of SNS, Text messaging), or take sms_prefixes out of the configuration",
        ),
        Ok(_) => Verdict::ok("any number is reached"),
        Err(verdict) => verdict,
    }
}

async fn limit(sns: &Client) -> Verdict {
    let asked = sns.get_sms_attributes().attributes(LIMIT).send().await;
    let attributes = match allowed(asked, "sns:GetSMSAttributes") {
        Ok(answer) => answer.attributes.unwrap_or_default(),
        Err(verdict) => return verdict,
    };
    let dollars = attributes.get(LIMIT).and_then(|limit| limit.parse().ok()).unwrap_or(UNASKED);
    if dollars > UNASKED {
        return Verdict::ok(format_args!("for {dollars} USD"));
    }
    Verdict::wrong(
        format_args!(
            "SNS sends none any more once they have cost {dollars} USD in a month, and tells nobody"
        ),
        format_args!("have AWS raise the quota, then aws sns set-sms-attributes --attributes {LIMIT}=USD"),
    )
}
