use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http_types::header::{CONNECTION, CONTENT_LENGTH, HeaderValue, TRANSFER_ENCODING};
use http_types::{Request, Response, Version};
use tower_layer::Layer;
use tower_service::Service;

use crate::{Demand, Guard};

/// What a request demands, by its method, path and headers.
type DemandOf = dyn Fn(&Request<()>) -> Demand + Send + Sync;

/// A `tower` layer that lets through what the guard lets through. The service behind it finds the
/// [`crate::AccessToken`] among the request's extensions. The body of what is refused is not read, and the answer says that the
/// connection ends (RFC 9112, section 9.6): nobody sends the next request behind it.
#[derive(Clone)]
pub struct GuardedLayer {
    guard: Guard,
    demand: Arc<DemandOf>,
}

/// A service behind a guard.
#[derive(Clone)]
pub struct Guarded<S> {
    inner: S,
    layer: GuardedLayer,
}

impl Guard {
    /// A layer for requests that all demand the same.
    pub fn layer(&self, demand: Demand) -> GuardedLayer {
        self.layer_by(move |_| demand.clone())
    }

    /// A layer that finds out by a request's head what it demands. The request's body and extensions are not in it.
    pub fn layer_by(&self, demand: impl Fn(&Request<()>) -> Demand + Send + Sync + 'static) -> GuardedLayer {
        GuardedLayer { guard: self.clone(), demand: Arc::new(demand) }
    }
}

impl<S> Layer<S> for GuardedLayer {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { inner, layer: self.clone() }
    }
}

impl<S, B, R> Service<Request<B>> for Guarded<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: From<String>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The one that was found ready is used up; a fresh clone takes its place.
        let fresh = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, fresh);
        let GuardedLayer { guard, demand } = self.layer.clone();
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let demand = demand(&head(&parts));
            match guard.check(&parts.headers, &demand).await {
                Ok(token) => {
                    parts.extensions.insert(token);
                    ready.call(Request::from_parts(parts, body)).await
                }
                Err(refusal) => Ok(ending_where_unread(&parts, guard.answer(&refusal))),
            }
        })
    }
}

/// HTTP/2 has a stream for each request, and no such header.
fn ending_where_unread<R>(parts: &http_types::request::Parts, mut answer: Response<R>) -> Response<R> {
    let is_empty = |length: &HeaderValue| length.as_bytes() == b"0";
    let has_body = parts.headers.contains_key(TRANSFER_ENCODING)
        || parts.headers.get(CONTENT_LENGTH).is_some_and(|length| !is_empty(length));
    if has_body && parts.version <= Version::HTTP_11 {
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

fn head(parts: &http_types::request::Parts) -> Request<()> {
    let mut head = Request::new(());
    *head.method_mut() = parts.method.clone();
    *head.uri_mut() = parts.uri.clone();
    *head.version_mut() = parts.version;
    *head.headers_mut() = parts.headers.clone();
    head
}

#[cfg(test)]
mod tests;
