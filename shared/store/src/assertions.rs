use environment::Fault;
use oauth::{Sha256Digest, Timestamp};

use crate::Store;
use crate::item::{Condition, Draft, Key, Written, number};

impl Store {
    /// Spends the `jti` of a client's assertion (RFC 7523, section 3): `false` when it was spent before. The
    /// digest is over client and `jti` together, so that one client's choice cannot block another's.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn spend_assertion(
        &self,
        digest: &Sha256Digest,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let key = Key::new(format!("ASSERTION#{}", digest.to_base64url()), "SPENT");
        let draft = Draft::new(&key, &(), Some(expires_at.after(oauth::time::CLOCK_SKEW)));
        let condition = Condition::new(
            "attribute_not_exists(pk) OR expires_at < :now",
            vec![(":now", number(now.as_seconds()))],
        );
        Ok(matches!(self.write_if(draft, condition).await?, Written::Done))
    }
}
