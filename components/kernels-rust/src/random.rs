//! Numbers that look random and are the same every time: xorshift32.

/// A generator.
pub struct Random(u32);

impl Random {
    pub fn new() -> Random {
        Random(0x9e37_79b9)
    }

    pub fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }
}

/// Adds a value to a hash: one step of FNV-1a on a word.
pub fn mix(hash: u32, value: u32) -> u32 {
    (hash ^ value).wrapping_mul(0x0100_0193)
}
