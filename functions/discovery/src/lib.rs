//! What clients, tools and browsers fetch without showing anything: the discovery documents, the keys, the
//! registered types of details, the files of the pages and what makes them an app on a phone, and what the errors mean.

mod catalogue;

use std::sync::Arc;

use details::DetailTypes;
use environment::{Clock, Fault};
use http::request::{Allowed, arrival, require_method};
use http::{Problem, Request, Response, Site, StatusCode, answer, cors, respond_json, to_the_pages};
use keys::{Deployment, PublishedKeys};
use oauth::configuration::Assurance;
use oauth::metadata;
use pages::{Asset, Brand, MANIFEST_PATH, MANIFEST_TYPE, assets, manifest};
use serde_json::{Value, json};
use store::{Configuration, Derived, Store};

/// What the endpoint needs.
pub struct Services {
    store: Store,
    keys: PublishedKeys,
    clock: Clock,
    brand: Derived<Arc<Brand>>,
    metadata: Derived<Arc<Value>>,
    types: Derived<Arc<Value>>,
}

impl Services {
    /// Puts the parts together.
    pub fn new(store: Store, keys: PublishedKeys, clock: Clock) -> Self {
        let (brand, metadata, types) = (Derived::default(), Derived::default(), Derived::default());
        Self { store, keys, clock, brand, metadata, types }
    }

    async fn of_deployment() -> Result<Self, Fault> {
        let Deployment { store, keys, clock } = Deployment::open_to_verify().await?;
        Ok(Self::new(store, keys, clock))
    }

    fn brand(&self, configuration: &Configuration) -> Arc<Brand> {
        self.brand.of(configuration.version, || Arc::new(reception::brand(&configuration.server)))
    }
}

/// Runs the function under the Lambda runtime.
pub fn serve() {
    http::serve(
        "discovery",
        async || Services::of_deployment().await,
        async |services: &Services, request| handle(services, request).await,
    );
}

/// Answers with a document or a file.
pub async fn handle(services: &Services, request: Request) -> Response {
    if let Some(preflight) = cors::preflight(&request, Allowed::Get) {
        return preflight;
    }
    // Tools must be able to verify tokens while the table does not answer: no configuration is read, and keys that
    // were read once are given out.
    if arrival(&request).path == "/jwks.json" && require_method(&request, Allowed::Get).is_ok() {
        return cors::readable_by_any_origin(respond_json(key_set(services).await, &request, None));
    }
    let now = services.clock.now();
    let configuration = match services.store.configuration(now).await {
        Ok(configuration) => configuration,
        Err(fault) => return respond_json(Err(fault.into()), &request, None),
    };
    let site = Site::of(&configuration.server);
    let path = arrival(&request).path.as_str();
    if catalogue::is_of_catalogue(path) && require_method(&request, Allowed::Get).is_ok() {
        if let Some(sent_on) = to_the_pages(&request, &site) {
            return sent_on;
        }
        let brand = services.brand(&configuration);
        return catalogue::page(&request, path, &brand, configuration.server.base_path(), &site);
    }
    let answer = match path {
        "/saml/metadata" => saml_metadata(services, &configuration, &request).await,
        _ => document(services, &configuration, &request),
    };
    cors::readable_by_any_origin(respond_json(answer, &request, Some(&site)))
}

fn document(
    services: &Services,
    configuration: &Configuration,
    request: &Request,
) -> Result<Response, Problem> {
    require_method(request, Allowed::Get)?;
    let path = arrival(request).path.as_str();
    let document = match path {
        "/.well-known/openid-configuration" | "/.well-known/oauth-authorization-server" => {
            metadata_of(services, configuration)
        }
        "/authorization-details-types" => types_of(services, configuration),
        MANIFEST_PATH => {
            let server = &configuration.server;
            let manifest = manifest(&services.brand(configuration), server.base_path());
            return Ok(answer::public_document(MANIFEST_TYPE, manifest, keys::JWKS_MAX_AGE));
        }
        _ => return Ok(file(services, configuration, path)),
    };
    Ok(answer::public_json(&*document, keys::JWKS_MAX_AGE))
}

async fn key_set(services: &Services) -> Result<Response, Problem> {
    let keys = services.keys.public().await?.jwks(services.clock.now());
    Ok(answer::public_json(&keys, keys::JWKS_MAX_AGE))
}

/// How tools that take SAML assertions know our keys (SAML Metadata, section 2). It is as long at hand as the key set,
/// because a key signs as soon as nobody can have an older one.
async fn saml_metadata(
    services: &Services,
    configuration: &Configuration,
    request: &Request,
) -> Result<Response, Problem> {
    require_method(request, Allowed::Get)?;
    let keys = services.keys.public().await?;
    let certificates = keys.certificates(services.clock.now());
    let server = &configuration.server;
    let text = saml::metadata(&server.issuer, &server.endpoint("/token"), &certificates, keys::JWKS_MAX_AGE)
        .map_err(|error| Fault::broken("SAML metadata", error))?;
    Ok(answer::public_document(saml::METADATA_CONTENT_TYPE, text, keys::JWKS_MAX_AGE))
}

fn metadata_of(services: &Services, configuration: &Configuration) -> Arc<Value> {
    services.metadata.of(configuration.version, || {
        let mut scopes: Vec<String> =
            configuration.tools.iter().flat_map(|tool| tool.scopes.keys().cloned()).collect();
        scopes.sort();
        scopes.dedup();
        // What demands a passkey is refused where there are none: it is not advertised.
        let has_passkeys = configuration.server.has_passkeys();
        let types: Vec<String> = configuration
            .detail_types
            .iter()
            .filter(|one| has_passkeys || one.assurance != Assurance::Strong)
            .map(|one| one.name.clone())
            .collect();
        Arc::new(metadata::document(&configuration.server, &scopes, &types))
    })
}

fn types_of(services: &Services, configuration: &Configuration) -> Arc<Value> {
    services.types.of(configuration.version, || {
        Arc::new(DetailTypes::new(configuration.detail_types.clone()).types_metadata())
    })
}

/// A file of the pages, by the path that has its hash in it.
fn file(services: &Services, configuration: &Configuration, path: &str) -> Response {
    let brand = services.brand(configuration);
    let found: Option<Asset> =
        assets().iter().chain(brand.assets()).find(|asset| asset.path == path).cloned();
    match found {
        Some(asset) => answer::asset(asset.content_type, asset.bytes.into_owned()),
        None => answer::json(StatusCode::NOT_FOUND, &json!({ "error": "not_found" })),
    }
}
