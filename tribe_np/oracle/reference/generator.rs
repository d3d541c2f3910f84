//! The numbers of a conformance kit's weights and inputs, from integers alone: the same bits on every machine.
//!
//!     rustc -O -o generator generator.rs
//!     ./generator SEED NAME KIND EXPONENT LOW HIGH DTYPE SHAPE [AXIS INDICES SHIFT [START STOP]] > raw
//!
//! SHAPE and INDICES are numbers between commas; "-" is an empty list. What is written is raw numbers, row-major,
//! little end first: all of the tensor, or those at places START to STOP - 1 of it. A tensor's recipe stands in
//! manifest.json, and README.md says what its fields mean. `generator.c` is the same in C.

use std::io::{self, BufWriter, Write};

struct Recipe {
    kind: String,
    exponent: i32,
    low: i64,
    high: i64,
    dtype: String,
    shape: Vec<u64>,
    axis: usize,
    scaled: Vec<u64>,
    shift: i32,
}

/// The finaliser of splitmix64.
fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58476D1CE4E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D049BB133111EB);
    z ^ (z >> 31)
}

/// What all words of a tensor start from: FNV-1a of its name, and the seed.
fn stream_key(name: &str, seed: u64) -> u64 {
    let hash = name.bytes().fold(0xCBF29CE484222325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100000001B3)
    });
    mix(seed.wrapping_add(hash))
}

fn word(key: u64, place: u64) -> u64 {
    mix(key.wrapping_add((place.wrapping_add(1)).wrapping_mul(0x9E3779B97F4A7C15)))
}

/// 2^exponent, exactly.
fn power_of_two(exponent: i32) -> f64 {
    2.0_f64.powi(exponent)
}

impl Recipe {
    /// Whether the number at a place is one of those that are scaled: its index along `axis` is in the list.
    fn is_scaled(&self, place: u64) -> bool {
        if self.scaled.is_empty() {
            return false;
        }
        let inner: u64 = self.shape[self.axis + 1..].iter().product();
        self.scaled.contains(&((place / inner) % self.shape[self.axis]))
    }

    fn whole_number(&self, word: u64) -> i64 {
        let spread = (word >> 32).wrapping_mul((self.high - self.low) as u64) >> 32;
        self.low + spread as i64
    }

    /// An integer of at most 18 bits times a power of two: exact in float32.
    fn real_number(&self, word: u64, place: u64) -> f64 {
        let lowest = (word & 0xFFFF) as i64 - 32768;
        let x = match self.kind.as_str() {
            "gain" => 1.0 + lowest as f64 * power_of_two(-17),
            "uniform" => lowest as f64 * power_of_two(-self.exponent),
            _ => {
                let sum: u64 = (0..4).map(|part| (word >> (16 * part)) & 0xFFFF).sum();
                (sum as i64 - 131070) as f64 * power_of_two(-self.exponent)
            }
        };
        if self.is_scaled(place) { x * power_of_two(self.shift) } else { x }
    }

    fn put_number(&self, word: u64, place: u64, out: &mut impl Write) -> io::Result<()> {
        match self.dtype.as_str() {
            "int64" => out.write_all(&self.whole_number(word).to_le_bytes()),
            "uint8" => out.write_all(&[self.whole_number(word) as u8]),
            _ if self.kind == "integer" => out.write_all(&(self.whole_number(word) as f32).to_le_bytes()),
            _ => out.write_all(&(self.real_number(word, place) as f32).to_le_bytes()),
        }
    }
}

fn numbers(text: &str) -> Vec<u64> {
    if text == "-" {
        return Vec::new();
    }
    text.split(',').map(|part| part.parse().expect("a whole number")).collect()
}

fn main() -> io::Result<()> {
    let given: Vec<String> = std::env::args().collect();
    if ![9, 12, 14].contains(&given.len()) {
        eprintln!("usage: generator SEED NAME KIND EXPONENT LOW HIGH DTYPE SHAPE [AXIS INDICES SHIFT [START STOP]]");
        std::process::exit(2);
    }
    let whole = |index: usize| given[index].parse::<i64>().expect("a whole number");
    let has_scaled = given.len() > 9;
    let recipe = Recipe {
        kind: given[3].clone(),
        exponent: whole(4) as i32,
        low: whole(5),
        high: whole(6),
        dtype: given[7].clone(),
        shape: numbers(&given[8]),
        axis: if has_scaled { whole(9) as usize } else { 0 },
        scaled: if has_scaled { numbers(&given[10]) } else { Vec::new() },
        shift: if has_scaled { whole(11) as i32 } else { 0 },
    };
    let total: u64 = recipe.shape.iter().product();
    let (start, stop) = if given.len() > 12 {
        (given[12].parse().expect("a place"), given[13].parse().expect("a place"))
    } else {
        (0, total)
    };
    let key = stream_key(&given[2], given[1].parse().expect("a seed from 0 to 2^64 - 1"));
    let mut out = BufWriter::new(io::stdout().lock());
    for place in start..stop {
        recipe.put_number(word(key, place), place, &mut out)?;
    }
    out.flush()
}
