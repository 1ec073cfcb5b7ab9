use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

/// Work that is done beside other work.
pub type Work<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Makes work of a future.
pub fn boxed<'a, T>(future: impl Future<Output = T> + Send + 'a) -> Work<'a, T> {
    Box::pin(future)
}

/// Does all of it side by side; the results stand in the order of the work. Whoever waits holds up nobody.
pub async fn at_once<T>(work: Vec<Work<'_, T>>) -> Vec<T> {
    let mut work: Vec<(Option<Work<'_, T>>, Option<T>)> =
        work.into_iter().map(|work| (Some(work), None)).collect();
    poll_fn(|context| {
        for (left, result) in &mut work {
            let Some(future) = left else { continue };
            if let Poll::Ready(done) = future.as_mut().poll(context) {
                (*left, *result) = (None, Some(done));
            }
        }
        if work.iter().all(|(left, _)| left.is_none()) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    work.into_iter().filter_map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[tokio::test]
    async fn whoever_waits_holds_up_nobody() {
        let began = Instant::now();
        let wait = |milliseconds| {
            boxed(async move {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                milliseconds
            })
        };
        assert_eq!(at_once(vec![wait(300), wait(0), wait(200)]).await, [300, 0, 200]);
        assert!(began.elapsed() < Duration::from_millis(480), "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn no_work_is_done_at_once() {
        assert!(at_once(Vec::<Work<'_, ()>>::new()).await.is_empty());
    }
}
