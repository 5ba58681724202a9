//! Kernels on numbers: tight loops over memory, calls, floats, and the standard library's sort.

use crate::random::{mix, Random};

/// How many primes there are below `n`.
pub fn sieve(n: usize) -> u32 {
    let mut composite = vec![false; n];
    let mut primes = 0;
    for number in 2..n {
        if composite[number] {
            continue;
        }
        primes += 1;
        let mut multiple = number * number;
        while multiple < n {
            composite[multiple] = true;
            multiple += number;
        }
    }
    primes
}

/// The `n`-th Fibonacci number by its definition.
#[inline(never)]
pub fn fib(n: u32) -> u32 {
    if n < 2 {
        return n;
    }
    // Of an addition that wraps, the optimiser would make a loop with one call.
    fib(n - 1).saturating_add(fib(n - 2))
}

/// The sum of the elements of a product of two matrices, folded to 32 bits.
pub fn matrix(n: usize) -> u32 {
    let left: Vec<f64> = (0..n * n).map(|index| (index % 7) as f64 + 0.5).collect();
    let right: Vec<f64> = (0..n * n).map(|index| (index % 5) as f64 - 1.25).collect();
    let mut sum = 0.0;
    for row in left.chunks_exact(n) {
        for column in 0..n {
            let mut element = 0.0;
            for (inner, &value) in row.iter().enumerate() {
                element += value * right[inner * n + column];
            }
            sum += element;
        }
    }
    let bits = sum.to_bits();
    (bits >> 32) as u32 ^ bits as u32
}

/// A hash of `n` sorted numbers.
pub fn sort(n: usize) -> u32 {
    let mut random = Random::new();
    let mut numbers: Vec<u32> = (0..n).map(|_| random.next()).collect();
    numbers.sort();
    numbers.iter().fold(1, |hash, &number| mix(hash, number))
}
