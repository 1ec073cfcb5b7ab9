use http::{Problem, Response, answer, audit};
use oauth::Decision;
use reception::{Guest, SignedIn, decide};

use crate::Visit;

/// Answers with a code at once when the person had let us remember their consent to exactly this request.
pub(crate) async fn answer(
    guest: &Guest<'_>,
    visit: &Visit,
    signed_in: &SignedIn,
) -> Result<Option<Response>, Problem> {
    if !visit.client.remember_consent {
        return Ok(None);
    }
    let person = &signed_in.session.person;
    let asked = visit.request.remembered_as();
    let consent = guest.store.remembered_consent(person, &visit.client.id, &asked, guest.now).await?;
    if consent.is_none() || guest.standing_person(signed_in).await?.is_none() {
        return Ok(None);
    }
    let code: [u8; 32] = guest.dice.roll();
    let decision = Decision {
        person: person.clone(),
        authentication: signed_in.session.authentication.clone(),
        scope: visit.request.scope.clone(),
        details: (0..visit.request.details.len()).collect(),
        code: oauth::Secret::new(code).digest(),
    };
    let consented = decide(guest, &visit.interaction, decision).await?;
    let Some(grant) = consented.grant() else {
        return Ok(None);
    };
    audit::Decision::new(audit::Event::Consent, audit::Outcome::Granted, guest.request, guest.now)
        .client(&grant.client_id)
        .person(&grant.person)
        .grant_id(&consented.id)
        .scope(&grant.scope)
        .details_digest(&grant.asked)
        .remembered()
        .record();
    let code = oauth::Handle::new(consented.id.clone(), code).reveal();
    Ok(Some(answer::see_other(&visit.request.reply_to().with_code(&code, guest.site.issuer()))))
}
