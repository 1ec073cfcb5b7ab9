use oauth::configuration::Client;
use oauth::{AuthorizationDetail, AuthorizationDetails, Refusal};
use serde_json::Value;

use crate::DetailTypes;
use crate::explanation::{explain, member};

impl DetailTypes {
    /// Whether a client may ask for these details (RFC 9396, section 5): each has a registered type, which the client may
    /// use and which may come this way, and is valid by the type's schema. The first that is not is named.
    ///
    /// `pushed` says that they came from the client itself, as to the pushed authorization request endpoint or the token
    /// endpoint, and not through a browser.
    ///
    /// # Errors
    /// In this order for each detail: [`Refusal::UnknownDetailType`], [`Refusal::DetailTypeNotAllowed`],
    /// [`Refusal::DetailTypeMustBePushed`], [`Refusal::DetailInvalid`], whose text holds no value that was sent.
    pub fn validate(
        &self,
        details: &AuthorizationDetails,
        client: &Client,
        pushed: bool,
    ) -> Result<(), Refusal> {
        details
            .iter()
            .enumerate()
            .try_for_each(|(index, detail)| self.validate_one(index, detail, client, pushed))
    }

    fn validate_one(
        &self,
        index: usize,
        detail: &AuthorizationDetail,
        client: &Client,
        pushed: bool,
    ) -> Result<(), Refusal> {
        let registered = self.registered(&detail.detail_type).ok_or(Refusal::UnknownDetailType { index })?;
        let definition = &registered.definition;
        if !client.detail_types.contains(&definition.name) {
            return Err(Refusal::DetailTypeNotAllowed { index });
        }
        if definition.pushed_only && !pushed {
            return Err(Refusal::DetailTypeMustBePushed { detail_type: definition.name.clone() });
        }
        let invalid = |(pointer, problem)| Refusal::DetailInvalid { index, pointer, problem };
        let Some(validator) = registered.validator() else {
            return Err(invalid((
                String::new(),
                "this type cannot be used: its schema is broken".to_owned(),
            )));
        };
        let value = detail.to_value();
        validator.validate(&value).map_err(|error| invalid(explain(&error)))?;
        inexact_number("", &value).map_or(Ok(()), |pointer| Err(invalid((pointer, INEXACT.to_owned()))))
    }
}

const INEXACT: &str = "is a whole number that not every JSON reader keeps exactly (RFC 7493, section 2.2)";

/// The largest whole number up to which each is a double of its own.
const LARGEST_EXACT: u64 = 1 << 53;

/// Where a number is that one reader would round and another would not: what was approved and what is enforced, or
/// hashed, would be two different numbers.
fn inexact_number(at: &str, value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => {
            let magnitude = number.as_i64().map(i64::unsigned_abs).or_else(|| number.as_u64());
            magnitude.is_some_and(|magnitude| magnitude > LARGEST_EXACT).then(|| at.to_owned())
        }
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .find_map(|(index, element)| inexact_number(&format!("{at}/{index}"), element)),
        Value::Object(members) => {
            members.iter().find_map(|(name, value)| inexact_number(&format!("{at}/{}", member(name)), value))
        }
        _ => None,
    }
}
