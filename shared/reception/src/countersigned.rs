use evidence::{Assertion, Bytes, Displayed, Enrolled, EnrolledBy, Evidence, Granted, Head, Key};
use oauth::{Authorization, Passkeys, Refusal};
use pages::CountersignProblem;
use passkeys::{Countersigned, Countersigning, PublicKey, RelyingParty, Unproven};

use crate::{Chosen, Guest, NotSigned, SignedIn};

impl Chosen {
    /// What was chosen of what was displayed.
    pub fn of_displayed(displayed: &Displayed) -> Self {
        let shown = displayed.shown();
        let places = shown.details.iter().enumerate().filter(|(_, detail)| detail.choice.is_approved());
        Self { scope: shown.approved_scope(), details: places.map(|(index, _)| index).collect() }
    }
}

impl Guest<'_> {
    /// What a passkey of whoever is signed in has countersigned (Web Authentication Level 3, section 7.2), and their passkeys after it.
    ///
    /// # Errors
    /// Why it is not signed.
    pub fn countersigned(
        &self,
        relying_party: &RelyingParty,
        signed_in: &SignedIn,
        displayed: &Displayed,
        (own, answer): (&Passkeys, &str),
    ) -> Result<(Countersigned, Passkeys), NotSigned> {
        let signing = Countersigning::begin(signed_in.session.person.clone(), displayed.digest());
        let came_again = || NotSigned::new(CountersignProblem::TooLate, "it was answered before");
        if own.has_answered(&signing.challenge(), self.now) {
            return Err(came_again());
        }
        let signed = signing.answered(relying_party, own, answer, self.now)?;
        let used = own.clone().used(signed.passkey.clone(), signed.challenge, self.now);
        Ok((signed, used.map_err(|_| came_again())?))
    }

    /// The evidence of an approval at the end of its person's chain: it is checked as anybody will check it.
    ///
    /// # Errors
    /// Why it proves nothing; [`Refusal::ApprovalUnsignable`] when it does not fit into the table.
    pub fn evidence(
        &self,
        relying_party: &RelyingParty,
        displayed: Displayed,
        signed: Countersigned,
        approved: &Authorization,
        chain: &Head,
    ) -> Result<Evidence, http::Problem> {
        let Some(grant) = approved.grant() else {
            return Err(environment::Fault::broken("evidence", "there is no grant").into());
        };
        let Countersigned { passkey, key, signed, .. } = signed;
        let enrolled = Enrolled {
            person: displayed.shown().person.sub.clone(),
            credential: passkey.id.clone(),
            key: as_kept(key),
            rp_id: relying_party.id().to_owned(),
            origin: relying_party.origin(),
            enrolled_at: passkey.made_at,
            by: EnrolledBy::Unrecorded,
        };
        let assertion = Assertion {
            credential: passkey.id,
            authenticator_data: Bytes::from(signed.authenticator_data.as_slice()),
            client_data: Bytes::from(signed.client_data.as_slice()),
            signature: Bytes::from(signed.signature.as_slice()),
        };
        let granted = Granted {
            grant_id: approved.id.clone(),
            client: grant.client_id.clone(),
            resources: grant.resources.clone(),
            scope: grant.scope.clone(),
            details: grant.details.clone(),
            approved_at: grant.granted_at,
        };
        let evidence = Evidence::new(displayed, assertion, enrolled, &granted, chain)
            .map_err(|why| environment::Fault::broken("evidence", format!("{why:?}")))?;
        if evidence.text().len() > store::LARGEST_EVIDENCE {
            return Err(Refusal::ApprovalUnsignable { why: "its evidence is too long" }.into());
        }
        Ok(evidence)
    }
}

fn as_kept(key: PublicKey) -> Key {
    match key {
        PublicKey::P256 { x, y } => Key::p256(&x, &y),
        PublicKey::Rsa { n, e } => Key::rsa(&n, &e),
    }
}

impl From<Unproven> for NotSigned {
    fn from(unproven: Unproven) -> Self {
        let problem = match unproven {
            Unproven::Copied => CountersignProblem::Copied,
            Unproven::PersonNotVerified | Unproven::NobodyPresent => CountersignProblem::NotVerified,
            Unproven::UnknownPasskey | Unproven::SomebodyElses => CountersignProblem::NotTheirs,
            Unproven::OtherChallenge => CountersignProblem::OtherText,
            _ => CountersignProblem::Refused,
        };
        Self { problem, why: unproven.to_string() }
    }
}
