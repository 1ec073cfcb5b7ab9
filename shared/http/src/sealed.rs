use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use environment::Fault;
use oauth::{Mac, Refusal, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

/// The longest sealed value.
pub const LONGEST_SEALED: usize = 16 * 1024;

#[derive(Serialize, Deserialize)]
struct Envelope<T> {
    expires_at: Timestamp,
    payload: T,
}

/// Seals what a page must bring back unchanged: a hidden field that is its own CSRF token. It can be read by
/// whoever has the page, so it holds no secret; it can neither be made nor altered, is worth nothing in
/// another browser or session (`bound_to`), for another purpose (`label`), or from `expires_at` on.
///
/// # Errors
/// [`Fault::Broken`] when the payload does not serialise or is too long to be opened again.
pub fn seal<T: Serialize>(
    mac: &(impl Mac + ?Sized),
    label: &'static str,
    payload: &T,
    bound_to: &[&[u8]],
    expires_at: Timestamp,
) -> Result<String, Fault> {
    let envelope = serde_json::to_vec(&Envelope { expires_at, payload })
        .map_err(|error| Fault::broken("sealed value", error))?;
    let text = URL_SAFE_NO_PAD.encode(envelope);
    let tag = URL_SAFE_NO_PAD.encode(tag(mac, label, &text, bound_to));
    let sealed = format!("{text}.{tag}");
    if sealed.len() > LONGEST_SEALED {
        return Err(Fault::broken("sealed value", format!("{} bytes are too long", sealed.len())));
    }
    Ok(sealed)
}

/// Opens what [`seal`] sealed.
///
/// # Errors
/// [`Refusal::FormRejected`] for anything else, and for what has expired or was bound to something else.
pub fn open<T: DeserializeOwned>(
    mac: &(impl Mac + ?Sized),
    label: &'static str,
    sealed: &str,
    bound_to: &[&[u8]],
    now: Timestamp,
) -> Result<T, Refusal> {
    verified(mac, label, sealed, bound_to)
        .and_then(|json| serde_json::from_slice::<Envelope<T>>(&json).ok())
        .filter(|envelope| now < envelope.expires_at)
        .map(|envelope| envelope.payload)
        .ok_or(Refusal::FormRejected)
}

fn verified(
    mac: &(impl Mac + ?Sized),
    label: &'static str,
    sealed: &str,
    bound_to: &[&[u8]],
) -> Option<Vec<u8>> {
    if sealed.len() > LONGEST_SEALED {
        return None;
    }
    let (text, sent) = sealed.split_once('.')?;
    let sent: [u8; 32] = URL_SAFE_NO_PAD.decode(sent).ok()?.try_into().ok()?;
    // Nothing of the content is looked at before the tag is known to be ours.
    let genuine: bool = tag(mac, label, text, bound_to).ct_eq(&sent).into();
    if genuine { URL_SAFE_NO_PAD.decode(text).ok() } else { None }
}

fn tag(mac: &(impl Mac + ?Sized), label: &'static str, text: &str, bound_to: &[&[u8]]) -> [u8; 32] {
    let mut parts = Vec::with_capacity(1 + bound_to.len());
    parts.push(text.as_bytes());
    parts.extend_from_slice(bound_to);
    mac.tag(label, &parts)
}

#[cfg(test)]
mod tests {
    use oauth::Sha256Digest;

    use super::*;

    struct Server(u8);

    impl Mac for Server {
        fn tag(&self, label: &'static str, parts: &[&[u8]]) -> [u8; 32] {
            // Good enough to tell one key, label and list of parts from another.
            let mut bytes = vec![self.0];
            for part in [label.as_bytes()].iter().chain(parts) {
                bytes.extend((part.len() as u64).to_be_bytes());
                bytes.extend_from_slice(part);
            }
            *Sha256Digest::of(&bytes).as_bytes()
        }
    }

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Interaction {
        grant: String,
    }

    const NOON: Timestamp = Timestamp::from_seconds(1_700_000_000);
    const LATER: Timestamp = Timestamp::from_seconds(1_700_000_900);
    const BROWSER: &[u8] = b"browser";
    const SESSION: &[u8] = b"session";

    fn sealed() -> String {
        let payload = Interaction { grant: "g".to_owned() };
        seal(&Server(1), "consent", &payload, &[BROWSER, SESSION], LATER).expect("sealed")
    }

    fn opened(sealed: &str) -> Result<Interaction, Refusal> {
        open(&Server(1), "consent", sealed, &[BROWSER, SESSION], NOON)
    }

    #[test]
    fn what_was_sealed_comes_back() {
        assert_eq!(opened(&sealed()), Ok(Interaction { grant: "g".to_owned() }));
    }

    #[test]
    fn it_is_worth_nothing_elsewhere() {
        let sealed = sealed();
        let open = |server: u8, label, bound_to: &[&[u8]], now| {
            open::<Interaction>(&Server(server), label, &sealed, bound_to, now)
        };
        for refused in [
            open(2, "consent", &[BROWSER, SESSION], NOON),
            open(1, "sign-in", &[BROWSER, SESSION], NOON),
            open(1, "consent", &[b"other", SESSION], NOON),
            open(1, "consent", &[BROWSER], NOON),
            open(1, "consent", &[b"browsersession"], NOON),
            open(1, "consent", &[SESSION, BROWSER], NOON),
            open(1, "consent", &[BROWSER, SESSION], LATER),
        ] {
            assert_eq!(refused, Err(Refusal::FormRejected));
        }
    }

    #[test]
    fn no_byte_of_it_can_be_changed() {
        let sealed = sealed();
        for position in 0..sealed.len() {
            let mut altered = sealed.clone().into_bytes();
            altered[position] = if altered[position] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).expect("ASCII");
            assert_eq!(opened(&altered), Err(Refusal::FormRejected), "byte {position}");
        }
        let (text, tag) = sealed.split_once('.').expect("two parts");
        for altered in [
            "",
            ".",
            text,
            &format!("{text}."),
            &format!(".{tag}"),
            &format!("{sealed}="),
            &format!("{sealed}.x"),
        ] {
            assert_eq!(opened(altered), Err(Refusal::FormRejected), "{altered}");
        }
        assert_eq!(opened(&"a".repeat(LONGEST_SEALED + 1)), Err(Refusal::FormRejected));
    }

    #[test]
    fn what_could_not_be_opened_again_is_not_sealed() {
        let payload = Interaction { grant: "g".repeat(LONGEST_SEALED) };
        assert!(seal(&Server(1), "consent", &payload, &[], LATER).is_err());
    }
}
