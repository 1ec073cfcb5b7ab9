use http::request::{Allowed, require_method};
use http::{Problem, Response, StatusCode, query};
use pages::{AccountNotice, AccountPage};
use reception::Guest;

use crate::sign_in;

/// The seal of the account's forms.
pub(crate) const ACCOUNT_FORM: &str = "account";

/// The front page of the account, or the sign-in page for whoever is not signed in.
pub(crate) async fn show(guest: &Guest<'_>) -> Result<Response, Problem> {
    require_method(guest.request, Allowed::Get)?;
    let Some(signed_in) = guest.signed_in().await? else {
        return sign_in::alone(guest);
    };
    let changed = query(guest.request)?.optional("notice")? == Some("password-changed");
    let csrf = guest.seal_form(ACCOUNT_FORM, &signed_in.binding())?;
    let page = AccountPage {
        frame: guest.frame(),
        csrf: &csrf,
        person: signed_in.person(),
        notice: changed.then_some(AccountNotice::PasswordChanged),
    };
    guest.page(StatusCode::OK, page.render(), &[])
}
