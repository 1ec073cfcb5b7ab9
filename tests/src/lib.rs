//! What the running stack does, over HTTP: see `tests/http`. The rules of the architecture are in `tests/architecture.rs`,
//! the pages in `browser/`, other people's client libraries in `clients/`.
