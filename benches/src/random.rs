//! Numbers that look random and are the same everywhere (xorshift64*). Not for secrets.

/// A generator.
pub struct Random(u64);

impl Random {
    /// The generator of item `index` of `seed`.
    pub fn new(seed: u64, index: u64) -> Random {
        let mixed = (seed ^ 0xa076_1d64_78bd_642f).wrapping_mul(0xe703_7ed1_a0b4_28db) ^ index.rotate_left(32);
        let mut random = Random(mixed.wrapping_mul(0x8ebc_6af0_9c88_c6e3) | 1);
        // The first numbers of near seeds are near each other.
        for _ in 0..4 {
            random.number();
        }
        random
    }

    /// The next number, of all 64 bits.
    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `bound`; 0 when that is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.number()) * u128::from(bound)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_spread_evenly() {
        let mut counts = [0; 10];
        for index in 0..10_000 {
            counts[Random::new(7, index).below(10) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (800..1200).contains(count)), "{counts:?}");
        assert_eq!(Random::new(1, 2).below(0), 0);
    }

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let numbers = |seed, index| [(); 3].map(|()| Random::new(seed, index).number());
        assert_eq!(numbers(1, 2), numbers(1, 2));
        assert_ne!(numbers(1, 2), numbers(2, 1));
    }
}
