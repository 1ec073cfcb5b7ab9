//! A file server that accepts the tokens of one authorization server. It knows that server by its metadata and its
//! keys; no request of an agent makes it ask the server anything more. What it looks at, in order: the token, by the crate
//! that Countersign has for tool owners ([`resource`]): whether it is a good one, meant for this tool, and allows this very
//! file as [`permission`] puts it; and only then [`files`], whether there is such a file.

mod files;
mod permission;

use hyper::{Method, Request, Response, StatusCode, header};
use resource::{Answering, Demand, Fetch, Guard};

use crate::Trouble;
use crate::loopback::{Loopback, Serving};
use crate::transport::Transport;
use files::Files;
use permission::Wanted;
pub(crate) use permission::{FILE_SCOPE, LOCATION, RESOURCE};

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
        let unusable = |why: String| Trouble::Document { document: "metadata or keys", why };
        let guard = Guard::of(issuer, RESOURCE).fetch(transport).realm("files").build();
        let guard = guard.map_err(|error| unusable(error.to_string()))?;
        guard.prepare().await.map_err(|error| unusable(error.to_string()))?;
        let loopback = Loopback::bind().await?;
        let files = Files::default();
        Ok(Self {
            origin: loopback.origin().to_owned(),
            _serving: loopback.serve(move |request| {
                let (guard, files) = (guard.clone(), files.clone());
                async move { serve(&guard, &files, &request).await }
            }),
        })
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }
}

impl Fetch for Transport {
    fn fetch(&self, request: Request<Vec<u8>>) -> Answering<'_> {
        Box::pin(async move { self.send(request).await.map_err(|error| error.to_string()) })
    }
}

async fn serve(guard: &Guard, files: &Files, request: &Request<()>) -> Response<String> {
    let wanted = Wanted::of(request.method(), request.uri().path());
    let demand = wanted.as_ref().map_or_else(Demand::new, Wanted::demand);
    if let Err(refusal) = guard.check(request.headers(), &demand).await {
        return guard.answer(&refusal);
    }
    let is_read = request.method() == Method::GET;
    if !is_read && request.method() != Method::DELETE {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "files can be read and deleted");
    }
    match wanted.and_then(|wanted| files.text(&wanted.folder, &wanted.identifier)) {
        Some(text) if is_read => plain(StatusCode::OK, text),
        Some(text) => {
            files.delete(text);
            plain(StatusCode::NO_CONTENT, "")
        }
        None => plain(StatusCode::NOT_FOUND, "there is no such file"),
    }
}

fn plain(status: StatusCode, text: &str) -> Response<String> {
    let mut response = Response::new(text.to_owned());
    *response.status_mut() = status;
    let mut set = |name, value| response.headers_mut().insert(name, header::HeaderValue::from_static(value));
    set(header::CONTENT_TYPE, "text/plain; charset=utf-8");
    set(header::CACHE_CONTROL, "no-store");
    if status == StatusCode::METHOD_NOT_ALLOWED {
        set(header::ALLOW, "GET, DELETE");
    }
    response
}

#[cfg(test)]
mod tests;
