use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::StartError;

/// How long a caller may take to send its headers.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(30);

/// How long requests under way may take once the server was told to end.
const GRACE: Duration = Duration::from_secs(10);

/// Bytes that a connection buffers; longer headers are refused by the HTTP library itself, with 431.
const BUFFER: usize = 64 * 1024;

/// Sockets on both loopback addresses, with one port. Nothing else can reach the server.
#[derive(Debug)]
pub(crate) struct Listeners {
    v4: TcpListener,
    v6: Option<TcpListener>,
    port: u16,
}

impl Listeners {
    /// Listens on 127.0.0.1 and `::1`; a machine without IPv6 has the first alone. Port 0 takes one that is free on
    /// both. `option` names the command line's option in errors.
    ///
    /// # Errors
    /// [`StartError::PortInUse`] or [`StartError::Listen`], naming the address.
    pub(crate) async fn bind(port: u16, option: &'static str) -> Result<Self, StartError> {
        let mut attempts_left = if port == 0 { 16 } else { 1 };
        loop {
            attempts_left -= 1;
            match Self::bind_both(port, option).await {
                Err(StartError::PortInUse { .. }) if attempts_left > 0 => {}
                outcome => return outcome,
            }
        }
    }

    async fn bind_both(port: u16, option: &'static str) -> Result<Self, StartError> {
        let v4 = bind(Ipv4Addr::LOCALHOST.into(), port, option).await?;
        let port = v4
            .local_addr()
            .map_err(|why| StartError::Listen { address: (Ipv4Addr::LOCALHOST, port).into(), why })?
            .port();
        let v6 = match bind(Ipv6Addr::LOCALHOST.into(), port, option).await {
            Ok(listener) => Some(listener),
            Err(StartError::Listen { why, .. }) => {
                tracing::info!(target: "gateway", %why, "no IPv6 loopback here");
                None
            }
            Err(error) => return Err(error),
        };
        Ok(Self { v4, v6, port })
    }

    /// The port.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    async fn accept(&self) -> std::io::Result<(TcpStream, SocketAddr)> {
        match &self.v6 {
            Some(v6) => tokio::select! {
                accepted = self.v4.accept() => accepted,
                accepted = v6.accept() => accepted,
            },
            None => self.v4.accept().await,
        }
    }
}

async fn bind(address: IpAddr, port: u16, option: &'static str) -> Result<TcpListener, StartError> {
    let address = SocketAddr::new(address, port);
    TcpListener::bind(address).await.map_err(|why| match why.kind() {
        ErrorKind::AddrInUse => StartError::PortInUse { address, option },
        _ => StartError::Listen { address, why },
    })
}

/// Serves HTTP/1.1 until `stop` changes; then lets requests under way finish, for a while. A request whose handling
/// fails gets no answer: its connection is closed.
pub(crate) async fn serve<Handle, Answering, Failure>(
    listeners: Listeners,
    handle: Handle,
    mut stop: watch::Receiver<bool>,
) where
    Handle: Fn(Request<Incoming>, SocketAddr) -> Answering + Clone + Send + 'static,
    Answering: Future<Output = Result<Response<Full<Bytes>>, Failure>> + Send + 'static,
    Failure: std::error::Error + Send + Sync + 'static,
{
    let connections = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listeners.accept() => accepted,
            _ = stop.changed() => break,
        };
        let (stream, source) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, or a caller that left at once: neither ends the server.
                tracing::warn!(target: "gateway", %error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let handle = handle.clone();
        let service = service_fn(move |request| handle(request, source));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADERS_TIMEOUT)
            .max_buf_size(BUFFER)
            .serve_connection(TokioIo::new(stream), service);
        let watched = connections.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = watched.await {
                tracing::debug!(target: "gateway", %error, "a connection broke off");
            }
        });
    }
    drop(listeners);
    if tokio::time::timeout(GRACE, connections.shutdown()).await.is_err() {
        tracing::warn!(target: "gateway", "some requests were still under way at the end");
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[tokio::test]
    async fn a_port_in_use_is_named_with_the_way_out() {
        let first = Listeners::bind(0, "--port").await.expect("a free port");
        let refusal = Listeners::bind(first.port(), "--port").await.expect_err("in use").to_string();
        assert!(refusal.contains(&first.port().to_string()) && refusal.contains("--port"), "{refusal}");
        assert!(!refusal.contains('\n'));
    }

    #[tokio::test]
    async fn both_loopback_addresses_have_the_same_port() {
        let listeners = Listeners::bind(0, "--port").await.expect("a free port");
        TcpStream::connect((Ipv4Addr::LOCALHOST, listeners.port())).await.expect("connected");
        if listeners.v6.is_some() {
            TcpStream::connect((Ipv6Addr::LOCALHOST, listeners.port())).await.expect("connected");
        }
    }

    #[tokio::test]
    async fn a_request_under_way_is_answered_before_the_server_ends() {
        let listeners = Listeners::bind(0, "--port").await.expect("a free port");
        let url = format!("http://127.0.0.1:{}/", listeners.port());
        let (stop, stopped) = watch::channel(false);
        let (arrived, mut arrival) = tokio::sync::mpsc::channel(1);
        let slow = move |_: Request<Incoming>, _| {
            let arrived = arrived.clone();
            async move {
                let _ = arrived.send(()).await;
                tokio::time::sleep(Duration::from_millis(200)).await;
                Ok::<_, Infallible>(Response::new(Full::from("done")))
            }
        };
        let server = tokio::spawn(serve(listeners, slow, stopped));
        let client = tokio::spawn(reqwest::get(url.clone()));
        arrival.recv().await.expect("the request has arrived");
        stop.send(true).expect("the server listens");
        let answer = client.await.expect("no panic").expect("an answer");
        assert_eq!(answer.text().await.expect("a body"), "done");
        tokio::time::timeout(GRACE / 2, server).await.expect("it ends soon").expect("no panic");
        assert!(reqwest::get(url).await.is_err(), "nobody listens any more");
    }

    #[tokio::test]
    async fn an_idle_connection_does_not_hold_up_the_end() {
        let listeners = Listeners::bind(0, "--port").await.expect("a free port");
        let port = listeners.port();
        let (stop, stopped) = watch::channel(false);
        let answer = |_: Request<Incoming>, _| {
            std::future::ready(Ok::<_, Infallible>(Response::new(Full::from("done"))))
        };
        let server = tokio::spawn(serve(listeners, answer, stopped));
        let _idle = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.expect("connected");
        tokio::time::sleep(Duration::from_millis(50)).await;
        stop.send(true).expect("the server listens");
        tokio::time::timeout(GRACE / 2, server).await.expect("it ends soon").expect("no panic");
    }
}
