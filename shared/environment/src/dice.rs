use ring::rand::{SecureRandom, SystemRandom};

/// Where random bytes come from: the operating system's generator.
#[derive(Clone, Debug)]
pub struct Dice(SystemRandom);

impl Default for Dice {
    fn default() -> Self {
        Self::system()
    }
}

impl Dice {
    /// The operating system's generator.
    #[expect(clippy::disallowed_methods, reason = "the one place that makes a generator")]
    pub fn system() -> Self {
        Self(SystemRandom::new())
    }

    /// `N` fresh random bytes.
    ///
    /// # Panics
    /// When the operating system has no randomness to give: going on would hand out guessable secrets.
    pub fn roll<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill(&mut bytes).expect("the operating system gives random bytes");
        bytes
    }
}
