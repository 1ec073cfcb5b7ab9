//! A function that does whatever an event says, in the plainest HTTP. It stands in for functions that crash, hang or
//! fail. Events: `"answer"`, `"error"`, `"exit"`, `"abort"`, `"hang"`, `"environment"`, `"headers"`,
//! `"answer and exit"`. With `UNRULY_START` it does so before it asks for its first event.

use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{abort, exit};
use std::thread::sleep;
use std::time::Duration;

fn main() -> io::Result<()> {
    match std::env::var("UNRULY_START").as_deref() {
        Ok("error") => {
            let body = r#"{"errorType":"Unruly","errorMessage":"no start"}"#;
            Api::connect()?.call("POST", "init/error", body)?;
            exit(3)
        }
        Ok("exit") => exit(4),
        Ok("hang") => sleep(Duration::from_hours(1)),
        _ => {}
    }
    writeln!(io::stdout(), "the function has started")?;
    let mut api = Api::connect()?;
    loop {
        let (head, event) = api.call("GET", "invocation/next", "")?;
        let id = header(&head, "Lambda-Runtime-Aws-Request-Id").unwrap_or_default();
        let answer = format!("invocation/{id}/response");
        match event.as_str() {
            r#""answer""# => drop(api.call("POST", &answer, "\"answered\"")?),
            r#""headers""# => drop(api.call("POST", &answer, &format!("{head:?}"))?),
            r#""environment""# => drop(api.call("POST", &answer, &environment())?),
            r#""another's answer""# => {
                let (head, _) = api.call("POST", "invocation/another/response", "\"not mine\"")?;
                api.call("POST", &answer, &format!("{:?}", head.lines().next()))?;
            }
            r#""late""# => {
                sleep(Duration::from_millis(300));
                api.call("POST", &answer, "\"late\"")?;
            }
            r#""error""# => {
                let body = r#"{"errorType":"Unruly","errorMessage":"as asked"}"#;
                api.call("POST", &format!("invocation/{id}/error"), body)?;
            }
            r#""answer and exit""# => {
                api.send("POST", &answer, "\"answered\"")?;
                exit(5)
            }
            r#""exit""# => exit(6),
            r#""abort""# => abort(),
            _ => sleep(Duration::from_hours(1)),
        }
    }
}

fn environment() -> String {
    let mut names: Vec<String> = std::env::vars().map(|(name, value)| format!("{name}={value}")).collect();
    names.sort();
    format!("{names:?}")
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) =
        head.lines().filter_map(|line| line.split_once(": ")).find(|(found, _)| *found == name)?;
    Some(value)
}

struct Api(BufReader<TcpStream>);

impl Api {
    fn connect() -> io::Result<Self> {
        let address = std::env::var("AWS_LAMBDA_RUNTIME_API").map_err(io::Error::other)?;
        TcpStream::connect(address).map(BufReader::new).map(Self)
    }

    fn send(&mut self, method: &str, path: &str, body: &str) -> io::Result<()> {
        let mut message = format!("{method} /2018-06-01/runtime/{path} HTTP/1.1\r\n");
        let _ = write!(message, "content-length: {}\r\n\r\n{body}", body.len());
        self.0.get_mut().write_all(message.as_bytes())
    }

    fn call(&mut self, method: &str, path: &str, body: &str) -> io::Result<(String, String)> {
        self.send(method, path, body)?;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.0.read_line(&mut head)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let length = header(&head, "Content-Length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        Ok((head, String::from_utf8_lossy(&body).into_owned()))
    }
}
