//! Reading plates with our own reader: one upright crop, rows and colour from the model.

use super::{Head, input::normalise};
use crate::{
    InferenceError, ModelError,
    decode::plate_rows::{self, RowsRead},
    preprocess::{Picture, Pixels, planar, rectify::warp_corners},
};
use domain::{BoxInImage, PlateDetection, PlateRead, PointInImage};

/// Shares of the box's width and height that the crop shows beside it, as in training.
const MARGIN_X: f32 = 0.02;
const MARGIN_Y: f32 = 0.04;

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
                let corners = plate.corners.map_or_else(|| around(inside), |c| grown(&c));
                crops.push(warp_corners(picture, &corners, size)?);
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

/// The corners of the box with its margin, from the top left clockwise.
fn around(bounds: BoxInImage) -> [PointInImage; 4] {
    let (dx, dy) = (bounds.width() * MARGIN_X, bounds.height() * MARGIN_Y);
    let (left, right) = (bounds.x_min - dx, bounds.x_max + dx);
    let (top, bottom) = (bounds.y_min - dy, bounds.y_max + dy);
    [(left, top), (right, top), (right, bottom), (left, bottom)].map(|(x, y)| PointInImage { x, y })
}

/// The quadrilateral with its margin: each corner away from its neighbours by a share of the sides.
fn grown(corners: &[PointInImage; 4]) -> [PointInImage; 4] {
    let [a, b, c, d] = *corners;
    let away = |from: PointInImage, along: PointInImage, down: PointInImage| PointInImage {
        x: from.x + (from.x - along.x) * MARGIN_X + (from.x - down.x) * MARGIN_Y,
        y: from.y + (from.y - along.y) * MARGIN_X + (from.y - down.y) * MARGIN_Y,
    };
    [away(a, b, d), away(b, a, c), away(c, d, b), away(d, c, a)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crop_is_a_little_larger_than_the_box() {
        let [a, b, c, d] = around(BoxInImage::new(100.0, 50.0, 200.0, 75.0));
        assert_eq!((a.x, a.y, b.x, b.y), (98.0, 49.0, 202.0, 49.0));
        assert_eq!((c.x, c.y, d.x, d.y), (202.0, 76.0, 98.0, 76.0));
    }

    #[test]
    fn corners_grow_along_their_own_sides() {
        let upright = around(BoxInImage::new(100.0, 50.0, 200.0, 75.0));
        let corners = [(100.0, 50.0), (200.0, 50.0), (200.0, 75.0), (100.0, 75.0)];
        assert_eq!(grown(&corners.map(|(x, y)| PointInImage { x, y })), upright);
        // A quarter turn: what is along is now down.
        let turned = corners.map(|(x, y)| PointInImage { x: -y, y: x });
        let expect = upright.map(|p| PointInImage { x: -p.y, y: p.x });
        for (p, q) in grown(&turned).iter().zip(expect) {
            assert!((p.x - q.x).abs() < 1e-3 && (p.y - q.y).abs() < 1e-3);
        }
    }
}
