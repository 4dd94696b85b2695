//! Reading plates: the crop, one or more readers, rows, colour.

use super::{Head, plate_rows::RowReader};
use crate::{
    InferenceError, ModelError,
    catalog::Decoder,
    decode::slots::{self, SlotRead},
    plate::{Rows, plate_colour, rows, split, three_or_four},
    preprocess::{Picture, Pixels, resize, stacked},
};
use domain::{BoxInImage, PlateDetection, PlateRead};

/// Crops that vote: the detector's box, and with a little more room, shares of its width and
/// height.
const MARGINS: [f32; 2] = [0.0, 0.04];

/// What reads plates.
pub(super) enum PlateReader {
    /// Our own reader, alone.
    Rows(Box<RowReader>),
    /// Readers that vote.
    Slots(SlotReaders),
}

impl PlateReader {
    /// Readers with the same input and decoder.
    pub(super) fn new(mut heads: Vec<Head>) -> Result<Self, ModelError> {
        let is_ours = |head: &Head| head.model.decoder == Decoder::PlateRows;
        match heads.iter().position(is_ours) {
            Some(index) => {
                let reader = RowReader::new(heads.swap_remove(index))?;
                Ok(Self::Rows(Box::new(reader)))
            }
            None => SlotReaders::new(heads).map(Self::Slots),
        }
    }

    pub(super) fn read(
        &mut self,
        picture: Picture<'_>,
        plates: &[PlateDetection],
    ) -> Result<Vec<Option<PlateRead>>, InferenceError> {
        match self {
            Self::Rows(reader) => reader.read(picture, plates),
            Self::Slots(readers) => readers.read(picture, plates),
        }
    }
}

/// Readers that know no rows, and vote.
pub(super) struct SlotReaders {
    heads: Vec<Head>,
}

impl SlotReaders {
    fn new(heads: Vec<Head>) -> Result<Self, ModelError> {
        let mut reader = Self { heads };
        for index in 0..reader.heads.len() {
            let [width, height] = reader.heads[index].model.input_px;
            let first = reader.run(index, &[Pixels::filled(width, height, [128; 3])]);
            reader.heads[index].warm_up(first)?;
        }
        Ok(reader)
    }

    fn read(
        &mut self,
        picture: Picture<'_>,
        plates: &[PlateDetection],
    ) -> Result<Vec<Option<PlateRead>>, InferenceError> {
        let regions: Vec<BoxInImage> = plates.iter().map(|plate| plate.bounds).collect();
        let reads = self.reads(picture, &regions)?;
        let mut found = Vec::with_capacity(plates.len());
        for (plate, read) in plates.iter().zip(reads) {
            found.push(self.one(picture, plate, read)?);
        }
        Ok(found)
    }

    fn one(
        &mut self,
        picture: Picture<'_>,
        plate: &PlateDetection,
        read: SlotRead,
    ) -> Result<Option<PlateRead>, InferenceError> {
        let bounds = plate.bounds;
        if read.n_chars() == 0 || picture.inside(bounds).is_none() {
            return Ok(None);
        }
        let text = read.text();
        let n_first = match rows(&text, bounds.width() / bounds.height()) {
            Rows::One => 0,
            Rows::Two { n_first } => n_first,
            Rows::ThreeOrFour => {
                let middle = (bounds.y_min + bounds.y_max) / 2.0;
                let half = BoxInImage {
                    y_max: middle,
                    ..bounds
                };
                let upper = self.reads(picture, &[half])?;
                three_or_four(
                    &text,
                    &upper.first().map(SlotRead::text).unwrap_or_default(),
                )
            }
        };
        Ok(Some(PlateRead {
            bounds,
            corners: None,
            detect_score: plate.score,
            rows: split(read.to_row(), n_first),
            colour: plate_colour(picture, bounds),
        }))
    }

    /// What all readers together see in each region.
    fn reads(
        &mut self,
        picture: Picture<'_>,
        regions: &[BoxInImage],
    ) -> Result<Vec<SlotRead>, InferenceError> {
        let Some([width, height]) = self.heads.first().map(|head| head.model.input_px) else {
            return Ok(vec![SlotRead::default(); regions.len()]);
        };
        let mut crops = Vec::with_capacity(regions.len() * MARGINS.len());
        for region in regions {
            for margin in MARGINS {
                crops.push(resize(picture, region.grown(margin), width, height));
            }
        }
        let mut by_reader = Vec::new();
        for index in 0..self.heads.len() {
            by_reader.push(self.run(index, &crops)?);
        }
        let together = |plate: usize| {
            let crops = plate * MARGINS.len()..(plate + 1) * MARGINS.len();
            let reads: Vec<SlotRead> = by_reader
                .iter()
                .flat_map(|reads| reads[crops.clone()].iter().cloned())
                .collect();
            SlotRead::combined(&reads)
        };
        Ok((0..regions.len()).map(together).collect())
    }

    fn run(&mut self, index: usize, crops: &[Pixels]) -> Result<Vec<SlotRead>, InferenceError> {
        if crops.is_empty() {
            return Ok(Vec::new());
        }
        let input = stacked(crops);
        let session = &mut self.heads[index].session;
        session.run(&input, |outputs| slots::decode(outputs, crops.len()))
    }
}
