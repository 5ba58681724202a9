//! Words of a text, counted in the standard library's hash map: hashing, probing, small strings.

use crate::random::{mix, Random};
use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};

/// So many words there are to choose from.
const VOCABULARY: u32 = 2000;

thread_local! {
    /// The text of the last call, so that only the first call of a size writes one.
    static TEXT: RefCell<(usize, String)> = const { RefCell::new((0, String::new())) };
}

/// Counts the words of a text of `n` words. The order in which the map holds them does not matter.
pub fn checksum(n: usize) -> u32 {
    TEXT.with_borrow_mut(|(words, text)| {
        if *words != n {
            *text = write_text(n);
            *words = n;
        }
        // Not the map's own hasher: it asks the host for random keys.
        let mut counts: HashMap<&str, u32, BuildHasherDefault<DefaultHasher>> = HashMap::default();
        for word in text.split_ascii_whitespace() {
            *counts.entry(word).or_insert(0) += 1;
        }
        counts.iter().fold(0, |sum, (word, &count)| {
            let named = word
                .bytes()
                .fold(1, |hash, byte| mix(hash, u32::from(byte)));
            sum ^ mix(named, count)
        })
    })
}

fn write_text(words: usize) -> String {
    let mut random = Random::new();
    let mut text = String::new();
    for _ in 0..words {
        let mut number = random.next() % VOCABULARY;
        loop {
            text.push(char::from(b'a' + (number % 26) as u8));
            number /= 26;
            if number == 0 {
                break;
            }
        }
        text.push(' ');
    }
    text
}
