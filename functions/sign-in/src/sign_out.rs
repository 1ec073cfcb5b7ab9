use http::{Problem, Response, StatusCode, audit, form};
use pages::SignedOutPage;
use reception::{ACCOUNT_FORM, Guest};

/// Ends the session. Whoever is not signed in is told the same.
pub(crate) async fn submit(guest: &Guest<'_>) -> Result<Response, Problem> {
    let parameters = form(guest.request)?;
    if let Some(signed_in) = guest.signed_in().await? {
        guest.open_form(ACCOUNT_FORM, parameters.required("csrf")?, &signed_in.binding())?;
        guest.store.end_session(signed_in.secret()).await?;
        let decision =
            audit::Decision::new(audit::Event::SignOut, audit::Outcome::Granted, guest.request, guest.now);
        decision.person(&signed_in.session.person).record();
    }
    let mut response = guest.page(StatusCode::OK, SignedOutPage { frame: guest.frame() }.render(), &[])?;
    guest.forget_session(&mut response)?;
    Ok(response)
}
