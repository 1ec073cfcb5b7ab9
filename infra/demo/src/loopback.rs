use std::convert::Infallible;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::Trouble;

/// A port of 127.0.0.1 that the operating system chose.
pub(crate) struct Loopback {
    listener: TcpListener,
    origin: String,
}

/// A server on such a port; it ends when this is dropped.
pub(crate) struct Serving(JoinHandle<()>);

impl Loopback {
    /// Takes a free port.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) async fn bind() -> Result<Self, Trouble> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(Trouble::Loopback)?;
        let port = listener.local_addr().map_err(Trouble::Loopback)?.port();
        Ok(Self { listener, origin: format!("http://127.0.0.1:{port}") })
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Answers every request by `answer`, which sees all of it but the body: nothing here takes one.
    pub(crate) fn serve<A, F>(self, answer: A) -> Serving
    where
        A: Fn(Request<()>) -> F + Send + Sync + 'static,
        F: Future<Output = Response<String>> + Send + 'static,
    {
        let answer = Arc::new(answer);
        Serving(tokio::spawn(async move {
            loop {
                // A connection that broke before it was accepted is no reason to end.
                let Ok((connection, _)) = self.listener.accept().await else {
                    continue;
                };
                let answer = Arc::clone(&answer);
                let service = service_fn(move |request: Request<Incoming>| {
                    let answered = answer(request.map(|_| ()));
                    async move { Ok::<_, Infallible>(answered.await.map(|body| Full::new(Bytes::from(body)))) }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(connection), service));
            }
        }))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.abort();
    }
}
