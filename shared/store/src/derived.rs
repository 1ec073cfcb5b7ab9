use std::sync::{Mutex, PoisonError};

use crate::Edition;

/// What is made of a configuration once and kept as long as that configuration is in force: compiled schemas,
/// a rendered document.
pub struct Derived<T>(Mutex<Option<(Edition, T)>>);

impl<T: Clone> Derived<T> {
    /// What was made of this snapshot, or what `make` makes of it now.
    pub fn of(&self, version: Edition, make: impl FnOnce() -> T) -> T {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some((kept_for, value)) if *kept_for == version => value.clone(),
            _ => kept.insert((version, make())).1.clone(),
        }
    }
}

impl<T> Default for Derived<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}
