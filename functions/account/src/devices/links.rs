use http::{Problem, Response, StatusCode, form, query};
use oauth::{DeviceId, Parameters, Refusal, Secret, ShownToConfirm};
use pages::{ConfirmDevicePage, DeviceNotice};
use reception::{Destination, Guest};

use super::Visitor;
use crate::Services;
use crate::links::code_of_a_link;

/// The seal of this form.
const FORM: &str = "confirm device";

/// What a link that was sent to a device says.
struct Link {
    device: DeviceId,
    code: Secret<String>,
}

/// Asks whoever opens the link whether it is their device, once they are signed in. Nothing is looked up: what opens links by itself,
/// such as a phone that shows a preview, changes nothing and learns nothing.
pub(crate) async fn show(services: &Services, guest: &Guest<'_>) -> Result<Response, Problem> {
    let link = link(&query(guest.request)?)?;
    let Some(signed_in) = guest.standing().await? else {
        let code = link.code.expose().clone();
        return guest.sign_in_alone(&Destination::Device { device: link.device, code });
    };
    page(&Visitor { services, guest, signed_in }, &link, false)
}

/// Confirms the device, if it is one of the person who is signed in.
pub(crate) async fn submit(services: &Services, guest: &Guest<'_>) -> Result<Response, Problem> {
    let parameters = form(guest.request)?;
    let signed_in = guest.standing().await?.ok_or(Refusal::FormRejected)?;
    guest.open_form(FORM, parameters.required("csrf")?, &signed_in.binding())?;
    let (link, visitor) = (link(&parameters)?, Visitor { services, guest, signed_in });
    if visitor.confirms(&link.device, ShownToConfirm::Code(&link.code)).await? {
        return Ok(guest.back_to("/account/devices", DeviceNotice::Confirmed.as_str()));
    }
    page(&visitor, &link, true)
}

fn link(parameters: &Parameters) -> Result<Link, Refusal> {
    let code = code_of_a_link(parameters)?;
    Ok(Link { device: super::device(parameters)?, code })
}

fn page(visitor: &Visitor<'_>, link: &Link, is_refused: bool) -> Result<Response, Problem> {
    let Visitor { guest, signed_in, .. } = visitor;
    let page = ConfirmDevicePage {
        frame: guest.frame(),
        csrf: &guest.seal_form(FORM, &signed_in.binding())?,
        person: signed_in.person(),
        device: link.device.as_str(),
        code: link.code.expose(),
        is_refused,
    };
    let status = if is_refused { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    guest.page(status, page.render(), &[])
}
