//! As much of HTTP/1.1 (RFC 9112) as a function's runtime speaks to the Runtime API.

use std::io::{self, BufRead, ErrorKind, Read, Write};

/// The longest head of a request. An error's type and stack trace may travel in it.
const LONGEST_HEAD: u64 = 64 * 1024;

/// The longest answer of a function that Lambda takes: 6 MB, in JSON.
const LONGEST_BODY: usize = 6 * 1024 * 1024 + 100;

/// A request of the function's runtime.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// Reads the next request of a connection; `None` when the other side has closed it.
    ///
    /// # Errors
    /// When the connection breaks off within a request, or the request is none that this API understands.
    pub(super) fn read(connection: &mut impl BufRead) -> io::Result<Option<Self>> {
        let Some(head) = read_head(connection)? else { return Ok(None) };
        let mut lines = head.lines();
        let mut words = lines.next().unwrap_or_default().split(' ');
        let (Some(method), Some(path), Some("HTTP/1.1")) = (words.next(), words.next(), words.next()) else {
            return Err(not_understood("the request line"));
        };
        let mut length = 0;
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().map_err(|_| not_understood("Content-Length"))?;
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                return Err(not_understood("a streamed response"));
            }
        }
        if length > LONGEST_BODY {
            return Err(not_understood("an answer of more than 6 MB"));
        }
        let mut body = vec![0; length];
        connection.read_exact(&mut body)?;
        Ok(Some(Self { method: method.to_owned(), path: path.to_owned(), body }))
    }
}

/// Everything up to the empty line.
fn read_head(connection: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    let mut limited = connection.take(LONGEST_HEAD);
    loop {
        match limited.read_until(b'\n', &mut head)? {
            0 if head.is_empty() => return Ok(None),
            0 => return Err(not_understood("the head")),
            _ if head.ends_with(b"\r\n\r\n") => break,
            _ => {}
        }
    }
    String::from_utf8(head).map(Some).map_err(|_| not_understood("the head"))
}

/// Writes a response, head and body at once, so that the other side does not wait for a second packet.
pub(super) fn respond(
    connection: &mut impl Write,
    status: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<()> {
    let mut message = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\n").into_bytes();
    for (name, value) in headers {
        write!(message, "{name}: {value}\r\n")?;
    }
    write!(message, "Content-Length: {}\r\n\r\n", body.len())?;
    message.extend_from_slice(body);
    connection.write_all(&message)
}

fn not_understood(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("the Runtime API does not understand {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> io::Result<Option<Request>> {
        Request::read(&mut text.as_bytes())
    }

    #[test]
    fn requests_follow_each_other_on_one_connection() {
        let mut connection =
            "POST /a HTTP/1.1\r\ncontent-length: 3\r\n\r\nabcGET /b HTTP/1.1\r\n\r\n".as_bytes();
        let first = Request::read(&mut connection).expect("read").expect("a request");
        assert_eq!(
            (first.method.as_str(), first.path.as_str(), first.body.as_slice()),
            ("POST", "/a", &b"abc"[..])
        );
        let second = Request::read(&mut connection).expect("read").expect("a request");
        assert_eq!((second.method.as_str(), second.path.as_str(), second.body.len()), ("GET", "/b", 0));
        assert_eq!(Request::read(&mut connection).expect("closed"), None);
    }

    #[test]
    fn what_breaks_off_or_is_not_spoken_here_is_an_error() {
        let long = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(70_000));
        for (text, expected) in [
            ("GET / HTTP/1.1\r\n", "the head"),
            ("GET / HTTP/1.0\r\n\r\n", "the request line"),
            ("POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nabc", "fill whole buffer"),
            ("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "Content-Length"),
            ("POST / HTTP/1.1\r\nContent-Length: 7000000\r\n\r\n", "more than 6 MB"),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "streamed"),
            (&long, "the head"),
        ] {
            let error = read(text).expect_err("refused").to_string();
            assert!(error.contains(expected), "{text:.60}: {error}");
        }
    }

    #[test]
    fn a_response_says_how_long_it_is() {
        let mut written = Vec::new();
        respond(&mut written, "200 OK", &[("A", "b")], b"{}").expect("written");
        assert!(written.ends_with(b"\r\nA: b\r\nContent-Length: 2\r\n\r\n{}"));
    }
}
