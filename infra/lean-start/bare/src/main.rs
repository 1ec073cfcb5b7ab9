//! The least function that `lambda_http` makes: it answers every request with the same word. What every other function
//! is measured against.

use lambda_http::{Body, Error, Request, Response, run, service_fn};

fn main() -> Result<(), Error> {
    // One thread, as the real functions have.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run(service_fn(async |_: Request| Ok::<_, Error>(Response::new(Body::from("bare"))))))
}
