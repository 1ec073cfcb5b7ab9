//! The functions, and for each the request that it is measured with.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::surroundings::Surroundings;

/// The function that the others are compared with.
pub(crate) const BARE: &str = "bare";

/// A function, and how it is measured.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    /// What it is asked.
    pub(crate) sample: Sample,
    /// How lean it is meant to be.
    pub(crate) aim: Option<Aim>,
}

/// What is sent over and over, with the answer that must come.
pub(crate) struct Sample {
    /// What it is, for the reader of the table.
    pub(crate) meaning: &'static str,
    pub(crate) answer: RightAnswer,
    /// Whether a signature or the server's own secret is needed: a local server's table comes without KMS.
    pub(crate) needs_kms: bool,
    /// What it calls of AWS.
    pub(crate) calls: Calls,
    event: fn(&Surroundings) -> Result<String, Failure>,
}

/// How often AWS is called, beside what is remembered for some seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Calls {
    pub(crate) reads: u32,
    pub(crate) writes: u32,
    pub(crate) signatures: u32,
}

impl Calls {
    pub(crate) const NONE: Self = Self { reads: 0, writes: 0, signatures: 0 };
    const ONE_READ: Self = Self { reads: 1, ..Self::NONE };
    const ONE_WRITE: Self = Self { writes: 1, ..Self::NONE };
    const ONE_SIGNATURE: Self = Self { signatures: 1, ..Self::NONE };
}

/// How the right answer is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum RightAnswer {
    /// An HTTP status.
    Status(u16),
    /// What the scheduled function says that it did.
    Keys(&'static str),
    /// A batch of which nothing has to come again.
    Batch,
}

impl RightAnswer {
    /// Whether a function's reply is it.
    pub(crate) fn is(self, reply: &Value) -> bool {
        match self {
            Self::Status(status) => reply["statusCode"] == status,
            Self::Keys(done) => reply["keys"] == done,
            Self::Batch => reply["batchItemFailures"].as_array().is_some_and(Vec::is_empty),
        }
    }
}

/// How lean a function is meant to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Aim {
    /// Its start, as a multiple of the bare function's.
    pub(crate) start: f64,
    /// Its package, in megabytes.
    pub(crate) zip_mb: f64,
}

const LEAN: Aim = Aim { start: 1.6, zip_mb: 3.0 };

/// The token endpoint knows every grant.
const TOKEN: Aim = Aim { start: 2.0, zip_mb: 4.5 };

/// Every function of the product.
pub(crate) const FUNCTIONS: [Function; 15] = [
    Function { name: "account", sample: ACCOUNT, aim: Some(LEAN) },
    Function { name: "approval", sample: APPROVAL, aim: Some(LEAN) },
    Function { name: "authorize", sample: AUTHORIZE, aim: Some(LEAN) },
    Function { name: "backchannel", sample: BACKCHANNEL, aim: Some(LEAN) },
    Function { name: "consent", sample: CONSENT, aim: Some(LEAN) },
    Function { name: "discovery", sample: DISCOVERY, aim: Some(LEAN) },
    Function { name: "introspect", sample: INTROSPECT, aim: Some(LEAN) },
    Function { name: "notify", sample: NOTIFY, aim: Some(LEAN) },
    Function { name: "par", sample: PAR, aim: Some(LEAN) },
    Function { name: "register", sample: REGISTER, aim: Some(LEAN) },
    Function { name: "revoke", sample: REVOKE, aim: Some(LEAN) },
    Function { name: "rotation", sample: ROTATION, aim: Some(LEAN) },
    Function { name: "sign-in", sample: SIGN_IN, aim: Some(LEAN) },
    Function { name: "token", sample: CLIENT_CREDENTIALS, aim: Some(TOKEN) },
    Function { name: "userinfo", sample: USERINFO, aim: Some(LEAN) },
];

/// The function that does nothing. It does not look at what it is asked.
pub(crate) const THE_BARE: Function = Function {
    name: BARE,
    sample: Sample { meaning: "anything: it answers with one word", ..DISCOVERY },
    aim: None,
};

const AUTHORIZE: Sample = Sample {
    meaning: "a request of an unknown client, refused on a page",
    answer: RightAnswer::Status(400),
    needs_kms: true,
    calls: Calls::ONE_READ,
    event: |around| {
        let request = Request::get("/authorize").query("client_id", "nobody").query("response_type", "code");
        Ok(request.event_at(around))
    },
};

const CONSENT: Sample = Sample {
    meaning: "a form of nobody who is signed in, refused on a page",
    answer: RightAnswer::Status(403),
    needs_kms: true,
    calls: Calls::NONE,
    event: |around| {
        let request = Request::post("/consent", &[("decision", "allow")]).header("origin", around.origin());
        Ok(request.event_at(around))
    },
};

const APPROVAL: Sample = Sample {
    meaning: "the requests that wait for nobody: the form to sign in",
    event: |around| Ok(Request::get("/approval").event_at(around)),
    ..SIGN_IN
};

const ACCOUNT: Sample = Sample {
    meaning: "the account of nobody: the form to sign in",
    event: |around| Ok(Request::get("/account").event_at(around)),
    ..SIGN_IN
};

const BACKCHANNEL: Sample = Sample {
    meaning: "a request of a known client that names nobody, refused",
    answer: RightAnswer::Status(400),
    needs_kms: false,
    calls: Calls::NONE,
    event: |around| {
        let form = [("scope", "openid files.access"), ("binding_message", "W4SCT")];
        Request::post("/bc-authorize", &form).by("cleanup-agent", around).map(|it| it.event_at(around))
    },
};

const SIGN_IN: Sample = Sample {
    meaning: "the form to sign in",
    answer: RightAnswer::Status(200),
    needs_kms: true,
    calls: Calls::NONE,
    event: |around| Ok(Request::get("/sign-in").event_at(around)),
};

const ROTATION: Sample = Sample {
    meaning: "a day on which no key is due",
    answer: RightAnswer::Keys("as they were"),
    needs_kms: true,
    calls: Calls::ONE_READ,
    event: |_| Ok("{}".to_owned()),
};

const NOTIFY: Sample = Sample {
    meaning: "news of an authorization that is gone by now",
    answer: RightAnswer::Batch,
    needs_kms: false,
    calls: Calls::ONE_READ,
    event: |_| {
        let item =
            json!({ "pk": { "S": "AUTHORIZATION#AAAAAAAAAAAAAAAAAAAAAA" }, "news": { "S": "approved" } });
        let news = json!({ "SequenceNumber": "100000000000000000001", "NewImage": item });
        let record = json!({ "eventID": "e1", "eventSource": "aws:dynamodb", "dynamodb": news });
        Ok(json!({ "Records": [record] }).to_string())
    },
};

const DISCOVERY: Sample = Sample {
    meaning: "the server's metadata",
    answer: RightAnswer::Status(200),
    needs_kms: false,
    calls: Calls::NONE,
    event: |around| Ok(Request::get("/.well-known/oauth-authorization-server").event_at(around)),
};

const INTROSPECT: Sample = Sample {
    meaning: "a good access token, by its client",
    answer: RightAnswer::Status(200),
    needs_kms: false,
    calls: Calls::ONE_READ,
    event: |around| {
        let token = around.access_token("nightly-agent")?;
        Request::post("/introspect", &[("token", &token)])
            .by("nightly-agent", around)
            .map(|it| it.event_at(around))
    },
};

const REGISTER: Sample = Sample {
    meaning: "a client that would register itself, where none may",
    answer: RightAnswer::Status(403),
    needs_kms: false,
    calls: Calls::NONE,
    event: |around| Ok(Request::post("/register", &[]).event_at(around)),
};

const PAR: Sample = Sample {
    meaning: "a request with one detail, kept",
    answer: RightAnswer::Status(201),
    needs_kms: false,
    calls: Calls::ONE_WRITE,
    event: |around| {
        let detail = json!([{
            "type": "file_access",
            "locations": ["https://files.internal.corp/finance"],
            "actions": ["read"],
            "identifier": "Q4-report.pdf"
        }]);
        let form = [
            ("response_type", "code"),
            ("redirect_uri", "http://127.0.0.1:8691/callback"),
            ("scope", "files.access"),
            ("state", "af0ifjsldkj"),
            // RFC 7636, appendix B.
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
            ("authorization_details", &detail.to_string()),
        ];
        Request::post("/par", &form).by("finance-agent", around).map(|it| it.event_at(around))
    },
};

const REVOKE: Sample = Sample {
    meaning: "an access token, by its client",
    answer: RightAnswer::Status(200),
    needs_kms: false,
    calls: Calls::ONE_WRITE,
    event: |around| {
        let token = around.access_token("nightly-agent")?;
        Request::post("/revoke", &[("token", &token)])
            .by("nightly-agent", around)
            .map(|it| it.event_at(around))
    },
};

const CLIENT_CREDENTIALS: Sample = Sample {
    meaning: "client credentials, one signature",
    answer: RightAnswer::Status(200),
    needs_kms: true,
    calls: Calls::ONE_SIGNATURE,
    event: |around| {
        let form = [("grant_type", "client_credentials"), ("scope", "files.read")];
        Request::post("/token", &form).by("nightly-agent", around).map(|it| it.event_at(around))
    },
};

const USERINFO: Sample = Sample {
    meaning: "a good access token for another tool, refused",
    answer: RightAnswer::Status(401),
    needs_kms: false,
    calls: Calls::NONE,
    event: |around| {
        let bearer = format!("Bearer {}", around.access_token("nightly-agent")?);
        Ok(Request::get("/userinfo").header("authorization", bearer).event_at(around))
    },
};

impl Sample {
    /// The event, as JSON.
    pub(crate) fn event(&self, around: &Surroundings) -> Result<String, Failure> {
        (self.event)(around)
    }
}

/// A request as a client sends it.
struct Request {
    method: &'static str,
    path: &'static str,
    query: Vec<(&'static str, &'static str)>,
    headers: Vec<(&'static str, String)>,
    body: Option<String>,
}

impl Request {
    fn get(path: &'static str) -> Self {
        let headers = vec![("accept", "*/*".to_owned()), ("user-agent", "lean-start/1.0".to_owned())];
        Self { method: "GET", path, query: Vec::new(), headers, body: None }
    }

    fn post(path: &'static str, form: &[(&str, &str)]) -> Self {
        let body = reqwest::Url::parse_with_params("form:", form).ok();
        let body = body.and_then(|url| url.query().map(str::to_owned));
        let request = Self { method: "POST", body, ..Self::get(path) };
        request.header("content-type", "application/x-www-form-urlencoded".to_owned())
    }

    fn query(mut self, name: &'static str, value: &'static str) -> Self {
        self.query.push((name, value));
        self
    }

    fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// With the client's `client_secret_basic`. The demo's identifiers and secrets have nothing to escape.
    fn by(self, client: &str, around: &Surroundings) -> Result<Self, Failure> {
        let credentials = STANDARD.encode(format!("{client}:{}", around.secret_of(client)?));
        Ok(self.header("authorization", format!("Basic {credentials}")))
    }

    /// The event of API Gateway at that issuer's host, as JSON.
    fn event_at(&self, around: &Surroundings) -> String {
        self.event(around.host()).to_string()
    }

    /// The event of a REST API, payload version 1.0.
    fn event(&self, host: &str) -> Value {
        let of_host = ("host", host.to_owned());
        let headers = self.headers.iter().chain([&of_host]);
        let all = |pairs: &mut dyn Iterator<Item = (&str, &str)>| -> (Value, Value) {
            let (mut one, mut many) = (json!({}), json!({}));
            for (name, value) in pairs {
                one[name] = json!(value);
                many[name] = json!([value]);
            }
            if one == json!({}) { (Value::Null, Value::Null) } else { (one, many) }
        };
        let (headers, headers_many) = all(&mut headers.map(|(name, value)| (*name, value.as_str())));
        let (query, query_many) = all(&mut self.query.iter().copied());
        json!({
            "resource": self.path,
            "path": self.path,
            "httpMethod": self.method,
            "headers": headers,
            "multiValueHeaders": headers_many,
            "queryStringParameters": query,
            "multiValueQueryStringParameters": query_many,
            "pathParameters": null,
            "stageVariables": null,
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "local",
                "domainName": host,
                "extendedRequestId": "lean-start",
                "httpMethod": self.method,
                "identity": { "sourceIp": "127.0.0.1", "userAgent": "lean-start/1.0" },
                "path": self.path,
                "protocol": "HTTP/1.1",
                "requestId": "lean-start",
                "requestTimeEpoch": 1_795_547_007_000_u64,
                "resourceId": "local",
                "resourcePath": self.path,
                "stage": "prod",
            },
            "body": self.body,
            "isBase64Encoded": false,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::*;

    #[test]
    fn every_function_is_measured() {
        let folders =
            fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../functions")).expect("a folder");
        let names = folders.map(|folder| folder.expect("an entry").file_name().into_string().expect("text"));
        // It is the tools' and not part of a deployment; it reads no table.
        let names = names.filter(|name| name != "authorizer");
        let measured = FUNCTIONS.iter().map(|function| function.name.to_owned());
        assert_eq!(names.collect::<BTreeSet<_>>(), measured.collect());
    }

    #[test]
    fn each_function_has_the_same_aim_and_the_token_endpoint_alone_a_wider_one() {
        for function in FUNCTIONS {
            let aim = if function.name == "token" { TOKEN } else { LEAN };
            assert_eq!(function.aim, Some(aim), "{}", function.name);
        }
    }

    #[test]
    fn an_event_has_each_header_and_parameter_once_and_in_its_list() {
        let request =
            Request::post("/par", &[("a b", "c&d")]).query("x", "y").header("x-one", "1".to_owned());
        let event = request.event("auth.example");
        assert_eq!(event["body"], "a+b=c%26d");
        assert_eq!(
            (&event["headers"]["x-one"], &event["multiValueHeaders"]["x-one"]),
            (&json!("1"), &json!(["1"]))
        );
        assert_eq!(event["headers"]["host"], "auth.example");
        assert_eq!(event["multiValueQueryStringParameters"], json!({ "x": ["y"] }));
        assert_eq!(Request::get("/").event("auth.example")["queryStringParameters"], Value::Null);
    }
}
