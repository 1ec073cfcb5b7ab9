use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, USER_AGENT};
use hyper::http::request::Builder;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use oauth::configuration::OutboundSettings;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::Url;

use crate::Problem;
use crate::freshness::freshness;
use crate::target::Target;

/// Whether documents on this machine are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loopback {
    /// Never: what every deployed function says. No setting changes it.
    Refused,
    /// Also from `http://localhost`: what the local server says, so that documents can be tried out.
    Allowed,
}

/// What a fetch may take, and how long its answer is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of the document.
    pub largest: usize,
    /// The time for all of it, from the name to the last byte.
    pub time: Duration,
    /// How long the answer is used where it does not say.
    pub fresh_unsaid: Duration,
    /// How long it is used at least, whatever it says.
    pub fresh_at_least: Duration,
    /// How long it is used at most, whatever it says.
    pub fresh_at_most: Duration,
}

/// A document that was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Its bytes. It was called JSON; nobody has read it.
    pub body: Bytes,
    /// How long it may be used without asking again.
    pub fresh_for: Duration,
}

/// The fetcher. Cheap to clone. It keeps no connection and no cookie: each fetch is a stranger to the next.
#[derive(Clone)]
pub struct Outbound {
    tls: TlsConnector,
    pub(crate) settings: Arc<OutboundSettings>,
    pub(crate) loopback: Loopback,
}

impl Outbound {
    /// A fetcher that trusts the public authorities and those that the configuration names.
    ///
    /// # Errors
    /// When the named authorities are not certificates; the configuration is refused then.
    pub fn new(settings: &OutboundSettings, loopback: Loopback) -> Result<Self, String> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let named = settings.authorities.as_deref().map(authorities).transpose()?;
        for certificate in named.unwrap_or_default() {
            roots.add(certificate).map_err(|error| error.to_string())?;
        }
        let configuration =
            ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(|error| error.to_string())?
                .with_root_certificates(roots)
                .with_no_client_auth();
        let tls = TlsConnector::from(Arc::new(configuration));
        Ok(Self { tls, settings: Arc::new(settings.clone()), loopback })
    }

    /// The settings that it goes by.
    pub(crate) fn settings(&self) -> &OutboundSettings {
        &self.settings
    }

    /// Fetches a JSON document.
    ///
    /// # Errors
    /// Any [`Problem`]; nothing of the answer is to be used then, and it is not remembered.
    pub async fn fetch(&self, url: &Url, limits: &Limits) -> Result<Fetched, Problem> {
        let target = Target::of_document(url, &self.settings, self.loopback)?;
        let fetched = timeout(limits.time, self.fetch_from(&target, url, limits)).await;
        fetched.map_err(|_| Problem::Late(limits.time))?
    }

    async fn fetch_from(&self, target: &Target, url: &Url, limits: &Limits) -> Result<Fetched, Problem> {
        let mut connection = self.connect(target, target.addresses().await?).await?;
        let request = request(target, url)?;
        let response = connection.sender.send_request(request).await.map_err(|_| Problem::Broken)?;
        refuse_unless_plain_json(&response)?;
        let fresh_for = freshness(response.headers()).unwrap_or(limits.fresh_unsaid);
        let body = whole(response, limits.largest).await?;
        Ok(Fetched { body, fresh_for: fresh_for.clamp(limits.fresh_at_least, limits.fresh_at_most) })
    }

    /// Connects to the first address that answers as the host. Each has been looked at, and no name is resolved again.
    pub(crate) async fn connect(
        &self,
        target: &Target,
        addresses: Vec<SocketAddr>,
    ) -> Result<Connection, Problem> {
        let mut problem = Problem::NoAddress;
        for address in addresses {
            match self.open(target, address).await {
                Ok(connection) => return Ok(connection),
                Err(error) => problem = Problem::NotReached(error.to_string()),
            }
        }
        Err(problem)
    }

    async fn open(
        &self,
        target: &Target,
        address: SocketAddr,
    ) -> Result<Connection, Box<dyn std::error::Error + Send + Sync>> {
        let stream = TcpStream::connect(address).await?;
        if !target.is_secure {
            return Ok(Connection::begin(stream).await?);
        }
        let name = ServerName::try_from(target.host.clone())?;
        Ok(Connection::begin(self.tls.connect(name, stream).await?).await?)
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Outbound").field("loopback", &self.loopback).finish_non_exhaustive()
    }
}

/// The certificates in a text of PEM blocks (RFC 7468).
fn authorities(pem: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let certificates = read.map_err(|error| format!("it is not PEM: {error}"))?;
    if certificates.is_empty() {
        return Err("it holds no certificate".to_owned());
    }
    Ok(certificates)
}

/// A connection that ends with the fetch, be that done or given up.
pub(crate) struct Connection {
    pub(crate) sender: http1::SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
}

/// The most that a head may have, in bytes and in lines.
const LARGEST_HEAD: usize = 16 * 1024;
const MOST_HEADERS: usize = 64;

impl Connection {
    async fn begin<S>(stream: S) -> Result<Self, hyper::Error>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(LARGEST_HEAD)
            .max_headers(MOST_HEADERS)
            .handshake(TokioIo::new(stream))
            .await?;
        Ok(Self { sender, driver: tokio::spawn(async move { drop(connection.await) }) })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

fn request(target: &Target, url: &Url) -> Result<Request<Full<Bytes>>, Problem> {
    addressed(target, url)
        .header(ACCEPT, "application/json")
        .header(USER_AGENT, NAME)
        .body(Full::default())
        .map_err(|_| Problem::Url("it cannot be asked for"))
}

/// What we call ourselves.
pub(crate) const NAME: &str = "countersign";

/// A request to the URL, so far of nothing but its host.
pub(crate) fn addressed(target: &Target, url: &Url) -> Builder {
    let own_port = if target.is_secure { 443 } else { 80 };
    let name = url.host_str().unwrap_or_default();
    let host = if target.port == own_port { name.to_owned() } else { format!("{name}:{}", target.port) };
    let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    Request::get(path).header(HOST, host)
}

/// Only a 200 with JSON is a document. A redirect is not followed: it would lead past what was looked at.
fn refuse_unless_plain_json(response: &Response<Incoming>) -> Result<(), Problem> {
    if response.status() != StatusCode::OK {
        return Err(Problem::Status(response.status().as_u16()));
    }
    if !single(response.headers()).is_some_and(is_json) {
        return Err(Problem::NotPlainJson("not JSON"));
    }
    let encoded = response.headers().get_all(CONTENT_ENCODING).iter().any(|value| value != "identity");
    if encoded { Err(Problem::NotPlainJson("encoded")) } else { Ok(()) }
}

fn single(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let value = values.next()?;
    if values.next().is_some() { None } else { value.to_str().ok() }
}

/// `application/json` or `application/…+json` (RFC 6839, section 3.1).
fn is_json(content_type: &str) -> bool {
    let media = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let kind = media.strip_prefix("application/").unwrap_or_default();
    kind == "json" || kind.strip_suffix("+json").is_some_and(|before| !before.is_empty())
}

async fn whole(response: Response<Incoming>, largest: usize) -> Result<Bytes, Problem> {
    let too_large = Problem::TooLarge(largest);
    let said =
        response.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let least = said.unwrap_or_default().max(response.body().size_hint().lower());
    if usize::try_from(least).map_or(true, |least| least > largest) {
        return Err(too_large);
    }
    match Limited::new(response.into_body(), largest).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large),
        Err(_) => Err(Problem::Broken),
    }
}

#[cfg(test)]
mod tests;
