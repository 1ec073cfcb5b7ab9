use std::time::Duration;

use oauth::configuration::OutboundSettings;
use oauth::{Handle, Secret};
use outbound::{Loopback, OutboundInForce, Post, Problem};
use serde_json::json;
use url::Url;

use crate::Undelivered;

/// How long a client may take to say that it was told.
const TIME: Duration = Duration::from_secs(5);

/// How clients are told, at the endpoints that they registered.
pub struct Clients {
    outbound: OutboundInForce,
}

impl Clients {
    /// Nobody is told yet. Only the local server tells clients on this machine.
    pub const fn new(loopback: Loopback) -> Self {
        Self { outbound: OutboundInForce::new(loopback) }
    }

    /// Tells a client that there is something to ask for with its `auth_req_id` (OpenID CIBA Core 1.0, section 10.2). `token` is its
    /// own `client_notification_token`.
    ///
    /// # Errors
    /// When it did not say that it heard. That may pass where it could not be reached in time, is too busy (429) or has a fault (5xx);
    /// any other answer of its is final, a redirect as well.
    pub async fn ping(
        &self,
        settings: &OutboundSettings,
        endpoint: &str,
        auth_req_id: &Handle,
        token: &Secret<String>,
    ) -> Result<(), Undelivered> {
        let json = json!({ "auth_req_id": auth_req_id.reveal() }).to_string();
        aws::count("Client.Ping");
        self.post(settings, endpoint, &Post { json: &json, bearer: token }).await
    }

    /// Brings a client its tokens, or why there are none (OpenID CIBA Core 1.0, sections 10.3 and 12): the JSON text `payload`. `token`
    /// is its own `client_notification_token`.
    ///
    /// # Errors
    /// As [`Clients::ping`].
    pub async fn push(
        &self,
        settings: &OutboundSettings,
        endpoint: &str,
        payload: &Secret<String>,
        token: &Secret<String>,
    ) -> Result<(), Undelivered> {
        aws::count("Client.Push");
        self.post(settings, endpoint, &Post { json: payload.expose(), bearer: token }).await
    }

    async fn post(
        &self,
        settings: &OutboundSettings,
        endpoint: &str,
        post: &Post<'_>,
    ) -> Result<(), Undelivered> {
        let url: Url =
            endpoint.parse().map_err(|_| Undelivered::for_good("the endpoint's URL cannot be read"))?;
        let outbound = self.outbound.by(settings).map_err(Undelivered::for_now)?;
        judge(outbound.post(&url, post, TIME).await)
    }
}

fn judge(answer: Result<u16, Problem>) -> Result<(), Undelivered> {
    match answer {
        Ok(200 | 204) => Ok(()),
        Ok(status) => {
            // A gateway says so of what stands behind it, which may have taken it all the same.
            let failed = (500..600).contains(&status);
            let may_pass = status == 429 || failed;
            Err(Undelivered { may_pass, unanswered: failed, why: format!("status {status}") })
        }
        Err(problem) => {
            let may_pass = matches!(
                problem,
                Problem::NoAddress | Problem::NotReached(_) | Problem::Late(_) | Problem::Broken
            );
            let unanswered = matches!(problem, Problem::Late(_) | Problem::Broken);
            Err(Undelivered { may_pass, unanswered, why: problem.to_string() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// OpenID CIBA Core 1.0, section 10.2.
    #[test]
    fn what_a_client_answers_is_that_it_heard_or_final_or_worth_another_try() {
        let late = Problem::Late(TIME);
        let table: [(Result<u16, Problem>, Option<bool>); 21] = [
            (Ok(200), None),
            (Ok(204), None),
            (Ok(201), Some(false)),
            (Ok(301), Some(false)),
            (Ok(302), Some(false)),
            (Ok(307), Some(false)),
            (Ok(400), Some(false)),
            (Ok(401), Some(false)),
            (Ok(404), Some(false)),
            (Ok(410), Some(false)),
            (Ok(429), Some(true)),
            (Ok(500), Some(true)),
            (Ok(502), Some(true)),
            (Ok(503), Some(true)),
            (Ok(504), Some(true)),
            (Err(Problem::NoAddress), Some(true)),
            (Err(Problem::NotReached("refused".to_owned())), Some(true)),
            (Err(Problem::Broken), Some(true)),
            (Err(late), Some(true)),
            (Err(Problem::AddressNotAllowed), Some(false)),
            (Err(Problem::Url("it is not https")), Some(false)),
        ];
        for (answer, may_pass) in table {
            let judged = judge(answer.clone());
            let is_unknown = matches!(answer, Ok(500..) | Err(Problem::Late(_) | Problem::Broken));
            assert_eq!(judged.as_ref().is_err_and(|problem| problem.unanswered), is_unknown, "{answer:?}");
            assert_eq!(judged.err().map(|problem| problem.may_pass), may_pass, "{answer:?}");
        }
    }
}
