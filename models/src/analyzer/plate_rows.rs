//! Reading plates with our own reader: one upright crop, rows and colour from the model.

use super::{Head, input::normalise};
use crate::{
    InferenceError, ModelError,
    decode::plate_rows::{self, RowsRead},
    preprocess::{Picture, Pixels, planar, rectify::warp_corners},
};
use domain::{BoxInImage, PlateDetection, PlateRead, PointInImage};

/// Shares of a plate's width and height that its cut shows beside it, within what training shows.
///
/// A second cut, with other margins, gave the smaller reader before this one 9 more cars of 1000;
/// it gives this one nothing and would double the time (`models/training/README.md`).
const MARGIN: (f32, f32) = (0.03, 0.06);

/// The reader.
pub(super) struct RowReader {
    head: Head,
}

impl RowReader {
    pub(super) fn new(head: Head) -> Result<Self, ModelError> {
        let mut reader = Self { head };
        let [width, height] = reader.head.model.input_px;
        let first = reader.run(&[Pixels::filled(width, height, [128; 3])]);
        reader.head.warm_up(first)?;
        Ok(reader)
    }

    pub(super) fn read(
        &mut self,
        picture: Picture<'_>,
        plates: &[PlateDetection],
    ) -> Result<Vec<Option<PlateRead>>, InferenceError> {
        let mut crops = Vec::with_capacity(plates.len());
        let mut indices = Vec::with_capacity(plates.len());
        for (index, plate) in plates.iter().enumerate() {
            if let Some(inside) = picture.inside(plate.bounds) {
                let size = self.head.model.input_px;
                let corners = plate.corners.unwrap_or_else(|| corners_of(inside));
                crops.push(warp_corners(picture, &grown(&corners, MARGIN), size)?);
                indices.push(index);
            }
        }
        let mut reads = vec![None; plates.len()];
        for (index, read) in indices.into_iter().zip(self.run(&crops)?) {
            let plate = &plates[index];
            reads[index] = read.map(|read| PlateRead {
                bounds: plate.bounds,
                corners: plate.corners,
                detect_score: plate.score,
                rows: read.rows,
                colour: read.colour,
            });
        }
        Ok(reads)
    }

    fn run(&mut self, crops: &[Pixels]) -> Result<Vec<Option<RowsRead>>, InferenceError> {
        if crops.is_empty() {
            return Ok(Vec::new());
        }
        let input = planar(crops, &normalise(self.head.model.decoder));
        let session = &mut self.head.session;
        session.run(&input, |outputs| plate_rows::decode(outputs, crops.len()))
    }
}

/// The corners of the box, from the top left clockwise.
fn corners_of(bounds: BoxInImage) -> [PointInImage; 4] {
    let (left, right) = (bounds.x_min, bounds.x_max);
    let (top, bottom) = (bounds.y_min, bounds.y_max);
    [(left, top), (right, top), (right, bottom), (left, bottom)].map(|(x, y)| PointInImage { x, y })
}

/// The quadrilateral with its margin: each corner away from its neighbours by a share of the sides.
fn grown(corners: &[PointInImage; 4], (wide, high): (f32, f32)) -> [PointInImage; 4] {
    let [a, b, c, d] = *corners;
    let away = |from: PointInImage, along: PointInImage, down: PointInImage| PointInImage {
        x: from.x + (from.x - along.x) * wide + (from.x - down.x) * high,
        y: from.y + (from.y - along.y) * wide + (from.y - down.y) * high,
    };
    [away(a, b, d), away(b, a, c), away(c, d, b), away(d, c, a)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_grow_along_their_own_sides() {
        let upright = corners_of(BoxInImage::new(100.0, 50.0, 200.0, 75.0));
        let margin = (0.02, 0.04);
        let expect = corners_of(BoxInImage::new(98.0, 49.0, 202.0, 76.0));
        assert_eq!(grown(&upright, margin), expect);
        assert_eq!(grown(&upright, (0.0, 0.0)), upright);
        // A quarter turn: what is along is now down.
        let turn = |p: PointInImage| PointInImage { x: -p.y, y: p.x };
        let found = grown(&upright.map(turn), margin);
        for (p, q) in found.iter().zip(expect.map(turn)) {
            assert!((p.x - q.x).abs() < 1e-3 && (p.y - q.y).abs() < 1e-3);
        }
    }
}
