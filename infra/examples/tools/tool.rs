//! A file server that keeps to the details of each access token, with the crate `resource`.
//!
//!     ISSUER=http://localhost:8690 RESOURCE=https://files.internal.corp cargo run -p countersign-resource --example tool
//!
//! It serves the file that a detail of the type `file_access` names, for reading, and tells a client what to ask for, and where
//! (RFC 9728).

use std::convert::Infallible;
use std::error::Error;
use std::io::Write;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use resource::{Demand, Guard, WantedDetail};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let setting = |name| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let guard = Guard::of(setting("ISSUER")?, setting("RESOURCE")?)
        .asking_for("files.access")
        .with_metadata()
        .build()?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    writeln!(std::io::stdout(), "http://{}", listener.local_addr()?)?;
    loop {
        let (connection, _) = listener.accept().await?;
        let guard = guard.clone();
        let service = service_fn(move |request| {
            let guard = guard.clone();
            async move { Ok::<_, Infallible>(answer(&guard, &request).await) }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(connection), service));
    }
}

async fn answer(guard: &Guard, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let itself = guard.metadata().named("Files").detail_type("file_access");
    if let Some(document) = itself.answer(request.method(), request.uri().path()) {
        return document;
    }
    if request.method() != Method::GET {
        let mut refused = Response::new(Full::default());
        *refused.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        return refused;
    }
    let (folder, name) = request.uri().path().trim_start_matches('/').split_once('/').unwrap_or_default();
    let demand = Demand::new().scope("files.access").detail(
        WantedDetail::of_type("file_access")
            .action("read")
            .location(format!("{}/{folder}", guard.resource()))
            .identifier_or_every(name),
    );
    if let Err(refusal) = guard.check(request.headers(), &demand).await {
        return guard.answer(&refusal);
    }
    match (folder, name) {
        ("finance", "Q3-report.pdf") => Response::new("The third quarter.".into()),
        ("finance", "Q4-report.pdf") => Response::new("The fourth quarter.".into()),
        _ => {
            let mut nothing = Response::new(Full::default());
            *nothing.status_mut() = StatusCode::NOT_FOUND;
            nothing
        }
    }
}
