//! What one coded picture is, from the heads of its NAL units: nothing is decoded.
//!
//! H.264: ITU-T H.264 (08/2021) §7.3.1 and §7.3.3. H.265: ITU-T H.265 (08/2021) §7.3.1.2.

/// Whose NAL units they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    H264,
    H265,
}

/// How NAL units follow each other in a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// After a start code each (annex B).
    StartCodes,
    /// After their length each, in so many bytes (ISO/IEC 14496-15).
    Lengths(usize),
}

/// What a picture is to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Nothing before it is needed to decode it and what follows it (IDR).
    Key,
    /// Coded by itself, but what follows it may look back beyond it.
    Intra,
    /// Says what has changed since pictures before it, and others build on it.
    Reference,
    /// The same, from pictures before and after it.
    Bidirectional,
    /// Says what has changed, and nothing builds on it.
    Disposable,
}

/// One coded picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    pub(crate) kind: Kind,
    /// Bytes of the picture itself, without headers and without what fills a constant rate up.
    pub(crate) n_bytes: usize,
}

/// What a buffer with one picture holds; `None` when it holds none that can be made out.
pub(crate) fn look(codec: Codec, layout: Layout, bytes: &[u8]) -> Option<Unit> {
    let mut kind = None;
    let mut n_bytes = 0;
    let mut see = |nal: &[u8]| {
        let found = match codec {
            Codec::H264 => h264(nal),
            Codec::H265 => h265(nal),
        };
        if let Some(found) = found {
            kind.get_or_insert(found);
            n_bytes += nal.len();
        }
    };
    match layout {
        Layout::StartCodes => each_after_start_code(bytes, &mut see),
        Layout::Lengths(n) => each_after_length(bytes, n, &mut see)?,
    }
    kind.map(|kind| Unit { kind, n_bytes })
}

/// A slice's kind; `None` for what is no slice.
fn h264(nal: &[u8]) -> Option<Kind> {
    let head = *nal.first()?;
    let is_reference = head & 0x60 != 0;
    match head & 0x1f {
        5 => Some(Kind::Key),
        // Data partition A carries the header too.
        1 | 2 => {
            let mut bits = Bits {
                bytes: nal,
                at: 8, // the NAL unit's own head
            };
            bits.exp_golomb()?; // first_mb_in_slice
            Some(match (bits.exp_golomb()? % 5, is_reference) {
                (2 | 4, _) => Kind::Intra,
                (_, false) => Kind::Disposable,
                (1, true) => Kind::Bidirectional,
                (_, true) => Kind::Reference,
            })
        }
        _ => None,
    }
}

/// Table 7-1: 0 to 9 are pictures that follow others, odd ones are built on; 16 to 21 are not.
fn h265(nal: &[u8]) -> Option<Kind> {
    let [head, second, ..] = *nal else {
        return None;
    };
    let is_base = second & 7 == 1;
    match head >> 1 & 0x3f {
        19 | 20 => Some(Kind::Key),
        16..=18 | 21 => Some(Kind::Intra),
        kind @ 0..=9 if kind % 2 == 1 && is_base => Some(Kind::Reference),
        kind @ 0..=9 if kind % 2 == 1 => Some(Kind::Bidirectional),
        0..=9 => Some(Kind::Disposable),
        _ => None,
    }
}

fn each_after_start_code(bytes: &[u8], see: &mut impl FnMut(&[u8])) {
    let mut begin = None;
    let mut at = 0;
    while let Some(three) = bytes.get(at..at + 3) {
        match three {
            [0, 0, 1] => {
                if let Some(begin) = begin.replace(at + 3) {
                    see(bytes.get(begin..at).unwrap_or_default());
                }
                at += 3;
            }
            // No start code can begin at any of the three.
            [_, _, 2..=255] => at += 3,
            _ => at += 1,
        }
    }
    if let Some(begin) = begin {
        see(bytes.get(begin..).unwrap_or_default());
    }
}

/// `None` when the lengths do not fit the buffer.
fn each_after_length(mut bytes: &[u8], n: usize, see: &mut impl FnMut(&[u8])) -> Option<()> {
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_at_checked(n)?;
        let fold = |sum: usize, byte: &u8| sum << 8 | usize::from(*byte);
        let (nal, rest) = rest.split_at_checked(length.iter().fold(0, fold))?;
        see(nal);
        bytes = rest;
    }
    Some(())
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn bit(&mut self) -> Option<u32> {
        let byte = *self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(u32::from(bit))
    }

    /// §9.1.
    fn exp_golomb(&mut self) -> Option<u32> {
        let mut n_zeros = 0;
        while self.bit()? == 0 {
            n_zeros += 1;
            if n_zeros == 32 {
                return None;
            }
        }
        let mut rest: u32 = 0;
        for _ in 0..n_zeros {
            rest = rest << 1 | self.bit()?;
        }
        Some(((1_u64 << n_zeros) - 1) as u32 + rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(kind: Kind, n_bytes: usize) -> Option<Unit> {
        Some(Unit { kind, n_bytes })
    }

    #[test]
    fn pictures_of_h264_by_start_codes() {
        let look = |bytes: &[u8]| look(Codec::H264, Layout::StartCodes, bytes);
        // Access unit delimiter, parameter sets, IDR slice.
        let key = [
            0, 0, 0, 1, 0x09, 0x10, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x68, 3, 0, 0, 1, 0x65, 0x88, 9,
        ];
        assert_eq!(look(&key), unit(Kind::Key, 3));
        // first_mb 0 is "1", slice_type 5 (P) is "00110".
        assert_eq!(look(&[0, 0, 1, 0x41, 0x9a, 7, 7]), unit(Kind::Reference, 4));
        assert_eq!(look(&[0, 0, 1, 0x01, 0x9a, 7]), unit(Kind::Disposable, 3));
        // slice_type 6 (B) is "00111", 7 (I) is "0001000".
        assert_eq!(look(&[0, 0, 1, 0x41, 0x9e]), unit(Kind::Bidirectional, 2));
        assert_eq!(look(&[0, 0, 1, 0x41, 0x88, 0x80]), unit(Kind::Intra, 3));
        // Two slices, and what fills the rate up.
        let padded = [
            0, 0, 1, 0x41, 0x9a, 7, 0, 0, 1, 0x41, 0x9a, 0, 0, 1, 0x0c, 255, 255, 255, 128,
        ];
        assert_eq!(look(&padded), unit(Kind::Reference, 5));
        assert_eq!(look(&[0, 0, 1, 0x67, 1, 2]), None);
        assert_eq!(look(&[]), None);
        assert_eq!(look(&[0, 0, 1, 0x41]), None);
    }

    #[test]
    fn pictures_by_lengths() {
        let look = |bytes: &[u8]| look(Codec::H264, Layout::Lengths(4), bytes);
        let two = [0, 0, 0, 2, 0x67, 1, 0, 0, 0, 3, 0x65, 0x88, 1];
        assert_eq!(look(&two), unit(Kind::Key, 3));
        assert_eq!(look(&[0, 0, 0, 9, 0x65, 0x88]), None);
        assert_eq!(look(&[0, 0]), None);
    }

    #[test]
    fn pictures_of_h265() {
        let look = |head: u8, second: u8| {
            super::look(
                Codec::H265,
                Layout::StartCodes,
                &[0, 0, 1, head << 1, second, 5],
            )
        };
        assert_eq!(look(19, 1), unit(Kind::Key, 3));
        assert_eq!(look(21, 1), unit(Kind::Intra, 3));
        assert_eq!(look(1, 1), unit(Kind::Reference, 3));
        assert_eq!(look(1, 2), unit(Kind::Bidirectional, 3));
        assert_eq!(look(0, 1), unit(Kind::Disposable, 3));
        assert_eq!(look(33, 1), None);
    }

    #[test]
    fn any_bytes_are_looked_at_without_harm() {
        let mut state: u32 = 1;
        for n in 0..4000 {
            let bytes: Vec<u8> = (0..n % 61)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    // Many zeros and ones, so that there are start codes.
                    (state >> 24) as u8 & if state & 0x100 == 0 { 1 } else { 255 }
                })
                .collect();
            for codec in [Codec::H264, Codec::H265] {
                for layout in [Layout::StartCodes, Layout::Lengths(4), Layout::Lengths(1)] {
                    if let Some(unit) = look(codec, layout, &bytes) {
                        assert!(unit.n_bytes <= bytes.len());
                    }
                }
            }
        }
    }
}
