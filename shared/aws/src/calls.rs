use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::timeout::{MergeTimeoutConfig, TimeoutConfig};

use crate::deadline::time_for_a_call;

tokio::task_local! {
    static CALLS: RefCell<Calls>;
    static KIND: &'static str;
}

/// Runs a future and counts the AWS calls made while it runs, each attempt for itself. What it hands to
/// other tasks with `spawn` is not counted. Inside another count, the calls belong to both.
pub async fn counted<F: Future>(future: F) -> (F::Output, Calls) {
    let (output, calls) = CALLS
        .scope(RefCell::default(), async {
            let output = future.await;
            (output, CALLS.with(RefCell::take))
        })
        .await;
    // Outside of any count there is nobody to tell.
    let _ = CALLS.try_with(|outer| outer.borrow_mut().absorb(&calls));
    (output, calls)
}

/// Runs a future whose AWS calls are counted by a kind of their operation that costs something else: `KMS.Sign.RS256`.
pub async fn of_kind<F: Future>(kind: &'static str, future: F) -> F::Output {
    KIND.scope(kind, future).await
}

/// Counts one call by a part that stands in for AWS, such as the local key file: `Keys.Sign`. Without a
/// surrounding [`counted`] it does nothing.
pub fn count(name: &str) {
    let _ = CALLS.try_with(|calls| calls.borrow_mut().add(name, 1));
}

/// Counts a failure of ours, by the part that failed. [`crate::fault`] does; a part that stands in for AWS may.
pub fn count_fault(what: &'static str) {
    let _ = CALLS.try_with(|calls| *calls.borrow_mut().faults.entry(what).or_default() += 1);
}

/// How many calls were made to which operation, `DynamoDB.GetItem=1 KMS.Sign=1`, and what of it ended as a fault of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    made: BTreeMap<String, u32>,
    faults: BTreeMap<&'static str, u32>,
}

impl Calls {
    /// Every operation that was called, `Service.Operation`, with its number of attempts, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u32)> {
        self.made.iter().map(|(name, times)| (name.as_str(), *times))
    }

    /// The parts that failed for good, after all attempts, as [`crate::fault`] names them, and how often.
    pub fn faults(&self) -> impl Iterator<Item = (&'static str, u32)> {
        self.faults.iter().map(|(what, times)| (*what, *times))
    }

    /// How often one operation was called.
    pub fn of(&self, name: &str) -> u32 {
        self.made.get(name).copied().unwrap_or(0)
    }

    /// All calls together.
    pub fn total(&self) -> u32 {
        self.made.values().sum()
    }

    fn add(&mut self, name: &str, times: u32) {
        if let Some(counter) = self.made.get_mut(name) {
            *counter += times;
        } else {
            self.made.insert(name.to_owned(), times);
        }
    }

    fn absorb(&mut self, other: &Self) {
        for (name, times) in other.iter() {
            self.add(name, times);
        }
        for (what, times) in other.faults() {
            *self.faults.entry(what).or_default() += times;
        }
    }
}

impl fmt::Display for Calls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (name, times)) in self.iter().enumerate() {
            let separator = if position == 0 { "" } else { " " };
            write!(formatter, "{separator}{name}={times}")?;
        }
        Ok(())
    }
}

/// The SDK interceptor that counts, and lets no call last longer than its request may ([`crate::within`]). Every client is
/// built with it: `aws_sdk_kms::config::Builder::from(&sdk_config).interceptor(aws::CallWatch)`.
#[derive(Clone, Copy, Debug, Default)]
pub struct CallWatch;

#[dyn_dispatch_hint]
impl Intercept for CallWatch {
    fn name(&self) -> &'static str {
        "CallWatch"
    }

    fn read_before_execution(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(left) = time_for_a_call()? else { return Ok(()) };
        let own = bag.load::<MergeTimeoutConfig>().operation_timeout();
        let bounded = TimeoutConfig::builder().operation_timeout(own.map_or(left, |own| own.min(left)));
        // What is said here comes before what the client says; its other times stay.
        bag.interceptor_state().store_put(bounded.build());
        Ok(())
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(operation) = bag.load::<Metadata>() {
            let operation = format!("{}.{}", operation.service(), operation.name());
            let kind = KIND.try_with(|kind| format!("{operation}.{kind}"));
            count(&kind.unwrap_or(operation));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use environment::Fault;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn calls_are_counted_by_operation() {
        let (output, calls) = counted(async {
            count("Keys.Sign");
            tokio::task::yield_now().await;
            count("Keys.Sign");
            count("DynamoDB.GetItem");
            "done"
        })
        .await;
        assert_eq!(output, "done");
        assert_eq!(calls.to_string(), "DynamoDB.GetItem=1 Keys.Sign=2");
        assert_eq!((calls.total(), calls.of("Keys.Sign"), calls.of("KMS.Sign")), (3, 2, 0));
    }

    #[tokio::test]
    async fn requests_side_by_side_do_not_count_for_each_other() {
        let one = counted(async {
            count("A.One");
            tokio::task::yield_now().await;
        });
        let other = counted(async {
            tokio::task::yield_now().await;
            count("B.Two");
        });
        let (((), one), ((), other)) = tokio::join!(one, other);
        assert_eq!((one.to_string().as_str(), other.to_string().as_str()), ("A.One=1", "B.Two=1"));
    }

    #[tokio::test]
    async fn a_count_within_a_count_belongs_to_both() {
        let (((), inner), outer) = counted(async {
            count("A.One");
            counted(async { count("B.Two") }).await
        })
        .await;
        assert_eq!(inner.to_string(), "B.Two=1");
        assert_eq!(outer.to_string(), "A.One=1 B.Two=1");
    }

    #[test]
    fn counting_without_anybody_asking_does_nothing() {
        count("Keys.Sign");
    }

    /// A service that fails the first request with 500 and answers the second.
    async fn flaky_kms() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        tokio::spawn(async move {
            for answer in [
                "500 Oops\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}",
                "200 OK\r\ncontent-length: 15\r\nconnection: close\r\n\r\n{\"KeyId\":\"key\"}",
            ] {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                let mut request = vec![0; 8192];
                let _ = stream.read(&mut request).await;
                stream.write_all(format!("HTTP/1.1 {answer}").as_bytes()).await.expect("written");
            }
        });
        format!("http://{address}")
    }

    #[tokio::test]
    async fn the_interceptor_counts_every_attempt() {
        let configuration = crate::local(&flaky_kms().await);
        let configuration = aws_sdk_kms::config::Builder::from(&configuration).interceptor(CallWatch).build();
        let client = aws_sdk_kms::Client::from_conf(configuration);
        let call = client.get_public_key().key_id("key").send();
        let (answer, calls) = Box::pin(counted(of_kind("RS256", call))).await;
        assert_eq!(answer.expect("the second attempt succeeds").key_id(), Some("key"));
        assert_eq!(calls.to_string(), "KMS.GetPublicKey.RS256=2");
    }
    /// A service that takes every request and answers none.
    async fn silent_kms() -> aws_sdk_kms::Client {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        tokio::spawn(async move {
            let mut kept = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                kept.push(stream);
            }
        });
        let configuration = crate::local(&format!("http://{address}"));
        let configuration = aws_sdk_kms::config::Builder::from(&configuration).interceptor(CallWatch).build();
        aws_sdk_kms::Client::from_conf(configuration)
    }

    #[tokio::test]
    async fn no_call_outlives_its_request_and_none_is_begun_afterwards() {
        const TIME: Duration = Duration::from_millis(200);
        let client = silent_kms().await;
        let call = async || client.get_public_key().key_id("key").send().await.expect_err("no answer");
        let began = Instant::now();
        let ((first, second), calls) =
            Box::pin(counted(crate::within(TIME, async { (call().await, call().await) }))).await;
        assert!(began.elapsed() >= TIME && began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        assert_eq!(calls.to_string(), "KMS.GetPublicKey=1", "the second was not sent");
        for (error, why) in [(first, "no answer in time"), (second, "the request's time is over")] {
            let fault = crate::fault("signing key", &error);
            assert!(matches!(fault, Fault::Unavailable { .. }), "{error:?}");
            assert_eq!(fault.to_string(), format!("signing key is unavailable: {why}"));
        }
    }

    #[tokio::test]
    async fn what_must_be_put_right_is_tried_when_the_request_is_late() {
        let (configuration, nothing) = (crate::local(&flaky_kms().await), Duration::ZERO);
        let configuration = aws_sdk_kms::config::Builder::from(&configuration).interceptor(CallWatch).build();
        let client = aws_sdk_kms::Client::from_conf(configuration);
        let call = async || client.get_public_key().key_id("key").send().await;
        let late = crate::within(nothing, async {
            assert!(call().await.is_err());
            assert!(crate::in_its_own_time(call()).await.is_ok());
        });
        Box::pin(late).await;
    }
}
