use details::DetailTypes;
use oauth::configuration::Client;
use oauth::{AuthorizationDetails, Refusal};
use serde_json::Value;

use crate::Complaint;
use crate::files::ClientFile;
use crate::reading::Read;

const FIELD: &str = "standing_details";

/// The details that a client has without a person, as far as they are well formed.
pub(super) fn parse(
    file: &Read<ClientFile>,
    complaints: &mut Vec<Complaint>,
) -> Option<AuthorizationDetails> {
    let values = file.value.standing_details.iter().map(|detail| {
        let mut fields = detail.fields.clone();
        fields.insert("type".to_owned(), Value::String(detail.detail_type.clone()));
        Value::Object(fields)
    });
    AuthorizationDetails::from_values(values.collect())
        .map_err(|refusal| complain(file, &refusal, complaints))
        .ok()
}

/// Whether the details are valid by their types and the client may have them.
pub(super) fn check(
    file: &Read<ClientFile>,
    client: &Client,
    types: &DetailTypes,
    complaints: &mut Vec<Complaint>,
) {
    if let Err(refusal) = types.validate(&client.standing_details, client, true) {
        complain(file, &refusal, complaints);
    }
}

fn complain(file: &Read<ClientFile>, refusal: &Refusal, complaints: &mut Vec<Complaint>) {
    let index = match refusal {
        Refusal::UnknownDetailType { index }
        | Refusal::DetailTypeNotAllowed { index }
        | Refusal::DetailWithoutType { index }
        | Refusal::DetailInvalid { index, .. } => index.to_string(),
        _ => String::new(),
    };
    let remedy = match refusal {
        Refusal::DetailTypeNotAllowed { .. } => "Add the type to `detail_types`.",
        _ => "",
    };
    complaints.push(file.complaint(
        &[FIELD, &index],
        format!("The standing detail is refused: {refusal}."),
        remedy,
    ));
}
