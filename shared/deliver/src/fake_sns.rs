//! SNS under the real SDK, as far as the tests of this room need it: a form in, XML out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

#[derive(Clone, Debug, Default)]
pub(crate) struct FakeSns(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    asked: Vec<BTreeMap<String, String>>,
    answers: BTreeMap<String, (u16, String)>,
}

impl FakeSns {
    pub(crate) fn sdk(&self) -> aws::SdkConfig {
        let connector = SharedHttpConnector::new(self.clone());
        aws::local("http://aws.invalid")
            .into_builder()
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build()
    }

    /// From now on an action is answered so: by what stands in its result, or with the code or message of a refusal.
    pub(crate) fn answers(&self, action: &str, status: u16, said: &str) {
        self.state().answers.insert(action.to_owned(), (status, said.to_owned()));
    }

    /// What was asked, in its order.
    pub(crate) fn asked(&self) -> Vec<BTreeMap<String, String>> {
        self.state().asked.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("not poisoned")
    }
}

impl HttpConnector for FakeSns {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().expect("in memory");
        let asked: BTreeMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
        let action = asked["Action"].clone();
        let mut state = self.state();
        state.asked.push(asked);
        let (status, said) = state.answers.get(&action).cloned().unwrap_or((200, String::new()));
        let answer = if status == 200 {
            format!("<{action}Response><{action}Result>{said}</{action}Result></{action}Response>")
        } else {
            let (code, message) =
                if said.contains(' ') { ("InvalidParameter", said.as_str()) } else { (said.as_str(), "no") };
            format!(
                "<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
            )
        };
        let status = StatusCode::try_from(status).expect("a status");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(answer))))
    }
}
