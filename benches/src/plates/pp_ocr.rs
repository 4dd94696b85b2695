//! PP-OCR as a reader of plates: a process that reads text lines (`benches/pp_ocr.py`), given each
//! row of a plate on its own.

use domain::{BoxInImage, CharRead, Frame, PlateColour, PlateDetection, PlateRead, RowRead};
use serde::Deserialize;
use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// Room around a plate's box, shares of its width and height, as the readers of the catalogue have.
const MARGIN: f32 = 0.04;
/// A box this wide for its height has one row.
const ONE_ROW_ASPECT_MIN: f32 = 2.6;
/// The halves of a plate with two rows overlap by this share of its height.
const OVERLAP: f32 = 0.04;

/// The process.
pub struct PpOcr {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

#[derive(Deserialize)]
struct Answer {
    ms: f64,
    lines: Vec<Vec<(String, f32)>>,
}

impl PpOcr {
    /// The package that has the model.
    pub const PACKAGE: &'static str = "rapidocr-onnxruntime 1.4.4";

    /// Starts it with the Python that has the package.
    pub fn start(python: &Path, script: &Path) -> Result<Self, String> {
        let mut child = Command::new(python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", python.display()))?;
        let requests = child.stdin.take();
        let answers = child.stdout.take().ok_or("it has no standard output")?;
        Ok(Self {
            child,
            requests,
            answers: BufReader::new(answers),
        })
    }

    /// What stands on each plate, and how many milliseconds reading took.
    pub fn read(
        &mut self,
        frame: &Frame,
        plates: &[PlateDetection],
    ) -> Result<(Vec<Option<PlateRead>>, f64), String> {
        let rows: Vec<Vec<Line>> = plates.iter().map(|p| lines_of(frame, p.bounds)).collect();
        let lines: Vec<&Line> = rows.iter().flatten().collect();
        if lines.is_empty() {
            return Ok((vec![None; plates.len()], 0.0));
        }
        let answer = self.ask(&lines)?;
        if answer.lines.len() != lines.len() {
            return Err("PP-OCR has answered for other lines than it was asked for".to_owned());
        }
        let mut answers = answer.lines.into_iter();
        let mut reads = Vec::with_capacity(plates.len());
        for (plate, lines) in plates.iter().zip(&rows) {
            let rows = answers.by_ref().take(lines.len()).map(row);
            let rows: Vec<RowRead> = rows.filter(|row| !row.chars.is_empty()).collect();
            reads.push((!rows.is_empty()).then_some(PlateRead {
                bounds: plate.bounds,
                corners: None,
                detect_score: plate.score,
                rows,
                colour: PlateColour::Unknown,
            }));
        }
        Ok((reads, answer.ms))
    }

    fn ask(&mut self, lines: &[&Line]) -> Result<Answer, String> {
        let mut request = (lines.len() as u32).to_le_bytes().to_vec();
        for line in lines {
            request.extend(line.width.to_le_bytes());
            request.extend(line.height.to_le_bytes());
            request.extend(&line.bgr);
        }
        let gone = |error: std::io::Error| format!("PP-OCR has ended: {error}");
        let requests = self.requests.as_mut().ok_or("PP-OCR was stopped")?;
        requests.write_all(&request).map_err(gone)?;
        requests.flush().map_err(gone)?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer).map_err(gone)?;
        serde_json::from_str(&answer).map_err(|error| format!("PP-OCR has not answered: {error}"))
    }
}

impl Drop for PpOcr {
    fn drop(&mut self) {
        // It ends when there is nothing more to read.
        self.requests = None;
        drop(self.child.wait());
    }
}

/// Pixels of one row of a plate.
struct Line {
    width: u32,
    height: u32,
    bgr: Vec<u8>,
}

fn lines_of(frame: &Frame, bounds: BoxInImage) -> Vec<Line> {
    let grown = bounds.grown(MARGIN);
    if ONE_ROW_ASPECT_MIN < bounds.width() / bounds.height() {
        return Vec::from_iter(cut(frame, grown));
    }
    let middle = (grown.y_min + grown.y_max) / 2.0;
    let more = grown.height() * OVERLAP / 2.0;
    let upper = BoxInImage {
        y_max: middle + more,
        ..grown
    };
    let lower = BoxInImage {
        y_min: middle - more,
        ..grown
    };
    [upper, lower]
        .into_iter()
        .filter_map(|half| cut(frame, half))
        .collect()
}

fn cut(frame: &Frame, part: BoxInImage) -> Option<Line> {
    let part = part.clamped(frame.width as f32, frame.height as f32);
    if !(part.is_finite() && 1.0 <= part.width() && 1.0 <= part.height()) {
        return None;
    }
    let [x0, y0] = [part.x_min, part.y_min].map(|v| v.floor() as usize);
    let x1 = (part.x_max.ceil() as usize).min(frame.width as usize);
    let y1 = (part.y_max.ceil() as usize).min(frame.height as usize);
    let mut bgr = Vec::with_capacity(3 * (x1 - x0) * (y1 - y0));
    for y in y0..y1 {
        let row = 3 * y * frame.width as usize;
        let pixels = &frame.rgb[row + 3 * x0..row + 3 * x1];
        bgr.extend(pixels.chunks_exact(3).flat_map(|p| [p[2], p[1], p[0]]));
    }
    Some(Line {
        width: (x1 - x0) as u32,
        height: (y1 - y0) as u32,
        bgr,
    })
}

/// What a plate can have of it: a general reader also sees separators, and characters of other
/// scripts.
fn row(line: Vec<(String, f32)>) -> RowRead {
    let chars = line.into_iter().filter_map(|(text, score)| {
        let best = text.chars().next()?.to_ascii_uppercase();
        let is_of_plate = best.is_ascii_alphanumeric() || best == 'Đ' || best == 'đ';
        is_of_plate.then_some(CharRead {
            best,
            score,
            alternatives: Vec::new(),
        })
    });
    RowRead {
        chars: chars.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{CameraId, Timestamp};
    use std::{fs, os::unix::fs::PermissionsExt as _, sync::Arc};

    fn frame() -> Frame {
        let pixel = |i: u32| [i as u8, (i / 40) as u8, 7];
        let rgb: Vec<u8> = (0..40 * 20).flat_map(pixel).collect();
        Frame {
            camera: "test".parse::<CameraId>().unwrap(),
            seq: 0,
            captured_at: Timestamp::EPOCH,
            width: 40,
            height: 20,
            rgb: Arc::from(rgb),
        }
    }

    #[test]
    fn one_row_is_one_line_and_two_are_two() {
        let one = lines_of(&frame(), BoxInImage::new(1.0, 5.0, 31.0, 15.0));
        assert_eq!(one.len(), 1);
        assert_eq!((one[0].width, one[0].height), (33, 12));
        assert_eq!(
            one[0].bgr[..3],
            [7, 4, 160],
            "blue first, from x = 0, y = 4"
        );
        assert_eq!(one[0].bgr.len(), 3 * 33 * 12);
        let two = lines_of(&frame(), BoxInImage::new(10.0, 0.0, 30.0, 15.0));
        assert_eq!(two.len(), 2);
        assert_eq!((two[0].height, two[1].height), (8, 9));
        for outside in [
            BoxInImage::new(90.0, 0.0, 99.0, 9.0),
            BoxInImage::new(f32::NAN, 0.0, 9.0, 9.0),
            BoxInImage::new(5.0, 5.0, 5.0, 5.0),
        ] {
            assert!(lines_of(&frame(), outside).is_empty(), "{outside:?}");
        }
    }

    #[test]
    fn only_what_plates_have_is_kept() {
        let line = [("3", 0.9), ("0", 0.8), ("粤", 0.9), ("-", 0.7), ("f", 0.5)];
        let row = row(line.map(|(c, score)| (c.to_owned(), score)).to_vec());
        assert_eq!(row.text(), "30F");
        assert_eq!(row.chars[2].score, 0.5);
    }

    /// A process that answers every request with one line of three characters, or with nothing.
    fn answering(answer: &str) -> Result<(Vec<Option<PlateRead>>, f64), String> {
        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("script");
        // The request is 4 + 8 + 3 x 33 x 12 bytes.
        let text = format!("#!/bin/sh\nhead -c 1200 >/dev/null\necho '{answer}'\n");
        fs::write(&script, text).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        let mut reader = PpOcr::start(Path::new("/bin/sh"), &script).unwrap();
        let plate = |x: f32| PlateDetection {
            corners: None,
            bounds: BoxInImage::new(x, 5.0, x + 30.0, 15.0),
            score: 0.9,
        };
        reader.read(&frame(), &[plate(900.0), plate(1.0)])
    }

    #[test]
    fn answers_belong_to_their_plates() {
        let (reads, ms) =
            answering(r#"{"ms": 4.5, "lines": [[["4",1.0],["3",0.5],["A",0.75]]]}"#).unwrap();
        assert_eq!((reads.len(), ms), (2, 4.5));
        assert!(reads[0].is_none());
        let read = reads[1].as_ref().unwrap();
        assert_eq!((read.rows[0].text().as_str(), read.score()), ("43A", 0.5));
    }

    #[test]
    fn a_process_that_ends_or_talks_nonsense_is_an_error() {
        for answer in ["", "what", r#"{"ms": 1.0, "lines": []}"#] {
            let error = answering(answer).unwrap_err();
            assert!(error.starts_with("PP-OCR has "), "{error}");
        }
        let missing = PpOcr::start(Path::new("/nowhere/python"), Path::new("x"));
        assert!(missing.err().unwrap().starts_with("/nowhere/python: "));
    }
}
