//! Nothing: the package is a list of crates.
