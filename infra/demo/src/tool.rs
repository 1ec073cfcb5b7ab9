//! A file server that accepts the tokens of one authorization server. It knows that server by its metadata and its
//! keys, which it reads once; no request of an agent makes it ask the server anything. What it looks at, in order:
//! [`access_token`] whether the token is a good one and meant for this tool (RFC 9068, section 4), [`permission`]
//! whether it allows this very file (RFC 9396), and only then [`files`] whether there is such a file.

mod access_token;
mod es256;
mod files;
mod keys;
mod permission;
mod refusal;

use std::sync::Arc;

use hyper::{Method, Request, Response, StatusCode, header};

use crate::Trouble;
use crate::loopback::{Loopback, Serving};
use crate::transport::Transport;
use access_token::{AccessToken, Unacceptable};
use keys::Keys;
use permission::Wanted;
pub(crate) use permission::{FILE_SCOPE, LOCATION, RESOURCE};
use refusal::Refusal;

/// The running tool; it ends when this is dropped.
pub(crate) struct FileTool {
    origin: String,
    _serving: Serving,
}

impl FileTool {
    /// Reads the issuer's metadata and keys, and serves on a loopback port of its own.
    ///
    /// # Errors
    /// When the documents cannot be read, or there is no port.
    pub(crate) async fn start(issuer: &str, transport: Transport) -> Result<Self, Trouble> {
        es256::install();
        let keys = Arc::new(Keys::of(issuer, transport).await?);
        let loopback = Loopback::bind().await?;
        Ok(Self {
            origin: loopback.origin().to_owned(),
            _serving: loopback.serve(move |request| {
                let keys = Arc::clone(&keys);
                async move { serve(&keys, &request).await.unwrap_or_else(Refusal::into_response) }
            }),
        })
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }
}

async fn serve(keys: &Keys, request: &Request<()>) -> Result<Response<String>, Refusal> {
    let token = bearer(request)?;
    let token = verify(keys, token).await?;
    if request.method() != Method::GET {
        return Err(Refusal::OnlyGet);
    }
    let wanted = Wanted::to_read(request.uri().path()).ok_or(Refusal::NotFound)?;
    wanted.allowed_by(&token)?;
    let text = files::text(&wanted.folder, &wanted.identifier).ok_or(Refusal::NotFound)?;
    let mut response = Response::new(text.to_owned());
    for (name, value) in
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")]
    {
        response.headers_mut().insert(name, header::HeaderValue::from_static(value));
    }
    *response.status_mut() = StatusCode::OK;
    Ok(response)
}

/// The token, from the header and from nowhere else (OAuth 2.1, section 5.1.1).
fn bearer(request: &Request<()>) -> Result<&str, Refusal> {
    let mut headers = request.headers().get_all(header::AUTHORIZATION).iter();
    let value = headers.next().ok_or(Refusal::NoToken)?;
    if headers.next().is_some() {
        return Err(Refusal::MalformedRequest);
    }
    let value = value.to_str().map_err(|_| Refusal::MalformedRequest)?;
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim_start_matches(' ')),
        _ => Err(Refusal::NoToken),
    }
}

/// Verifies with the keys at hand, and once more with fresh ones when the token names a key that is not among them:
/// it may have been published since.
async fn verify(keys: &Keys, token: &str) -> Result<AccessToken, Refusal> {
    let first = access_token::verify(token, &keys.at_hand(), keys.issuer(), RESOURCE);
    let verified = match first {
        Err(Unacceptable::UnknownKey) if keys.refresh().await => {
            access_token::verify(token, &keys.at_hand(), keys.issuer(), RESOURCE)
        }
        other => other,
    };
    verified.map_err(Refusal::InvalidToken)
}

#[cfg(test)]
mod tests;
