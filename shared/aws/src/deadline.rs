use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use crate::configuration::SLOWER;

tokio::task_local! {
    /// `None`: each call has its own time, and all together as long as they take.
    static END: Option<Instant>;
}

/// How long a request may wait for AWS, all its calls together. What cannot be done by then is refused: a caller who waits
/// longer asks again, and an endpoint that is slow gets twice the work.
pub const TIME_OF_A_REQUEST: Duration = Duration::from_secs(3);

/// A call that has less than this left is not begun: it would only leave a write behind of which nobody hears.
const LEAST: Duration = Duration::from_millis(50);

/// A request's time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request's time is over")]
pub(crate) struct Late;

/// How long a request may wait for AWS here: three times what the environment says a call of a slower endpoint may take
/// (`COUNTERSIGN_AWS_MILLISECONDS`), or else so long.
pub fn time_of_a_request(otherwise: Duration) -> Duration {
    // One that is no number is told where the calls' own time is read.
    let call = std::env::var(SLOWER).ok().and_then(|text| text.parse().ok());
    call.map_or(otherwise, |call| Duration::from_millis(call).saturating_mul(3))
}

/// Runs a future whose AWS calls must all end within this time. None lasts past its end, and none is begun then: it fails
/// at once as one that got no answer. What the future hands to other tasks with `spawn` is not bound by it.
pub async fn within<F: Future>(time: Duration, future: F) -> F::Output {
    END.scope(Some(Instant::now() + time), future).await
}

/// Runs a future with a single call in it that must be tried even when the time of the request is over: it has the time of
/// a call for itself. For what puts right that a request was given up.
pub async fn in_its_own_time<F: Future>(future: F) -> F::Output {
    END.scope(None, future).await
}

/// How long the next call may take, if that is bounded at all.
///
/// # Errors
/// [`Late`] when there is no time for another one.
pub(crate) fn time_for_a_call() -> Result<Option<Duration>, Late> {
    let Some(end) = END.try_with(|end| *end).ok().flatten() else { return Ok(None) };
    let left = end.saturating_duration_since(Instant::now());
    if left < LEAST { Err(Late) } else { Ok(Some(left)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_s_time_runs_out_for_all_its_calls_together() {
        const TIME: Duration = Duration::from_millis(400);
        let left = || time_for_a_call().expect("some").expect("a request has a deadline");
        assert_eq!(time_for_a_call(), Ok(None), "whoever is no request has none");
        within(TIME, async {
            assert!(left() > TIME / 2 && left() <= TIME);
            tokio::time::sleep(TIME / 4).await;
            assert!(left() <= TIME * 3 / 4);
            tokio::time::sleep((TIME * 3 / 4).saturating_sub(LEAST)).await;
            assert_eq!(time_for_a_call(), Err(Late), "too little for a call");
            assert_eq!(in_its_own_time(async { time_for_a_call() }).await, Ok(None));
            assert_eq!(time_for_a_call(), Err(Late), "what comes after that is late again");
        })
        .await;
    }
}
