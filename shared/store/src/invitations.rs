use environment::Fault;
use oauth::{Authorization, ClientId, Invitation, InvitationCode, Timestamp};

use crate::item::{Condition, Draft, Key, Together, Written, body, number, text};
use crate::{Store, authorizations};

/// How often an invitation is tried to be spent again because somebody else tries at the same moment.
const MOST_TRIES: usize = 4;

impl Store {
    /// Keeps an invitation under its code. `false` when the code is taken.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn invite(&self, code: &InvitationCode, invitation: &Invitation) -> Result<bool, Fault> {
        let draft = Draft::new(&key(code), invitation, Some(invitation.expires_at));
        Ok(matches!(self.write_if(draft, Condition::absent()).await?, Written::Done))
    }

    /// The invitation under a code, if this client may use it now.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn invitation(
        &self,
        code: &InvitationCode,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<Option<Invitation>, Fault> {
        let Some(item) = self.read(&key(code)).await? else { return Ok(None) };
        let spent = item.contains_key("spent");
        let invitation: Invitation = body(&item)?;
        Ok(Some(invitation).filter(|invitation| !spent && invitation.is_for(client, now)))
    }

    /// Keeps the request that an invitation is spent for, by one write: both, or neither. Of any number at once exactly one is kept;
    /// `false` for the others. When nothing is heard of it, not even by a look afterwards, both are taken back: whoever is told of a
    /// fault may come with the invitation again, and nobody is asked for whom nobody waits.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn commit_invited(
        &self,
        code: &InvitationCode,
        next: &Authorization,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let attempt = self.attempt();
        let fault = match self.spend_for(&attempt, code, next).await {
            Ok(is_kept) => return Ok(is_kept),
            Err(fault) => fault,
        };
        let settled = self.settle(&authorizations::key(&next.id), &attempt, fault).await;
        if settled.is_err() {
            // Boxed: this seldom way must not grow the future of every caller.
            Box::pin(self.take_back_invited(&attempt, code, next, now)).await;
        }
        settled.map(|_| true)
    }

    async fn spend_for(
        &self,
        attempt: &str,
        code: &InvitationCode,
        next: &Authorization,
    ) -> Result<bool, Fault> {
        let draft = self.draft_beside_details(next).await?.with("attempt", text(attempt));
        for _ in 0..MOST_TRIES {
            let unspent = Condition::new("attribute_exists(pk) AND attribute_not_exists(spent)", vec![]);
            let request = vec![(":request", text(next.id.as_str()))];
            let writes = vec![
                self.changed_if(&key(code), "SET spent = :request", Some(unspent), request)?,
                self.put_if(draft.clone(), Condition::absent())?,
            ];
            match self.all_or_nothing(writes).await? {
                Together::Done => return Ok(true),
                Together::Unmet(places) if places.contains(&0) => return Ok(false),
                Together::Unmet(_) => return Err(Fault::broken("dice", "an id came twice")),
                // Another request with the same invitation, most likely: the next try finds it spent.
                Together::Contended => {}
            }
        }
        Err(Fault::unavailable("table", "others spend the same invitation at this moment"))
    }

    /// Makes an invitation good again whose request nobody heard of, and closes that request, be it kept, or kept later: a write that is
    /// still under way finds its place taken. Neither happens where the person has decided about it meanwhile. Whether that is heard of
    /// does not matter, for the caller is told of a fault either way. The request may be given up because its time is over: this one call
    /// has its own.
    async fn take_back_invited(
        &self,
        attempt: &str,
        code: &InvitationCode,
        unheard: &Authorization,
        now: Timestamp,
    ) {
        let is_ours = Condition::new(
            "spent = :request OR (attribute_exists(pk) AND attribute_not_exists(spent))",
            vec![(":request", text(unheard.id.as_str()))],
        );
        let is_unheard = Condition::new(
            "attribute_not_exists(pk) OR (version = :unheard AND attempt = :attempt)",
            vec![(":unheard", number(unheard.version)), (":attempt", text(attempt))],
        );
        let writes = [
            self.changed_if(&key(code), "REMOVE spent", Some(is_ours), vec![]),
            self.closed_if(unheard, is_unheard, now),
        ];
        if let Ok(writes) = writes.into_iter().collect() {
            let _ = aws::in_its_own_time(self.all_or_nothing(writes)).await;
        }
    }
}

fn key(code: &InvitationCode) -> Key {
    Key::new(format!("INVITATION#{}", code.digest().to_base64url()), "INVITATION")
}
