//! Plate readers with one distribution for each character slot.

use super::ranked;
use crate::{InferenceError, runtime::TensorView};
use domain::{CharRead, RowRead};

/// The characters in the order of the distributions; the last one means that the slot is empty.
const ALPHABET: &[u8; 37] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
const N_CHARS: usize = ALPHABET.len();
const PAD: usize = N_CHARS - 1;

/// What a reader saw: one distribution over the alphabet for each character, empty slots left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SlotRead {
    slots: Vec<[f32; N_CHARS]>,
}

/// The reads of all pictures of a batch, from the first output; slots that are not distributions
/// are left out.
pub fn decode(
    tensors: &[TensorView<'_>],
    n_pictures: usize,
) -> Result<Vec<SlotRead>, InferenceError> {
    let Some(tensor) = tensors.first() else {
        return Err(InferenceError::Shape {
            output: "all".to_owned(),
            shape: Vec::new(),
            expected: "one output",
        });
    };
    match tensor.shape[..] {
        [n, slots, N_CHARS]
            if n == n_pictures && 0 < slots && tensor.data.len() == n * slots * N_CHARS =>
        {
            let pictures = tensor.data.chunks_exact(slots * N_CHARS);
            Ok(pictures.map(SlotRead::from_slots).collect())
        }
        _ => Err(tensor.unexpected("pictures x slots x 37")),
    }
}

impl SlotRead {
    fn from_slots(slots: &[f32]) -> Self {
        let mut read = Self::default();
        for slot in slots.chunks_exact(N_CHARS) {
            let mut chars = [0.0; N_CHARS];
            chars.copy_from_slice(slot);
            if super::is_distribution(&chars) && best(&chars) != PAD {
                read.slots.push(chars);
            }
        }
        read
    }

    /// How many characters it has.
    pub fn n_chars(&self) -> usize {
        self.slots.len()
    }

    /// The likeliest text.
    pub fn text(&self) -> String {
        let chars = self.slots.iter();
        chars.map(|slot| char::from(ALPHABET[best(slot)])).collect()
    }

    /// The lowest score of its characters; 0 when there is none.
    pub fn score(&self) -> f32 {
        let scores = self.slots.iter().map(|slot| slot[best(slot)]);
        scores.min_by(f32::total_cmp).unwrap_or(0.0)
    }

    /// The mean of the distributions of reads of equal length; of another length only the surest.
    pub fn combined(reads: &[Self]) -> Self {
        let surest = reads.iter().max_by(|a, b| a.score().total_cmp(&b.score()));
        let Some(surest) = surest else {
            return Self::default();
        };
        let n_chars = surest.n_chars();
        let alike: Vec<&Self> = reads.iter().filter(|r| r.n_chars() == n_chars).collect();
        let mut mean = vec![[0.0; N_CHARS]; n_chars];
        for (index, slot) in mean.iter_mut().enumerate() {
            for read in &alike {
                for (sum, value) in slot.iter_mut().zip(&read.slots[index]) {
                    *sum += value / alike.len() as f32;
                }
            }
        }
        Self { slots: mean }
    }

    /// As characters with scores and alternatives.
    pub fn to_row(&self) -> RowRead {
        RowRead {
            chars: self.slots.iter().map(char_read).collect(),
        }
    }
}

fn best(slot: &[f32; N_CHARS]) -> usize {
    super::largest(slot).map_or(PAD, |(index, _)| index)
}

fn char_read(slot: &[f32; N_CHARS]) -> CharRead {
    let named = |index: usize| (char::from(ALPHABET[index]), slot[index]);
    ranked((0..PAD).map(named).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Distributions over nine slots: for each character its score, the rest on one alternative.
    fn tensor(text: &str, score: f32, other: u8) -> Vec<f32> {
        let mut data = vec![0.0; 9 * N_CHARS];
        for (slot, char) in data.chunks_exact_mut(N_CHARS).zip(text.bytes()) {
            let at = |c: u8| ALPHABET.iter().position(|a| *a == c).unwrap();
            slot[at(char)] = score;
            slot[at(other)] += 1.0 - score;
        }
        data
    }

    fn read(text: &str, score: f32, other: u8) -> SlotRead {
        let data = tensor(text, score, other);
        let mut reads = decode(&[TensorView::new("plate", &[1, 9, 37], &data)], 1).unwrap();
        reads.remove(0)
    }

    #[test]
    fn characters_with_scores_and_alternatives() {
        let read = read("43A00001_", 0.75, b'8');
        assert_eq!((read.text().as_str(), read.score()), ("43A00001", 0.75));
        let row = read.to_row();
        assert_eq!(row.chars[2].best, 'A');
        assert_eq!(row.chars[2].alternatives, [('8', 0.25)]);
    }

    #[test]
    fn equal_lengths_are_averaged_and_others_yield_to_the_surest() {
        let (eight, three) = (read("8_______", 0.6, b'3'), read("3_______", 0.9, b'8'));
        let both = SlotRead::combined(&[eight.clone(), three.clone()]);
        assert_eq!(both.text(), "3");
        assert!((both.score() - 0.65).abs() < 1e-6);
        let longer = read("43A00001_", 0.95, b'8');
        let all = SlotRead::combined(&[eight, three, longer]);
        assert_eq!(all.text(), "43A00001");
        assert_eq!(SlotRead::combined(&[]), SlotRead::default());
        assert_eq!(SlotRead::default().score(), 0.0);
    }

    #[test]
    fn slots_that_are_no_distributions_are_left_out() {
        let mut data = tensor("43A00001_", 1.0, b'8');
        data[N_CHARS] = f32::NAN;
        data[2 * N_CHARS] = 7.0;
        let reads = decode(&[TensorView::new("plate", &[1, 9, 37], &data)], 1).unwrap();
        assert_eq!(reads[0].text(), "400001");
    }

    #[test]
    fn another_shape_is_an_error() {
        assert!(decode(&[], 1).is_err());
        let data = [0.0; 72];
        assert!(decode(&[TensorView::new("plate", &[1, 2, 36], &data)], 1).is_err());
        assert!(decode(&[TensorView::new("plate", &[2, 1, 36], &data)], 1).is_err());
    }
}
