use environment::Fault;
use oauth::{ClientId, GrantId, Invitation, InvitationCode, Timestamp};

use crate::Store;
use crate::item::{Condition, Draft, Key, Written, body, text};

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

    /// Spends an invitation for a request: of any number at once exactly one succeeds. When nothing is heard of it, it is given back:
    /// whoever is told of a fault may come with it again.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn spend_invitation(&self, code: &InvitationCode, request: &GrantId) -> Result<bool, Fault> {
        // One that was given back is not spent by what arrives late.
        let unspent = Condition::new(
            "attribute_exists(pk) AND attribute_not_exists(spent) AND (attribute_not_exists(given_back) OR given_back <> :request)",
            vec![],
        );
        let values = vec![(":request", text(request.as_str()))];
        let written = self.change_if(&key(code), "SET spent = :request", unspent, values).await;
        if let Err(Fault::Unavailable { .. }) = &written {
            self.give_back_invitation(code, request).await;
        }
        Ok(matches!(written?, Written::Done))
    }

    /// Makes an invitation good again whose request was not kept. Whether that is heard of does not matter: its client is told of a
    /// fault either way, and where it does not arrive, the person has to make another one. The request may be given up because its
    /// time is over: this one call has its own.
    pub async fn give_back_invitation(&self, code: &InvitationCode, request: &GrantId) {
        let is_ours = Condition::new(
            "spent = :request OR (attribute_exists(pk) AND attribute_not_exists(spent))",
            vec![],
        );
        let (key, attempt) = (key(code), self.attempt());
        let values = vec![(":request", text(request.as_str()))];
        let update = "REMOVE spent SET given_back = :request";
        // Boxed: this seldom way must not grow the future of every caller.
        let change = Box::pin(self.change_unsettled(&attempt, &key, update, is_ours, values));
        let _ = aws::in_its_own_time(change).await;
    }
}

fn key(code: &InvitationCode) -> Key {
    Key::new(format!("INVITATION#{}", code.digest().to_base64url()), "INVITATION")
}
