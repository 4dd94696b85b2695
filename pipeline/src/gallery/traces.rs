//! Looking for templates in files: what proves that none is left.

use domain::Embedding;
use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

/// Numbers in a row that make a trace: nobody else's template has the same four.
const NUMBERS: usize = 4;

/// Bytes of a coarse row that make a trace.
const COARSE_NUMBERS: usize = 16;

/// Bytes read at once.
const CHUNK: usize = 1 << 20;

/// What templates would look like in a file that is not sealed. `Debug` is not there on purpose.
pub struct Traces {
    patterns: Vec<Vec<u8>>,
    /// Which first two bytes a pattern has.
    begins: Vec<bool>,
    longest: usize,
}

/// What was looked through, and what was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Files.
    pub n_files: u64,
    /// Their bytes.
    pub n_bytes: u64,
    /// Traces in them.
    pub n_found: u64,
}

impl Traces {
    /// Of every template all runs of four numbers as 32-bit numbers of either byte order, as JSON
    /// text (of 32-bit and of 64-bit numbers), and all runs of sixteen 8-bit numbers of the
    /// coarse row.
    pub fn of(templates: &[Embedding]) -> Self {
        let mut patterns = Vec::new();
        for template in templates {
            let numbers = template.expose();
            for run in numbers.windows(NUMBERS.min(numbers.len())) {
                patterns.push(run.iter().flat_map(|n| n.to_le_bytes()).collect());
                patterns.push(run.iter().flat_map(|n| n.to_be_bytes()).collect());
                let single: Vec<String> = run.iter().map(f32::to_string).collect();
                patterns.push(single.join(",").into_bytes());
                let double: Vec<String> = run.iter().map(|n| f64::from(*n).to_string()).collect();
                patterns.push(double.join(",").into_bytes());
            }
            let largest = numbers.iter().fold(0.0, |m: f32, n| m.max(n.abs()));
            let scale = largest.max(f32::MIN_POSITIVE) / f32::from(i8::MAX);
            let coarse: Vec<u8> = numbers
                .iter()
                .map(|n| ((n / scale).round() as i8).to_le_bytes()[0])
                .collect();
            let run = COARSE_NUMBERS.min(coarse.len());
            patterns.extend(coarse.windows(run).map(<[u8]>::to_vec));
        }
        patterns.sort();
        patterns.dedup();
        let mut begins = vec![false; 1 << 16];
        for pattern in &patterns {
            if let Some(first) = pattern.first_chunk() {
                begins[usize::from(u16::from_le_bytes(*first))] = true;
            }
        }
        let longest = patterns.iter().map(Vec::len).max().unwrap_or(0);
        Self {
            patterns,
            begins,
            longest,
        }
    }

    /// How many different ones there are.
    pub fn n_patterns(&self) -> usize {
        self.patterns.len()
    }

    /// How often one stands in the bytes.
    pub fn count_in(&self, bytes: &[u8]) -> u64 {
        self.starting_in(bytes, bytes.len())
    }

    /// Of those that begin in the first `n` bytes.
    fn starting_in(&self, bytes: &[u8], n: usize) -> u64 {
        let mut found = 0;
        for at in 0..n.min(bytes.len().saturating_sub(1)) {
            let first = u16::from_le_bytes([bytes[at], bytes[at + 1]]);
            if self.begins[usize::from(first)] && self.is_at(&bytes[at..]) {
                found += 1;
            }
        }
        found
    }

    /// No pattern is the beginning of another one of its kind, so that the one before in order, or
    /// few before it, is the only one that can fit.
    fn is_at(&self, bytes: &[u8]) -> bool {
        let first = &bytes[..2];
        let from = self.patterns.partition_point(|p| p.as_slice() < first);
        let candidates = self.patterns[from..].iter();
        candidates
            .take_while(|pattern| pattern.starts_with(first))
            .any(|pattern| bytes.starts_with(pattern))
    }

    /// Looks through every file below a folder, hidden ones too; links are not followed.
    pub fn look_through(&self, folder: &Path) -> io::Result<Looked> {
        let mut looked = Looked::default();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                let kind = entry.file_type()?;
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_file() {
                    // A journal of the database may go while we look: it is empty then.
                    match self.look_into(&entry.path(), &mut looked) {
                        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                        other => other?,
                    }
                }
            }
        }
        Ok(looked)
    }

    fn look_into(&self, path: &Path, looked: &mut Looked) -> io::Result<()> {
        let mut file = File::open(path)?;
        looked.n_files += 1;
        let mut bytes = Vec::with_capacity(CHUNK + self.longest);
        loop {
            let n_read = file.by_ref().take(CHUNK as u64).read_to_end(&mut bytes)?;
            looked.n_bytes += n_read as u64;
            if n_read == 0 {
                looked.n_found += self.count_in(&bytes);
                return Ok(());
            }
            // What begins in the last bytes is looked for when what follows them is there.
            let done = bytes.len().saturating_sub(self.longest);
            looked.n_found += self.starting_in(&bytes, done);
            bytes.drain(..done);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> Embedding {
        let numbers: Vec<f32> = (0..128u16)
            .map(|n| (f32::from(n * 37 % 101) - 50.0).sin())
            .collect();
        Embedding::normalised(&numbers).unwrap()
    }

    #[test]
    fn a_template_is_found_in_every_shape_and_place() {
        let (folder, template) = (tempfile::tempdir().unwrap(), template());
        let traces = Traces::of(std::slice::from_ref(&template));
        let numbers = template.expose();
        let shapes: [Vec<u8>; 3] = [
            numbers[40..44]
                .iter()
                .flat_map(|n| n.to_le_bytes())
                .collect(),
            numbers[100..104]
                .iter()
                .flat_map(|n| n.to_be_bytes())
                .collect(),
            serde_json::to_vec(&numbers[7..12]).unwrap(),
        ];
        for (n, shape) in shapes.into_iter().enumerate() {
            let file = folder.path().join(format!("a{n}/.b/c"));
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            // Across the border of two chunks.
            let bytes = [vec![b'x'; CHUNK - 9 - 5 * n], shape, vec![b'y'; 99]].concat();
            fs::write(&file, bytes).unwrap();
            let looked = traces.look_through(folder.path()).unwrap();
            assert!((n as u64) < looked.n_found, "{n}: {looked:?}");
            assert_eq!(looked.n_files, n as u64 + 1);
        }
    }

    #[test]
    fn nothing_is_found_where_nothing_is() {
        let folder = tempfile::tempdir().unwrap();
        let bytes: Vec<u8> = (0..3_000_000u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        fs::write(folder.path().join("noise"), &bytes).unwrap();
        fs::write(folder.path().join("empty"), b"").unwrap();
        let looked = Traces::of(&[template()])
            .look_through(folder.path())
            .unwrap();
        let expected = Looked {
            n_files: 2,
            n_bytes: 3_000_000,
            n_found: 0,
        };
        assert_eq!(looked, expected);
    }
}
