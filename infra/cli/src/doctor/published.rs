use keys::KeyRing;
use oauth::Timestamp;
use serde_json::Value;

use super::Verdict;
use super::documents::json;
use super::key_ring::signing_now;
use super::visitor::Visitor;

/// Whether clients find the keys that sign now in the key set that they fetch (RFC 7517, section 5): of a token whose key is not
/// there, none of them takes the signature. A function reads the ring once a minute, so what was replaced at once is missing as long.
pub(super) async fn published(issuer: &str, ring: &KeyRing, now: Timestamp) -> Verdict {
    let set = match fetched(&format!("{issuer}/jwks.json")).await {
        Ok(set) => set,
        Err(why) => return Verdict::not_checked(why),
    };
    let there: Vec<&str> = set["keys"].as_array().into_iter().flatten().filter_map(key_id).collect();
    let mut signing = 0;
    for key in signing_now(ring, now) {
        let name = key.algorithm.as_str();
        let Ok(public) = key.key.public() else {
            return Verdict::wrong(
                format_args!("the ring's key for {name} cannot be read"),
                "put the table back to before it was damaged: infra/runbook.md, \"The table was lost or damaged\"",
            );
        };
        let kid = public.thumbprint();
        if !there.contains(&kid.as_str()) {
            return Verdict::wrong(
                format_args!(
                    "the key {kid}, which signs {name} now, is not among the {} published",
                    there.len()
                ),
                "if it is not there in a minute: have nothing between clients and the API keep an old key set, and look at the \
                 log of discovery",
            );
        }
        signing += 1;
    }
    Verdict::ok(format_args!("the {signing} that sign now are in the key set"))
}

/// The key set as clients get it. What is wrong with how it is answered is told by what looks from outside.
async fn fetched(url: &str) -> Result<Value, String> {
    let visitor = Visitor::new().map_err(|error| error.to_string())?;
    let answer = visitor.get(url).await?;
    json(&answer).map_err(|_| format!("{url} is not answered with a key set"))
}

fn key_id(key: &Value) -> Option<&str> {
    key["kid"].as_str()
}
