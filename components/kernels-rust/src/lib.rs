//! Programs that benchmarks run to see what the host's checks cost: loops, calls, floats, sorting, text,
//! hashing. Each gives a checksum, so that nothing of the work can be left out.

mod interpreter;
mod json;
mod numbers;
mod random;
mod sha256;
mod words;

wit_bindgen::generate!({
    path: "wit",
    world: "kernels",
});

struct Kernels;

export!(Kernels);

impl exports::bench::kernels::run::Guest for Kernels {
    fn sieve(n: u32) -> u32 {
        numbers::sieve(n as usize)
    }

    fn fib(n: u32) -> u32 {
        numbers::fib(n)
    }

    fn matrix(n: u32) -> u32 {
        numbers::matrix(n as usize)
    }

    fn sort(n: u32) -> u32 {
        numbers::sort(n as usize)
    }

    fn json(n: u32) -> u32 {
        json::checksum_of_records(n)
    }

    fn sha256(n: u32) -> u32 {
        sha256::checksum(n as usize)
    }

    fn words(n: u32) -> u32 {
        words::checksum(n as usize)
    }

    fn interpreter(n: u32) -> u32 {
        interpreter::run(n)
    }
}
