use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use jsonschema::Validator;
use languages::{LanguageTag, Template};
use oauth::configuration::{Assurance, Client, DetailType, Tool};
use oauth::{AuthorizationDetail, AuthorizationDetails, Refusal};

use crate::fields::Fields;
use crate::schema;

/// The registered types of `authorization_details` (RFC 9396, section 2). Cheap to clone; what is compiled for one
/// request is there for the next.
///
/// It is made from types that passed [`check_type`](crate::check_type). Whatever is wrong with one that did not, the
/// answer is a refusal.
#[derive(Clone, Debug)]
pub struct DetailTypes(Arc<BTreeMap<String, RegisteredType>>);

/// A type, and what is made of it when it is first needed.
#[derive(Debug)]
pub(crate) struct RegisteredType {
    pub(crate) definition: DetailType,
    validator: OnceLock<Option<Validator>>,
    fields: OnceLock<Fields>,
    templates: BTreeMap<String, OnceLock<Option<Template>>>,
}

impl DetailTypes {
    /// The types by their names. Of two with the same name the first counts.
    pub fn new(types: Vec<DetailType>) -> Self {
        let mut registered = BTreeMap::new();
        for definition in types {
            registered.entry(definition.name.clone()).or_insert_with(|| RegisteredType::new(definition));
        }
        Self(Arc::new(registered))
    }

    /// The names, for `authorization_details_types_supported` (RFC 9396, section 10).
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// A type by its name.
    pub fn get(&self, name: &str) -> Option<&DetailType> {
        self.registered(name).map(|registered| &registered.definition)
    }

    /// The details that a token for `tool` carries (RFC 9396, section 6). One of an unknown type belongs nowhere.
    #[must_use]
    pub fn for_tool(&self, details: &AuthorizationDetails, tool: &Tool) -> AuthorizationDetails {
        details.retaining(|detail| self.belongs_to(detail, tool) == Some(true))
    }

    /// The part of a grant's details that a token of `client` for `tool` carries: what the client may no longer
    /// have is not in what it was granted either.
    #[must_use]
    pub fn granted_for(
        &self,
        details: &AuthorizationDetails,
        tool: &Tool,
        client: &Client,
    ) -> AuthorizationDetails {
        self.for_tool(details, tool).retaining(|detail| client.detail_types.contains(&detail.detail_type))
    }

    /// The part of a grant's details that some token of `client` for one of these tools can still carry.
    #[must_use]
    pub fn granted_for_any(
        &self,
        details: &AuthorizationDetails,
        tools: &[&Tool],
        client: &Client,
    ) -> AuthorizationDetails {
        details.retaining(|detail| {
            let has_a_home = tools.iter().any(|tool| self.belongs_to(detail, tool) == Some(true));
            has_a_home && client.detail_types.contains(&detail.detail_type)
        })
    }

    /// Refuses details that are for another tool: what a client names beside `resource` must fit it.
    ///
    /// # Errors
    /// [`Refusal::UnknownDetailType`], [`Refusal::DetailOutsideResource`].
    pub fn refuse_outside(&self, details: &AuthorizationDetails, tool: &Tool) -> Result<(), Refusal> {
        details.iter().enumerate().try_for_each(|(index, detail)| match self.belongs_to(detail, tool) {
            Some(true) => Ok(()),
            Some(false) => Err(Refusal::DetailOutsideResource { index }),
            None => Err(Refusal::UnknownDetailType { index }),
        })
    }

    /// Refuses details that none of the tools could be given: a person would approve what no token can carry.
    ///
    /// # Errors
    /// [`Refusal::UnknownDetailType`], [`Refusal::DetailOutsideResource`].
    pub fn refuse_homeless(&self, details: &AuthorizationDetails, tools: &[&Tool]) -> Result<(), Refusal> {
        details.iter().enumerate().try_for_each(|(index, detail)| match self.get(&detail.detail_type) {
            Some(registered) if tools.iter().any(|tool| registered.belongs_to(detail, tool)) => Ok(()),
            Some(_) => Err(Refusal::DetailOutsideResource { index }),
            None => Err(Refusal::UnknownDetailType { index }),
        })
    }

    /// How strongly a person must have authenticated to approve all of this: as much as the most demanding type says,
    /// and [`Assurance::Strong`] for one that is unknown.
    pub fn strongest_assurance(&self, details: &AuthorizationDetails) -> Assurance {
        let demanded = |detail: &AuthorizationDetail| {
            self.get(&detail.detail_type).map_or(Assurance::Strong, |definition| definition.assurance)
        };
        details.iter().map(demanded).max().unwrap_or(Assurance::Session)
    }

    /// Whether a person can approve all of this with a passkey alone.
    pub fn take_a_passkey(&self, details: &AuthorizationDetails) -> bool {
        self.strongest_assurance(details) == Assurance::Strong
    }

    /// Whether this may ring in a person's quiet hours: all of it is urgent. An agent that wants something else rings nobody by adding
    /// a detail that is.
    pub fn are_urgent(&self, details: &AuthorizationDetails) -> bool {
        let is_urgent =
            |detail: &AuthorizationDetail| self.get(&detail.detail_type).is_some_and(|own| own.urgent);
        !details.is_empty() && details.iter().all(is_urgent)
    }

    fn belongs_to(&self, detail: &AuthorizationDetail, tool: &Tool) -> Option<bool> {
        self.get(&detail.detail_type).map(|definition| definition.belongs_to(detail, tool))
    }

    pub(crate) fn registered(&self, name: &str) -> Option<&RegisteredType> {
        self.0.get(name)
    }

    pub(crate) fn definitions(&self) -> impl Iterator<Item = &DetailType> {
        self.0.values().map(|registered| &registered.definition)
    }
}

impl RegisteredType {
    fn new(definition: DetailType) -> Self {
        let templates =
            definition.sentence.keys().map(|language| (language.clone(), OnceLock::new())).collect();
        Self { definition, validator: OnceLock::new(), fields: OnceLock::new(), templates }
    }

    /// The compiled schema; `None` when it does not compile.
    pub(crate) fn validator(&self) -> Option<&Validator> {
        self.validator.get_or_init(|| schema::compile(&self.definition.schema).ok()).as_ref()
    }

    pub(crate) fn fields(&self) -> &Fields {
        self.fields.get_or_init(|| Fields::of(&self.definition.schema))
    }

    /// The sentence in a language or, where the type has none in it, in a related one, in English, in any.
    pub(crate) fn template(&self, language: &LanguageTag) -> Option<&Template> {
        let wishes = [language.to_string(), language.language().to_owned(), "en".to_owned()];
        let found = wishes.iter().find_map(|wish| self.templates.get_key_value(wish.as_str()));
        let (language, parsed) = found.or_else(|| self.templates.first_key_value())?;
        parsed.get_or_init(|| Template::parse(self.definition.sentence.get(language)?).ok()).as_ref()
    }
}
