//! The SDK as a crate; [`faas.rs`](faas.rs) as a module is the same, and what projects made by `faas new` hold.

mod faas;

pub use faas::*;
