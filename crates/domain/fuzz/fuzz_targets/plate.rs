//! Any two texts, parted by `|`: reading, classes, normal form and distance never panic, and keep
//! what the tests of `domain` say of them.
//!
//! `cargo +nightly fuzz run plate`, in `crates/domain`.

#![no_main]

#[path = "../../tests/plate/exercise.rs"]
mod exercise;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (first, second) = text.split_once('|').unwrap_or((text, text));
    exercise::exercise(first, second);
});
