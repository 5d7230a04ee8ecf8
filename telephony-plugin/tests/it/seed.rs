//! Chance that can be had again, by its number.

use telephony_core::{Entropy as _, SeededEntropy};

/// A sequence of choices.
pub struct Seed(SeededEntropy);

impl Seed {
    /// The sequence of this number.
    pub fn new(number: u64) -> Self {
        Self(SeededEntropy::new(number))
    }

    /// A number from `low` on and below `high`.
    pub fn within(&mut self, low: usize, high: usize) -> usize {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes).unwrap();
        low + usize::try_from(u32::from_le_bytes(bytes)).unwrap() % (high - low)
    }

    /// A number that another sequence can have.
    pub fn number(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes).unwrap();
        u64::from_le_bytes(bytes)
    }

    /// One of these.
    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.within(0, all.len())]
    }

    /// Whether something happens that happens so many times of a hundred.
    pub fn percent(&mut self, chance: usize) -> bool {
        self.within(0, 100) < chance
    }
}
