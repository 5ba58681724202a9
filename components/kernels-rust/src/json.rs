//! A parser of JSON (RFC 8259) into values, on a document it wrote before: bytes, branches, recursion and
//! allocation.

use crate::random::{mix, Random};
use std::cell::RefCell;
use std::fmt::Write;

/// A value of JSON.
enum Value {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Value>),
    Record(Vec<(String, Value)>),
}

thread_local! {
    /// The document of the last call, so that only the first call of a size writes one.
    static DOCUMENT: RefCell<(u32, String)> = const { RefCell::new((0, String::new())) };
}

/// Parses a document of `n` records and hashes what it found.
pub fn checksum_of_records(n: u32) -> u32 {
    DOCUMENT.with_borrow_mut(|(records, text)| {
        if *records != n {
            *text = write_document(n);
            *records = n;
        }
        let mut parser = Parser {
            bytes: text.as_bytes(),
            offset: 0,
        };
        match parser.document() {
            Some(value) => hash(&value, 1),
            None => 0,
        }
    })
}

fn write_document(records: u32) -> String {
    let mut random = Random::new();
    let mut text = String::from("[");
    for id in 0..records {
        let separator = if id == 0 { "" } else { ",\n" };
        let (whole, part, flags) = (random.next() % 10_000, random.next() % 100, random.next());
        write!(
            text,
            "{separator}{{\"id\": {id}, \"name\": \"item \\u00e4 {whole}\", \"price\": {whole}.{part:02}, \
             \"open\": {}, \"parent\": null, \"tags\": [\"a\\n{}\", \"b\\\\\", {{\"deep\": [{}, -{part}e2]}}]}}",
            flags & 1 == 0,
            flags % 97,
            flags % 1000,
        )
        .expect("a string takes all");
    }
    text + "]"
}

struct Parser<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl Parser<'_> {
    /// One value and nothing after it; nothing if it is not JSON.
    fn document(&mut self) -> Option<Value> {
        let value = self.value()?;
        self.skip_blanks();
        (self.offset == self.bytes.len()).then_some(value)
    }

    fn value(&mut self) -> Option<Value> {
        self.skip_blanks();
        match self.peek()? {
            b'{' => self.record(),
            b'[' => self.list(),
            b'"' => self.text().map(Value::Text),
            b't' => self.word(b"true", Value::Bool(true)),
            b'f' => self.word(b"false", Value::Bool(false)),
            b'n' => self.word(b"null", Value::Null),
            _ => self.number(),
        }
    }

    fn record(&mut self) -> Option<Value> {
        self.offset += 1;
        let mut fields = Vec::new();
        self.skip_blanks();
        if self.take(b'}') {
            return Some(Value::Record(fields));
        }
        loop {
            self.skip_blanks();
            let name = self.text()?;
            self.skip_blanks();
            self.expect(b':')?;
            fields.push((name, self.value()?));
            self.skip_blanks();
            if self.take(b'}') {
                return Some(Value::Record(fields));
            }
            self.expect(b',')?;
        }
    }

    fn list(&mut self) -> Option<Value> {
        self.offset += 1;
        let mut values = Vec::new();
        self.skip_blanks();
        if self.take(b']') {
            return Some(Value::List(values));
        }
        loop {
            values.push(self.value()?);
            self.skip_blanks();
            if self.take(b']') {
                return Some(Value::List(values));
            }
            self.expect(b',')?;
        }
    }

    fn text(&mut self) -> Option<String> {
        self.expect(b'"')?;
        let mut bytes = Vec::new();
        loop {
            match self.next()? {
                b'"' => return String::from_utf8(bytes).ok(),
                b'\\' => self.escape(&mut bytes)?,
                control if control < b' ' => return None,
                byte => bytes.push(byte),
            }
        }
    }

    fn escape(&mut self, bytes: &mut Vec<u8>) -> Option<()> {
        let byte = match self.next()? {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'b' => 8,
            b'f' => 12,
            b'u' => {
                let digits = self.bytes.get(self.offset..self.offset + 4)?;
                let code = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
                self.offset += 4;
                let character = char::from_u32(code)?;
                bytes.extend(character.encode_utf8(&mut [0; 4]).bytes());
                return Some(());
            }
            byte @ (b'"' | b'\\' | b'/') => byte,
            _ => return None,
        };
        bytes.push(byte);
        Some(())
    }

    fn number(&mut self) -> Option<Value> {
        let start = self.offset;
        while matches!(
            self.peek(),
            Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
        ) {
            self.offset += 1;
        }
        let digits = std::str::from_utf8(&self.bytes[start..self.offset]).ok()?;
        digits.parse().ok().map(Value::Number)
    }

    fn word(&mut self, word: &[u8], value: Value) -> Option<Value> {
        if !self.bytes[self.offset..].starts_with(word) {
            return None;
        }
        self.offset += word.len();
        Some(value)
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.offset += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.offset).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.offset += 1;
        Some(byte)
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.offset += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.take(byte).then_some(())
    }
}

fn hash(value: &Value, seed: u32) -> u32 {
    match value {
        Value::Null => mix(seed, 1),
        Value::Bool(yes) => mix(seed, 2 + u32::from(*yes)),
        Value::Number(number) => {
            let bits = number.to_bits();
            mix(mix(seed, (bits >> 32) as u32), bits as u32)
        }
        Value::Text(text) => hash_text(text, seed),
        Value::List(values) => values
            .iter()
            .fold(mix(seed, 4), |sum, each| hash(each, sum)),
        Value::Record(fields) => fields.iter().fold(mix(seed, 5), |sum, (name, each)| {
            hash(each, hash_text(name, sum))
        }),
    }
}

fn hash_text(text: &str, seed: u32) -> u32 {
    text.bytes()
        .fold(seed, |sum, byte| mix(sum, u32::from(byte)))
}
