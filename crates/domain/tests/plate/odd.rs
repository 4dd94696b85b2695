//! What the fuzz target checks, on texts that are known to be odd.

use crate::exercise::exercise;
use domain::Plate;

/// Texts that broke a reader once, or might: separators alone, rows without characters, letters
/// that only look like ours, what is too long, and what is cut in the middle of a character.
const ODD: [&str; 44] = [
    "",
    " ",
    "/",
    "//",
    "\n\n\n",
    "----",
    "....",
    "\0",
    "\u{feff}30F25658",
    "30F\u{202e}25658",
    "30F\u{200b}25658",
    "30Ｆ25658",
    "３０F25658",
    "30О25658",
    "Đ",
    "ĐĐĐĐ",
    "ĐĐĐĐĐĐĐĐĐĐĐ",
    "ĐĐĐĐĐĐĐĐĐĐĐĐ",
    "D\u{335}D\u{335}D\u{335}D\u{335}",
    "29-MĐ1 234.56",
    "29-mđ1/234.56",
    "29MD1/234.56",
    "TĐ/1234",
    "30F-256.58",
    "30F25658/",
    "30F25658//",
    "/30F25658",
    "/30F25658/",
    "30F/25658",
    "30F/25658/",
    "30F2/5658",
    "30F/2/5658",
    "30-F-2-5658",
    "3/0F25658",
    "30F2565/8",
    "30F-000.00",
    "80-000-NG-00",
    "80-441-NG-02",
    "T00-000.00",
    "T80-235.88",
    "TM-12-34",
    "00000000000",
    "ZZZZZZZZZZZ",
    "🚗🚗🚗🚗🚗",
];

#[test]
fn odd_texts_break_nothing() {
    for (at, first) in ODD.iter().enumerate() {
        for step in [0, 1, 5, 21] {
            exercise(first, ODD[(at + step) % ODD.len()]);
        }
    }
    let n_plates = ODD.iter().filter(|text| Plate::parse(text).is_ok()).count();
    assert_eq!(n_plates, 25);
}

/// Texts made of what plates are made of, from fixed seeds: the same on every run.
#[test]
fn made_up_texts_break_nothing() {
    let alphabet: Vec<char> = "0123456789ABDFGLMNRTXZĐđ/ -.\n".chars().collect();
    let mut n_plates = 0;
    for seed in 1..=1000_u64 {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut draw = |n: usize| {
            // The generator of Knuth's MMIX; its upper half is good enough.
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % n
        };
        let mut text = || -> String {
            let n_chars = draw(14);
            (0..n_chars)
                .map(|_| alphabet[draw(alphabet.len())])
                .collect()
        };
        let (first, second) = (text(), text());
        n_plates += usize::from(Plate::parse(&first).is_ok());
        exercise(&first, &second);
    }
    assert!(
        250 < n_plates,
        "too few of the texts are plates: {n_plates}"
    );
}
