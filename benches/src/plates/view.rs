//! One picture with its truth and what every chain saw in it.

use super::{
    figures::Judged,
    page::{Entry, EntryRead},
    results::Results,
    set::{LabelledPicture, TruePlate},
    text::{folded, n_edits},
};
use domain::{BoxInImage, PlateDetection, PlateRead, RowRead, plate::PLATE_SCORE_MIN};
use std::collections::BTreeMap;

/// A box is the plate when it overlaps it by this much.
const IOU_MIN: f32 = 0.5;
/// A page with more crops than this is no longer looked through.
pub const ENTRIES_MAX: usize = 400;

/// One plate that a chain saw.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// Where it is.
    pub detection: PlateDetection,
    /// What the reader read.
    pub read: Option<PlateRead>,
    /// What is told of it: the same weighed against the grammar, as the product does with one look.
    pub told: Option<PlateRead>,
}

/// What a chain saw in one picture, and how long it took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// The boxes with their reads.
    pub plates: Vec<Look>,
    /// What finding took.
    pub detect_ms: f64,
    /// What reading took.
    pub read_ms: f64,
}

/// What all chains made of a set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// One for each chain.
    pub results: Vec<Results>,
    /// Crops for the page.
    pub entries: Vec<Entry>,
    /// Pictures that cannot be read, each with the reason.
    pub unread: Vec<String>,
}

/// One picture with what every chain saw in it.
pub struct View<'a> {
    /// The picture.
    pub picture: &'a LabelledPicture,
    /// The names of the chains.
    pub names: &'a [&'a str],
    /// What each of them saw.
    pub seen: &'a [Seen],
    /// Cuts out a box, or shows the whole picture, as JPEG.
    pub crop: &'a dyn Fn(Option<BoxInImage>) -> Vec<u8>,
}

impl View<'_> {
    /// Counts what became of the picture's plates, and keeps what went wrong.
    pub fn judge(&self, outcome: &mut Outcome) {
        for plate in &self.picture.plates {
            let mut bounds = plate.bounds;
            let mut reads = Vec::new();
            for (index, seen) in self.seen.iter().enumerate() {
                let found = match_of(plate, &seen.plates);
                bounds = bounds.or(found.map(|look| look.detection.bounds));
                let told = found.and_then(|look| look.told.as_ref());
                let judged = Judged {
                    truth: plate.text.clone(),
                    group: plate.group.clone(),
                    is_found: found.is_some(),
                    as_read: found.and_then(|look| look.read.as_ref()).map(text_of),
                    read: told.map(|read| chars_of(read).flatten().collect()),
                };
                let mut told = self.told(index, told);
                told.is_right = Some(judged.is_exact());
                reads.push(told);
                outcome.results[index].judged.push(judged);
            }
            if reads.iter().any(|read| read.is_right == Some(false)) {
                let truth = Some(plate.text.clone());
                self.keep(&mut outcome.entries, (truth, bounds, reads));
            }
        }
        if self
            .picture
            .plates
            .iter()
            .any(|plate| plate.bounds.is_some())
        {
            self.judge_false_boxes(outcome);
        }
    }

    fn judge_false_boxes(&self, outcome: &mut Outcome) {
        let mut by_place: BTreeMap<[i32; 2], (BoxInImage, Vec<EntryRead>)> = BTreeMap::new();
        for (index, seen) in self.seen.iter().enumerate() {
            let counts = outcome.results[index].false_boxes.get_or_insert_default();
            for look in &seen.plates {
                let bounds = look.detection.bounds;
                let mut plates = self.picture.plates.iter().filter_map(|plate| plate.bounds);
                if plates.any(|plate| IOU_MIN <= plate.iou(&bounds)) {
                    continue;
                }
                let score = look.told.as_ref().map_or(0.0, PlateRead::score);
                counts[0] += 1;
                counts[1] += usize::from(PLATE_SCORE_MIN <= score);
                let place = [bounds.x_min as i32, bounds.y_min as i32];
                let (_, reads) = by_place.entry(place).or_insert((bounds, Vec::new()));
                reads.push(self.told(index, look.told.as_ref()));
            }
        }
        for (bounds, reads) in by_place.into_values() {
            self.keep(&mut outcome.entries, (None, Some(bounds), reads));
        }
    }

    /// Keeps all that was read, and tells it line by line.
    pub fn list(&self, outcome: &mut Outcome) -> Vec<String> {
        let mut lines = Vec::new();
        for (index, seen) in self.seen.iter().enumerate() {
            for look in &seen.plates {
                let told = self.told(index, look.told.as_ref());
                lines.push(format!(
                    "{}  {}  {}  {:.3}",
                    self.name(),
                    told.chain,
                    told.text(),
                    told.score()
                ));
                self.keep(
                    &mut outcome.entries,
                    (None, Some(look.detection.bounds), vec![told]),
                );
            }
        }
        lines
    }

    fn name(&self) -> String {
        let name = self.picture.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    fn told(&self, chain: usize, read: Option<&PlateRead>) -> EntryRead {
        let rows = read.map(|read| chars_of(read).map(Iterator::collect).collect());
        EntryRead {
            chain: self.names[chain].to_owned(),
            rows: rows.unwrap_or_default(),
            is_right: None,
        }
    }

    fn keep(
        &self,
        entries: &mut Vec<Entry>,
        (truth, bounds, reads): (Option<String>, Option<BoxInImage>, Vec<EntryRead>),
    ) {
        if entries.len() < ENTRIES_MAX {
            entries.push(Entry {
                file: self.name(),
                truth,
                jpeg: (self.crop)(bounds),
                reads,
            });
        }
    }
}

/// The box on this plate with its read; where it is not known where the plate is, the read that is
/// nearest to its text.
fn match_of<'a>(plate: &TruePlate, seen: &'a [Look]) -> Option<&'a Look> {
    let Some(bounds) = plate.bounds else {
        let truth = folded(&plate.text);
        let n_wrong = |look: &&Look| {
            let text = look.told.as_ref().map(text_of).unwrap_or_default();
            n_edits(&folded(&text), &truth)
        };
        return seen.iter().min_by_key(n_wrong);
    };
    let overlap = |look: &Look| look.detection.bounds.iou(&bounds);
    let best = seen.iter().max_by(|a, b| overlap(a).total_cmp(&overlap(b)));
    best.filter(|found| IOU_MIN <= overlap(found))
}

/// The characters of each row with their scores.
fn chars_of(read: &PlateRead) -> impl Iterator<Item = impl Iterator<Item = (char, f32)>> {
    let rows = read.rows.iter();
    rows.map(|row| row.chars.iter().map(|c| (c.best, c.score)))
}

fn text_of(read: &PlateRead) -> String {
    read.rows.iter().map(RowRead::text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{CharRead, PlateColour};

    fn seen(x: f32, text: &str, score: f32) -> Look {
        let bounds = BoxInImage::new(x, 0.0, x + 40.0, 20.0);
        let char = |best| CharRead {
            best,
            score,
            alternatives: vec![],
        };
        let detection = PlateDetection {
            bounds,
            corners: None,
            score: 1.0,
        };
        let read = PlateRead {
            bounds,
            corners: None,
            detect_score: 1.0,
            rows: vec![RowRead {
                chars: text.chars().map(char).collect(),
            }],
            colour: PlateColour::White,
        };
        let read = (!text.is_empty()).then_some(read);
        Look {
            detection,
            told: read.clone(),
            read,
        }
    }

    /// Judges what one chain saw of a picture with a plate at x = 100.
    fn judge(has_box: bool, plates: Vec<Look>) -> (Judged, Option<[usize; 2]>, Vec<Entry>) {
        let picture = LabelledPicture {
            path: "folder/a.jpg".into(),
            plates: vec![TruePlate {
                bounds: has_box.then(|| BoxInImage::new(100.0, 0.0, 140.0, 20.0)),
                text: "43A-00001".to_owned(),
                group: None,
            }],
        };
        let seen = [Seen {
            plates,
            ..Seen::default()
        }];
        let mut outcome = Outcome {
            results: vec![Results::default()],
            ..Outcome::default()
        };
        let view = View {
            picture: &picture,
            names: &["ours"],
            seen: &seen,
            crop: &|_| vec![1],
        };
        view.judge(&mut outcome);
        let result = outcome.results.remove(0);
        assert_eq!(result.judged.len(), 1);
        (
            result.judged[0].clone(),
            result.false_boxes,
            outcome.entries,
        )
    }

    #[test]
    fn the_box_on_the_plate_is_judged_and_others_are_false() {
        let right = seen(105.0, "43A00001", 0.9);
        let plates = vec![seen(0.0, "43A00001", 0.9), right, seen(50.0, "", 0.0)];
        let (judged, false_boxes, entries) = judge(true, plates);
        assert!(judged.is_found && judged.is_exact() && judged.is_read_exactly());
        assert_eq!(false_boxes, Some([2, 1]));
        let truths: Vec<_> = entries.iter().map(|entry| entry.truth.clone()).collect();
        assert_eq!(truths, [None, None]);
        assert_eq!(
            (entries[0].file.as_str(), entries[0].jpeg.len()),
            ("a.jpg", 1)
        );
    }

    #[test]
    fn a_plate_without_a_box_is_not_found() {
        let (judged, false_boxes, entries) = judge(true, vec![seen(125.0, "43A00001", 0.9)]);
        assert_eq!((judged.is_found, judged.read), (false, None));
        assert_eq!(false_boxes, Some([1, 1]));
        assert_eq!(entries.len(), 2, "the plate, and the box beside it");
        let (_, false_boxes, _) = judge(true, vec![]);
        assert_eq!(false_boxes, Some([0, 0]));
    }

    #[test]
    fn where_no_box_is_known_the_nearest_read_is_judged() {
        let plates = vec![
            seen(0.0, "", 0.0),
            seen(9.0, "43A00007", 0.9),
            seen(5.0, "9", 0.9),
        ];
        let (judged, false_boxes, entries) = judge(false, plates);
        assert_eq!((judged.is_found, judged.n_edits()), (true, 1));
        assert_eq!(false_boxes, None);
        assert_eq!(entries[0].reads[0].is_right, Some(false));
        assert!(!judge(false, vec![]).0.is_found);
    }

    #[test]
    fn what_is_not_labelled_is_listed() {
        let picture = LabelledPicture {
            path: "a.jpg".into(),
            plates: Vec::new(),
        };
        let seen = [Seen {
            plates: vec![seen(0.0, "43A", 0.5)],
            ..Seen::default()
        }];
        let view = View {
            picture: &picture,
            names: &["ours"],
            seen: &seen,
            crop: &|_| Vec::new(),
        };
        let mut outcome = Outcome::default();
        assert_eq!(view.list(&mut outcome), ["a.jpg  ours  43A  0.500"]);
        assert_eq!(outcome.entries[0].reads[0].is_right, None);
    }
}
