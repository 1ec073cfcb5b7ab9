use std::time::Duration;

use http::gateway::exchange;

use crate::functions::Handler;

/// How long API Gateway waits for a function.
const PATIENCE: Duration = Duration::from_secs(29);

/// How long a request may wait for its table on a laptop that is doing something else: the function answers before the
/// gateway gives up.
const TIME_OF_A_REQUEST: Duration = Duration::from_secs(25);

/// Why a function gave no answer. The caller hears nothing of it; the log has this.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvocationError {
    /// The answer cannot be told as JSON.
    #[error("the answer cannot be told: {0}")]
    Answer(#[from] serde_json::Error),
    /// The function took longer than API Gateway waits.
    #[error("the function took longer than {PATIENCE:?}")]
    TimedOut,
}

/// Runs a function as Lambda does: the event as JSON through the exchange that every `bootstrap` runs, the answer
/// as JSON.
///
/// # Errors
/// [`InvocationError`] when there is no answer; the server goes on.
pub(crate) async fn invoke(
    function: &str,
    handler: &Handler,
    event: &str,
    request_id: &str,
) -> Result<Vec<u8>, InvocationError> {
    let running = exchange(function, event, request_id, |request| handler(request));
    let running = aws::within(aws::time_of_a_request(TIME_OF_A_REQUEST), running);
    let reply = tokio::time::timeout(PATIENCE, running).await.map_err(|_| InvocationError::TimedOut)?;
    Ok(serde_json::to_vec(&reply)?)
}
