use percent_encoding::percent_decode;

use crate::Refusal;

/// The longest value of any parameter that has no limit of its own.
pub const LONGEST_VALUE: usize = 16 * 1024;

/// The longest `authorization_details` that is taken at all: a DynamoDB item must hold it.
pub const LONGEST_DETAILS: usize = 300 * 1024;

/// The longest text that a page displays to be signed, and gets back.
pub const LONGEST_SHOWN: usize = 128 * 1024;

/// The parameters of a request, decoded from a query or an `application/x-www-form-urlencoded` body.
/// A parameter without a value counts as omitted, and none may come twice unless its specification says so
/// (OAuth 2.1, section 3.1).
#[derive(Clone, Default)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Decodes `name=value&name=value`.
    ///
    /// # Errors
    /// [`Refusal::NotUtf8`] when a name or value is not UTF-8 after percent-decoding, or has a NUL in it.
    pub fn decode(encoded: &[u8]) -> Result<Self, Refusal> {
        encoded
            .split(|byte| *byte == b'&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
                    Some(position) => (&pair[..position], &pair[position + 1..]),
                    None => (pair, &pair[..0]),
                };
                Ok((decode(name)?, decode(value)?))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Parameters that are known already.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// The value of a parameter that may come once.
    ///
    /// # Errors
    /// [`Refusal::RepeatedParameter`], [`Refusal::ParameterTooLong`].
    pub fn optional(&self, name: &'static str) -> Result<Option<&str>, Refusal> {
        let mut values = self.values(name);
        let value = values.next();
        if values.next().is_some() {
            return Err(Refusal::RepeatedParameter { name });
        }
        let limit = match name {
            "authorization_details" => LONGEST_DETAILS,
            "shown" => LONGEST_SHOWN,
            _ => LONGEST_VALUE,
        };
        match value {
            Some(value) if value.len() > limit => Err(Refusal::ParameterTooLong { name, limit }),
            Some("") | None => Ok(None),
            some => Ok(some),
        }
    }

    /// The value of a parameter that must be there.
    ///
    /// # Errors
    /// As [`Parameters::optional`], and [`Refusal::MissingParameter`].
    pub fn required(&self, name: &'static str) -> Result<&str, Refusal> {
        self.optional(name)?.ok_or(Refusal::MissingParameter { name })
    }

    /// The values of a parameter that may be repeated (`resource`, RFC 8707).
    ///
    /// # Errors
    /// [`Refusal::TooManyValues`] beyond 16, [`Refusal::ParameterTooLong`].
    pub fn repeated(&self, name: &'static str) -> Result<Vec<&str>, Refusal> {
        let values: Vec<&str> = self.values(name).filter(|value| !value.is_empty()).collect();
        if values.len() > 16 {
            return Err(Refusal::TooManyValues { name, limit: 16 });
        }
        match values.iter().find(|value| value.len() > LONGEST_VALUE) {
            Some(_) => Err(Refusal::ParameterTooLong { name, limit: LONGEST_VALUE }),
            None => Ok(values),
        }
    }

    /// Whether the parameter is there, be it empty.
    pub fn has(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }

    /// All pairs, as they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

fn decode(encoded: &[u8]) -> Result<String, Refusal> {
    let spaced: Vec<u8> = encoded.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    match percent_decode(&spaced).decode_utf8() {
        Ok(text) if !text.contains('\0') => Ok(text.into_owned()),
        _ => Err(Refusal::NotUtf8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_without_a_value_counts_as_omitted() {
        let parameters = Parameters::decode(b"scope=&state").unwrap();
        assert_eq!(parameters.optional("scope").unwrap(), None);
        assert!(matches!(parameters.required("state"), Err(Refusal::MissingParameter { name: "state" })));
    }

    #[test]
    fn a_parameter_that_comes_twice_is_refused() {
        let parameters = Parameters::decode(b"state=a&state=b").unwrap();
        assert!(matches!(parameters.optional("state"), Err(Refusal::RepeatedParameter { name: "state" })));
    }

    #[test]
    fn what_is_not_utf8_is_refused() {
        assert!(matches!(Parameters::decode(b"state=%FF"), Err(Refusal::NotUtf8)));
        assert!(matches!(Parameters::decode(b"state=%00"), Err(Refusal::NotUtf8)));
    }
}
