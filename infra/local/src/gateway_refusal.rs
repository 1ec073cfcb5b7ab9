use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};

use crate::EventVersion;

/// Bytes of a request's body that API Gateway takes.
pub(crate) const BODY_LIMIT: usize = 10 * 1024 * 1024;

/// Bytes of request line and headers that API Gateway takes.
pub(crate) const HEADERS_LIMIT: usize = 10_240;

/// Bytes of an event, and of an answer, that Lambda takes.
pub(crate) const EVENT_LIMIT: usize = 6 * 1024 * 1024;

/// What API Gateway answers by itself, without a function having run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GatewayRefusal {
    /// The template lists no such verb and path.
    UnknownRoute,
    /// `Host` names no domain of this API. Here it also keeps web pages from reaching the server under a name of
    /// their own (DNS rebinding).
    ForeignHost,
    /// Request line and headers are longer than [`HEADERS_LIMIT`].
    HeadersTooLong,
    /// A header or the path is not UTF-8.
    NotText,
    /// The body is longer than [`BODY_LIMIT`], or the event made of it than [`EVENT_LIMIT`].
    BodyTooLong,
    /// The body broke off.
    BodyBrokeOff,
    /// The function crashed, or answered what is no answer.
    FunctionFailed,
    /// The function took longer than API Gateway waits.
    FunctionTimedOut,
}

impl GatewayRefusal {
    const fn status(self, version: EventVersion) -> StatusCode {
        match (self, version) {
            (Self::UnknownRoute, EventVersion::Two) => StatusCode::NOT_FOUND,
            (Self::UnknownRoute, EventVersion::One) | (Self::ForeignHost, _) => StatusCode::FORBIDDEN,
            (Self::HeadersTooLong, _) => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            (Self::NotText | Self::BodyBrokeOff, _) => StatusCode::BAD_REQUEST,
            (Self::BodyTooLong, _) => StatusCode::PAYLOAD_TOO_LARGE,
            (Self::FunctionFailed, EventVersion::One) => StatusCode::BAD_GATEWAY,
            (Self::FunctionFailed, EventVersion::Two) => StatusCode::INTERNAL_SERVER_ERROR,
            (Self::FunctionTimedOut, EventVersion::One) => StatusCode::GATEWAY_TIMEOUT,
            (Self::FunctionTimedOut, EventVersion::Two) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    const fn body(self, version: EventVersion) -> &'static str {
        match (self, version) {
            (Self::UnknownRoute, EventVersion::One) => r#"{"message":"Missing Authentication Token"}"#,
            (Self::UnknownRoute, EventVersion::Two) => r#"{"message":"Not Found"}"#,
            (Self::ForeignHost, _) => r#"{"message":"Forbidden"}"#,
            (Self::HeadersTooLong, _) => r#"{"message":"Request Header Fields Too Large"}"#,
            (Self::NotText | Self::BodyBrokeOff, _) => r#"{"message":"Bad Request"}"#,
            (Self::BodyTooLong, _) => r#"{"message":"Request Too Long"}"#,
            (Self::FunctionFailed, EventVersion::One) => r#"{"message":"Internal server error"}"#,
            (Self::FunctionFailed, EventVersion::Two) => r#"{"message":"Internal Server Error"}"#,
            (Self::FunctionTimedOut, EventVersion::One) => r#"{"message":"Endpoint request timed out"}"#,
            (Self::FunctionTimedOut, EventVersion::Two) => r#"{"message":"Service Unavailable"}"#,
        }
    }

    /// The answer, as a REST API (version 1) or an HTTP API (version 2) gives it.
    pub(crate) fn response(self, version: EventVersion) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::from(self.body(version)));
        *response.status_mut() = self.status(version);
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}
