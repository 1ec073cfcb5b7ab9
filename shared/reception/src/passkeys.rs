use environment::Fault;
use oauth::{CHALLENGE_LASTS, PHISHING_RESISTANT, Passkeys, PersonId, Refusal, meets_acr};
use pages::PasskeyOffer;
use passkeys::{Challenge, RelyingParty, SigningIn};
use store::Person;

use crate::Guest;
use crate::asks::MOST_TRIES;

/// The seal of a sign-in with a passkey, for as long as its challenge is good.
const SIGNING_IN: &str = "sign in with a passkey";

impl Guest<'_> {
    /// Who asks for passkeys: nobody where people do not sign in with them, or where the pages have no domain.
    pub fn relying_party(&self) -> Option<RelyingParty> {
        let server = &self.configuration.server;
        let wanted = server.sign_in.passkeys;
        wanted.then(|| RelyingParty::of(&server.brand.name, server.pages_url())).flatten()
    }

    /// Whether somebody can sign in here by one of the authentication contexts that a client demands, if it demands any.
    pub fn can_meet(&self, acr_values: &[String]) -> bool {
        let has_passkeys = self.configuration.server.has_passkeys();
        meets_acr(has_passkeys.then_some(PHISHING_RESISTANT), acr_values)
    }

    /// From now on what a client demands counts, where it is something that people can do here: nothing but a passkey meets any demand.
    pub(crate) fn is_demanded(&self, acr_values: &[String]) {
        if !acr_values.is_empty() && self.can_meet(acr_values) {
            // A request before may have demanded it already.
            let _ = self.takes_passkey.set(());
        }
    }

    /// Whether nothing but a passkey will do.
    pub(crate) fn takes_passkey(&self) -> bool {
        self.takes_passkey.get().is_some()
    }

    /// Changes a person's passkeys because one of them was used, on top of whatever else changes meanwhile, by one conditional write.
    /// `decide` gets the person as the table knows them and gives back who they are, so that nobody's are changed who does not exist.
    ///
    /// # Errors
    /// When the table does not answer, or somebody else always came first. Inside, why `decide` changed nothing.
    pub async fn change_passkeys<E>(
        &self,
        id: &PersonId,
        decide: impl Fn(Option<Person>, Passkeys) -> Result<(Person, Passkeys), E>,
    ) -> Result<Result<Person, E>, Fault> {
        for _ in 0..MOST_TRIES {
            let (person, kept) = self.store.person_and_passkeys(id).await?;
            let (person, next) = match decide(person, kept.passkeys.clone()) {
                Ok(decided) => decided,
                Err(refused) => return Ok(Err(refused)),
            };
            if self.store.keep_passkeys(&kept, &next).await? {
                return Ok(Ok(person));
            }
        }
        Err(Fault::unavailable("table", "the passkeys of this person have just changed"))
    }

    /// A fresh challenge.
    pub fn challenge(&self) -> Challenge {
        Challenge::from_random(self.dice.roll())
    }

    /// A sign-in with a passkey that this browser brings back.
    ///
    /// # Errors
    /// [`Refusal::FormRejected`] when it is another browser's, or the challenge too old.
    pub fn open_passkey_sign_in(&self, sealed: &str) -> Result<SigningIn, Refusal> {
        self.open_for(SIGNING_IN, sealed, &[])
    }

    /// What the sign-in page needs so that somebody can sign in with a passkey, if anybody does. Nothing is read for it: of whom
    /// there are passkeys, nobody learns here.
    pub(crate) fn passkey_offer(&self) -> Result<Option<PasskeyOffer>, Fault> {
        let Some(relying_party) = self.relying_party() else { return Ok(None) };
        let begun = SigningIn::begin(self.challenge());
        let ceremony = self.seal_for(SIGNING_IN, &begun, &[], self.now.after(CHALLENGE_LASTS))?;
        Ok(Some(PasskeyOffer { ceremony, options: begun.options(&relying_party) }))
    }
}
