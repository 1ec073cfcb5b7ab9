use std::sync::Barrier;
use std::thread;

/// How many come at once in a race.
pub(crate) const CROWD: usize = 50;

/// Lets a crowd do the same thing at the same moment, and gathers what came of it. Each is told its number.
pub(crate) fn at_once<T: Send>(act: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let everybody_is_there = Barrier::new(CROWD);
    thread::scope(|scope| {
        let crowd: Vec<_> = (0..CROWD)
            .map(|number| {
                let (act, everybody_is_there) = (&act, &everybody_is_there);
                scope.spawn(move || {
                    everybody_is_there.wait();
                    act(number)
                })
            })
            .collect();
        crowd.into_iter().map(|one| one.join().expect("nobody crashed")).collect()
    })
}
