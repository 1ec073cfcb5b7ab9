use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use axum::Router;
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

/// A server on a port of this machine; it ends when this is dropped.
pub(crate) struct Serving(Vec<JoinHandle<()>>);

/// Serves on this port of `localhost`, by both of its addresses where the machine has them.
///
/// # Errors
/// When the port is taken.
pub(crate) async fn serve_on(port: u16, router: Router) -> Result<Serving, Trouble> {
    let mut serving = Serving(Vec::new());
    for address in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
        let listener = match TcpListener::bind((address, port)).await {
            Ok(listener) => listener,
            Err(error) if address.is_ipv6() && error.kind() != ErrorKind::AddrInUse => continue,
            Err(error) => return Err(Trouble::ToolPort { port, why: error.to_string() }),
        };
        let router = router.clone();
        serving.0.push(tokio::spawn(async move {
            // It ends with the demo; an error of one connection is not one of the server.
            let _ = axum::serve(listener, router).await;
        }));
    }
    Ok(serving)
}

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
        Serving(vec![tokio::spawn(async move {
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
        })])
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The configuration names the port: another one would do nobody a service.
    #[tokio::test]
    async fn a_port_that_is_taken_is_named_with_what_helps() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let port = taken.local_addr().expect("an address").port();
        let Err(trouble) = serve_on(port, Router::new()).await else { panic!("the port is taken") };
        let line = trouble.to_string();
        assert!(line.contains(&port.to_string()) && line.contains("--tools-port"), "{line}");
    }
}
