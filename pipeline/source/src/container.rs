//! What a video file's first bytes say: its container, and how long it should be.
//!
//! Demuxers end a file that was cut off as if it were whole, or not, by version and container. The
//! sizes in the file are the surer witness.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

/// The demuxer for a file, when its container is a well-known one.
///
/// `parsebin` finds it too, but loses the errors that it posts at once (GStreamer 1.22): a file
/// without an index would then say nothing, and never end.
pub(crate) fn demuxer(path: &Path) -> io::Result<Option<&'static str>> {
    let mut head = [0; 192];
    let n_read = read_up_to(&mut File::open(path)?, &mut head)?;
    Ok(demuxer_of(&head[..n_read]))
}

fn demuxer_of(head: &[u8]) -> Option<&'static str> {
    let is_ts = head.first() == Some(&0x47) && head.get(188) == Some(&0x47);
    Some(match (head, head.get(4..8), head.get(8..12)) {
        (_, Some(b"ftyp" | b"moov" | b"mdat" | b"wide"), _) => "qtdemux",
        ([0x1a, 0x45, 0xdf, 0xa3, ..], ..) => "matroskademux",
        ([b'R', b'I', b'F', b'F', ..], _, Some(b"AVI ")) => "avidemux",
        ([b'O', b'g', b'g', b'S', ..], ..) => "oggdemux",
        ([b'F', b'L', b'V', 1, ..], ..) => "flvdemux",
        ([0, 0, 1, 0xba, ..], ..) => "mpegpsdemux",
        _ if is_ts => "tsdemux",
        _ => return None,
    })
}

/// Says how a file was cut short, when its headers show that it was.
pub(crate) fn cut_short(path: &Path) -> io::Result<Option<String>> {
    let mut file = File::open(path)?;
    let len = file.metadata()?.len();
    let expected = expected_len(&mut file, len)?;
    Ok(expected
        .filter(|&expected| len < expected)
        .map(|expected| format!("it has {len} bytes of {expected}: its end is missing")))
}

fn expected_len(file: &mut (impl Read + Seek), len: u64) -> io::Result<Option<u64>> {
    let mut head = [0; 192];
    let n_read = read_up_to(file, &mut head)?;
    let head = &head[..n_read];
    Ok(if head.get(4..8) == Some(b"ftyp") {
        mp4_len(file, len)?
    } else if head.starts_with(&[0x1a, 0x45, 0xdf, 0xa3]) {
        matroska_len(head)
    } else if head.starts_with(b"RIFF") {
        head.get(4..8)
            .and_then(|size| size.try_into().ok())
            .map(|size| u64::from(u32::from_le_bytes(size)) + 8)
    } else if head.first() == Some(&0x47) && head.get(188) == Some(&0x47) {
        Some(len.next_multiple_of(188))
    } else {
        None
    })
}

/// ISO/IEC 14496-12 §4.2: boxes follow each other, each with its size.
fn mp4_len(file: &mut (impl Read + Seek), len: u64) -> io::Result<Option<u64>> {
    let mut at = 0;
    while at < len {
        file.seek(SeekFrom::Start(at))?;
        let mut head = [0; 16];
        if read_up_to(file, &mut head)? < 8 {
            return Ok(Some(at + 8));
        }
        let [a, b, c, d, _, _, _, _, large @ ..] = head;
        let size = match u32::from_be_bytes([a, b, c, d]) {
            // It reaches to the end, wherever that is.
            0 => return Ok(None),
            1 => u64::from_be_bytes(large),
            size => u64::from(size),
        };
        // No box is smaller than its head: this is no chain of boxes.
        let Some(next) = at.checked_add(size).filter(|_| 8 <= size) else {
            return Ok(None);
        };
        at = next;
    }
    Ok(Some(at))
}

/// RFC 8794 §4 and §6: an id, a size, and all ones for a size that is not known.
fn matroska_len(head: &[u8]) -> Option<u64> {
    let (size, size_len) = ebml_size(head.get(4..)?)?;
    let segment = 4 + size_len + usize::try_from(size?).ok()?;
    if head.get(segment..segment + 4)? != [0x18, 0x53, 0x80, 0x67] {
        return None;
    }
    let (size, size_len) = ebml_size(head.get(segment + 4..)?)?;
    u64::try_from(segment + 4 + size_len)
        .ok()?
        .checked_add(size?)
}

fn ebml_size(bytes: &[u8]) -> Option<(Option<u64>, usize)> {
    let first = *bytes.first()?;
    let n_bytes = first.leading_zeros() as usize + 1;
    let rest = bytes.get(1..n_bytes)?;
    let mask = 0xff_u64.checked_shr(u32::try_from(n_bytes).ok()?)?;
    let size = rest.iter().fold(u64::from(first) & mask, |size, &byte| {
        size << 8 | u64::from(byte)
    });
    let unknown = (1_u64 << (7 * n_bytes)) - 1;
    Some(((size != unknown).then_some(size), n_bytes))
}

fn read_up_to(file: &mut impl Read, bytes: &mut [u8]) -> io::Result<usize> {
    let mut n_read = 0;
    while n_read < bytes.len() {
        match file.read(&mut bytes[n_read..]) {
            Ok(0) => break,
            Ok(n) => n_read += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(n_read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn expected(bytes: &[u8]) -> Option<u64> {
        let len = bytes.len() as u64;
        expected_len(&mut Cursor::new(bytes), len).unwrap()
    }

    #[test]
    fn containers_are_told_apart() {
        let check = |head: &[u8], expect| assert_eq!(demuxer_of(head), expect, "{head:?}");
        check(b"\0\0\0\x20ftypisom", Some("qtdemux"));
        check(b"RIFF\x10\0\0\0AVI ", Some("avidemux"));
        check(b"RIFF\x10\0\0\0WAVE", None);
        check(b"OggS", Some("oggdemux"));
        check(b"", None);
    }

    #[test]
    fn mp4_boxes_are_summed() {
        let whole = b"\0\0\0\x10ftypisomisom\0\0\0\x0cmdatabcd";
        assert_eq!(expected(whole), Some(28));
        assert_eq!(expected(&whole[..22]), Some(24));
        assert_eq!(expected(&whole[..26]), Some(28));
        let open_end = b"\0\0\0\x10ftypisomisom\0\0\0\0mdatabcd";
        assert_eq!(expected(open_end), None);
        let large = b"\0\0\0\x10ftypisomisom\0\0\0\x01mdat\0\0\0\0\0\0\x01\0";
        assert_eq!(expected(large), Some(16 + 256));
        let endless = b"\0\0\0\x10ftypisomisom\0\0\0\x02mdatabcd";
        assert_eq!(expected(endless), None);
    }

    #[test]
    fn matroska_sizes_are_read() {
        let mut bytes = vec![0x1a, 0x45, 0xdf, 0xa3, 0x82, 1, 2, 0x18, 0x53, 0x80, 0x67];
        bytes.extend([0x41, 0x00]);
        assert_eq!(expected(&bytes), Some(13 + 256));
        bytes.truncate(11);
        bytes.extend([0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
        assert_eq!(expected(&bytes), None);
    }

    #[test]
    fn other_containers() {
        assert_eq!(expected(b"RIFF\x10\0\0\0AVI "), Some(24));
        let mut ts = vec![0; 400];
        ts[0] = 0x47;
        ts[188] = 0x47;
        assert_eq!(expected(&ts), Some(564));
        assert_eq!(expected(b"hello"), None);
        assert_eq!(expected(b""), None);
    }

    #[test]
    fn any_bytes_are_survived() {
        let heads: [&[u8]; 3] = [b"\0\0\0\x10ftyp", &[0x1a, 0x45, 0xdf, 0xa3], b"RIFF"];
        let mut random = 7_u64;
        for head in heads {
            for _ in 0..5000 {
                let mut bytes = head.to_vec();
                for _ in 0..40 {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    bytes.push(random.to_le_bytes()[3]);
                }
                expected(&bytes);
            }
        }
    }
}
