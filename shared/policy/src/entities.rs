use std::collections::{BTreeMap, HashMap, HashSet};

use cedar_policy::{
    Context as CedarContext, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request,
    RestrictedExpression,
};
use oauth::configuration::DetailType;
use oauth::{AuthorizationDetail, Timestamp};
use serde_json::Value;

use crate::shape::Shape;
use crate::{Person, Question};

/// The question in Cedar's terms. `countersign.cedarschema` describes the same to whoever writes policies; a test holds the
/// two together.
///
/// # Errors
/// What could not be said in Cedar's terms.
pub(crate) fn of(
    question: &Question<'_>,
    types: &BTreeMap<String, DetailType>,
) -> Result<(Request, Entities), String> {
    let principal = uid("Client", question.principal.client.id.as_str())?;
    let action = uid("Action", question.action.as_str())?;
    let resource = uid("Tool", question.tool)?;
    let context = CedarContext::from_pairs(context(question, types)?).map_err(text)?;
    let mut entities = Vec::new();
    let client = question.principal.client;
    let mut attributes = HashMap::from([
        attribute("confidential", bool(client.is_confidential() && client.origin.is_vouched_for())),
        attribute("origin", string(client.origin.as_str())),
    ]);
    if let Some(person) = &question.principal.person {
        let of_person = uid("Person", person.subject)?;
        attributes.extend([attribute("person", RestrictedExpression::new_entity_uid(of_person.clone()))]);
        entities.extend(person_and_groups(of_person, person)?);
    }
    entities.push(Entity::new(principal.clone(), attributes, HashSet::new()).map_err(text)?);
    entities.push(Entity::new_no_attrs(resource.clone(), HashSet::new()));
    entities.push(Entity::new_no_attrs(action.clone(), HashSet::new()));
    let request = Request::new(principal, action, resource, context, None).map_err(text)?;
    Ok((request, Entities::from_entities(entities, None).map_err(text)?))
}

fn person_and_groups(person: EntityUid, known: &Person<'_>) -> Result<Vec<Entity>, String> {
    let groups: HashSet<EntityUid> =
        known.groups.iter().map(|group| uid("Group", group)).collect::<Result<_, _>>()?;
    let mut entities: Vec<Entity> =
        groups.iter().map(|group| Entity::new_no_attrs(group.clone(), HashSet::new())).collect();
    let attributes = HashMap::from([attribute("user_name", string(known.user_name))]);
    let tags = known.attributes.iter().map(|(name, value)| attribute(name, string(value)));
    entities.push(Entity::new_with_tags(person, attributes, groups, tags).map_err(text)?);
    Ok(entities)
}

fn context(
    question: &Question<'_>,
    types: &BTreeMap<String, DetailType>,
) -> Result<Vec<(String, RestrictedExpression)>, String> {
    let context = &question.context;
    let actors = context.actors.iter().map(|actor| uid("Client", actor)).collect::<Result<Vec<_>, _>>()?;
    let asked_types = context.details.iter().map(|detail| detail.detail_type.as_str());
    let mut pairs = vec![
        attribute("scopes", strings(context.scopes.iter())),
        attribute("detail_types", strings(asked_types)),
        attribute("depth", RestrictedExpression::new_long(i64::from(context.depth))),
        attribute(
            "actors",
            RestrictedExpression::new_set(actors.into_iter().map(RestrictedExpression::new_entity_uid)),
        ),
        attribute("requested", string(context.requested.issued_name())),
        attribute("amr", strings(context.amr.iter().copied())),
        attribute("now", moment(context.now)?),
    ];
    // The principal acts anyway.
    if let Some(actor) = context.actor.filter(|actor| *actor != question.principal.client.id.as_str()) {
        pairs.push(attribute("actor", RestrictedExpression::new_entity_uid(uid("Client", actor)?)));
    }
    pairs.extend(context.scope.map(|scope| attribute("scope", string(scope))));
    pairs.extend(context.origin.map(|issuer| attribute("origin", string(issuer))));
    pairs.extend(context.acr.map(|acr| attribute("acr", string(acr))));
    if let Some(age) = context.auth_age {
        let seconds = i64::try_from(age.as_secs()).unwrap_or(i64::MAX);
        pairs.push(attribute("auth_age", RestrictedExpression::new_long(seconds)));
    }
    if let Some(one) = context.detail {
        pairs.push(attribute("detail", detail(one, types)?));
    }
    Ok(pairs)
}

/// The fields that every type may have (RFC 9396, section 2.2), and the type's own beneath the type's name.
fn detail(
    detail: &AuthorizationDetail,
    types: &BTreeMap<String, DetailType>,
) -> Result<RestrictedExpression, String> {
    let mut members = vec![attribute("type", string(&detail.detail_type))];
    let texts = Shape::Set(Box::new(Shape::Text));
    for name in ["actions", "locations", "datatypes", "privileges"] {
        if let Some(values) = detail.fields.get(name) {
            members.push(attribute(name, texts.express(values)?));
        }
    }
    if let Some(identifier) = detail.fields.get("identifier") {
        members.push(attribute("identifier", Shape::Text.express(identifier)?));
    }
    if let Some(shape) = types.get(&detail.detail_type).and_then(Shape::of_type) {
        members.push(attribute(&detail.detail_type, shape.express(&Value::Object(detail.fields.clone()))?));
    }
    RestrictedExpression::new_record(members).map_err(text)
}

fn moment(now: Timestamp) -> Result<RestrictedExpression, String> {
    let now = jiff::Timestamp::from_second(now.as_seconds()).map_err(text)?;
    Ok(RestrictedExpression::new_datetime(now.to_string()))
}

fn uid(kind: &str, id: &str) -> Result<EntityUid, String> {
    let kind: EntityTypeName = kind.parse().map_err(text)?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}

fn attribute(name: &str, value: RestrictedExpression) -> (String, RestrictedExpression) {
    (name.to_owned(), value)
}

fn string(text: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(text.to_owned())
}

fn bool(value: bool) -> RestrictedExpression {
    RestrictedExpression::new_bool(value)
}

fn strings<'a>(texts: impl Iterator<Item = &'a str>) -> RestrictedExpression {
    RestrictedExpression::new_set(texts.map(string))
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
