use environment::Fault;
use oauth::{ClientId, Invitation, InvitationCode, Timestamp};

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

    /// Spends an invitation: of any number at once exactly one succeeds.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn spend_invitation(&self, code: &InvitationCode) -> Result<bool, Fault> {
        let unspent = Condition::new("attribute_exists(pk) AND attribute_not_exists(spent)", vec![]);
        let values = vec![(":yes", text("yes"))];
        let written = self.change_if(&key(code), "SET spent = :yes", unspent, values).await?;
        Ok(matches!(written, Written::Done))
    }
}

fn key(code: &InvitationCode) -> Key {
    Key::new(format!("INVITATION#{}", code.digest().to_base64url()), "INVITATION")
}
