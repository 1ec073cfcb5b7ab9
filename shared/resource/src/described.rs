use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http_types::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::ProtectedResource;

/// A `tower` layer that serves what a tool says of itself (RFC 9728, section 3), and leaves every other request to the tool. It goes
/// around the guard: who has no token yet reads it.
#[derive(Clone)]
pub struct DescribedLayer(Arc<ProtectedResource>);

/// A service that says what it is.
#[derive(Clone)]
pub struct Described<S> {
    inner: S,
    metadata: Arc<ProtectedResource>,
}

impl ProtectedResource {
    /// The layer that serves this.
    pub fn layer(self) -> DescribedLayer {
        DescribedLayer(Arc::new(self))
    }
}

impl<S> Layer<S> for DescribedLayer {
    type Service = Described<S>;

    fn layer(&self, inner: S) -> Described<S> {
        Described { inner, metadata: self.0.clone() }
    }
}

impl<S, B, R> Service<Request<B>> for Described<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    R: From<String> + Send + 'static,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.metadata.answer(request.method(), request.uri().path()) {
            Some(document) => Box::pin(ready(Ok(document))),
            None => Box::pin(self.inner.call(request)),
        }
    }
}
