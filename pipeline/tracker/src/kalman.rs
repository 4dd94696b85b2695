//! A constant-velocity Kalman filter for a box, one small filter for each of centre x, centre y,
//! width and height.
//!
//! Time between frames varies (inference drops frames), so the process noise is that of white-noise
//! acceleration in continuous time: Q = q · [dt³/3, dt²/2; dt²/2, dt] (Bar-Shalom, Li, Kirubarajan
//! 2001, §6.2.2). All noise scales with the size of the box, because a box twice as large is twice
//! as near.

use domain::{BoxInImage, PointInImage};

/// Detector noise of the centre and the sides, as a share of the box size.
const MEASURED_STD: f32 = 0.06;
/// How far the speed of a centre wanders: box sizes per s^1.5. A car that brakes at 5 m/s² changes
/// by about 3/s in 1 s.
const CENTRE_DRIFT: f32 = 3.0;
/// The same for the sides, which change by perspective only.
const SIDE_DRIFT: f32 = 1.0;
/// What is known of the speed of a new box: next to nothing. A motorbike passes 10 of its sizes in
/// a second.
const CENTRE_SPEED_STD: f32 = 10.0;
/// How fast a new box may grow: it doubles in a second at most.
const SIDE_SPEED_STD: f32 = 1.0;

#[derive(Clone, Copy, Debug)]
struct AxisFilter {
    position: f32,
    velocity: f32,
    p00: f32,
    p01: f32,
    p11: f32,
}

impl AxisFilter {
    fn new(position: f32, position_std: f32, velocity_std: f32) -> Self {
        Self {
            position,
            velocity: 0.0,
            p00: position_std * position_std,
            p01: 0.0,
            p11: velocity_std * velocity_std,
        }
    }

    fn predict(&mut self, dt_s: f32, drift: f32) {
        let q = drift * drift;
        self.position += self.velocity * dt_s;
        self.p00 += dt_s * (2.0 * self.p01 + dt_s * self.p11) + q * dt_s * dt_s * dt_s / 3.0;
        self.p01 += dt_s * self.p11 + q * dt_s * dt_s / 2.0;
        self.p11 += q * dt_s;
    }

    fn update(&mut self, measured: f32, measured_std: f32) {
        let innovation_variance = self.p00 + measured_std * measured_std;
        let (k0, k1) = (
            self.p00 / innovation_variance,
            self.p01 / innovation_variance,
        );
        let innovation = measured - self.position;
        self.position += k0 * innovation;
        self.velocity += k1 * innovation;
        self.p11 = (self.p11 - k1 * self.p01).max(0.0);
        self.p01 *= 1.0 - k0;
        self.p00 *= 1.0 - k0;
    }
}

/// Where a box is, how it moves, and how sure that is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BoxFilter {
    x: AxisFilter,
    y: AxisFilter,
    width: AxisFilter,
    height: AxisFilter,
    /// Width and height when it was last seen.
    seen: (f32, f32),
}

impl BoxFilter {
    pub(crate) fn new(bounds: &BoxInImage) -> Self {
        let (size, centre) = (size_of(bounds), bounds.centre());
        let centre_filter = |v| AxisFilter::new(v, MEASURED_STD * size, CENTRE_SPEED_STD * size);
        let side_filter = |v| AxisFilter::new(v, MEASURED_STD * size, SIDE_SPEED_STD * size);
        Self {
            x: centre_filter(centre.x),
            y: centre_filter(centre.y),
            width: side_filter(bounds.width()),
            height: side_filter(bounds.height()),
            seen: (bounds.width(), bounds.height()),
        }
    }

    pub(crate) fn predict(&mut self, dt_s: f32) {
        let size = size_of(&self.bounds());
        self.x.predict(dt_s, CENTRE_DRIFT * size);
        self.y.predict(dt_s, CENTRE_DRIFT * size);
        let (width, height) = self.seen;
        for (side, seen) in [(&mut self.width, width), (&mut self.height, height)] {
            side.predict(dt_s, SIDE_DRIFT * size);
            // A box that coasts neither vanishes nor explodes, however many frames it does.
            side.position = side.position.clamp(seen * 0.5, seen * 2.0);
        }
    }

    pub(crate) fn update(&mut self, bounds: &BoxInImage) {
        let (std, centre) = (MEASURED_STD * size_of(bounds), bounds.centre());
        self.x
            .update(centre.x, std + half_off(&self.width, bounds.width()));
        self.y
            .update(centre.y, std + half_off(&self.height, bounds.height()));
        self.width.update(bounds.width(), std);
        self.height.update(bounds.height(), std);
        self.seen = (bounds.width(), bounds.height());
    }

    pub(crate) fn bounds(&self) -> BoxInImage {
        let (half_w, half_h) = (
            self.width.position.max(1.0) / 2.0,
            self.height.position.max(1.0) / 2.0,
        );
        let (x, y) = (self.x.position, self.y.position);
        BoxInImage::new(x - half_w, y - half_h, x + half_w, y + half_h)
    }

    /// Pixels a second.
    pub(crate) fn velocity(&self) -> PointInImage {
        PointInImage {
            x: self.x.velocity,
            y: self.y.velocity,
        }
    }

    /// Squared distance of a centre from the predicted one, in standard deviations (Mahalanobis).
    pub(crate) fn surprise(&self, bounds: &BoxInImage) -> f32 {
        let (std, centre) = (MEASURED_STD * size_of(bounds), bounds.centre());
        let (dx, dy) = (centre.x - self.x.position, centre.y - self.y.position);
        dx * dx / (self.x.p00 + std * std) + dy * dy / (self.y.p00 + std * std)
    }
}

/// How far the centre may be off because the side is not what it was: a box that lost its rider, or
/// took in a neighbour, moves by half of what it changed while its vehicle stays where it is.
fn half_off(side: &AxisFilter, measured: f32) -> f32 {
    (measured - side.position).abs() / 2.0
}

/// The mean of the sides, at least one pixel.
pub(crate) fn size_of(bounds: &BoxInImage) -> f32 {
    ((bounds.width() + bounds.height()) / 2.0).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(x: f32) -> BoxInImage {
        BoxInImage::new(x, 100.0, x + 40.0, 180.0)
    }

    #[test]
    fn it_learns_a_speed_and_coasts_along() {
        let mut filter = BoxFilter::new(&moved(0.0));
        for step in 1_u8..=6 {
            filter.predict(0.1);
            filter.update(&moved(f32::from(step) * 50.0));
        }
        filter.predict(0.4);
        let off_px = filter.bounds().x_min - 500.0;
        assert!(off_px.abs() < 5.0, "{off_px}");
        assert!((filter.velocity().x - 500.0).abs() < 10.0);
        assert!(filter.velocity().y.abs() < 1.0);
    }

    #[test]
    fn a_box_that_is_cut_off_at_the_border_does_not_grow_for_ever() {
        let mut filter = BoxFilter::new(&moved(0.0));
        for step in 1_u8..=4 {
            filter.predict(0.3);
            let growth = 30.0 * f32::from(step);
            filter.update(&BoxInImage::new(0.0, 100.0, 40.0 + growth, 180.0));
        }
        for _ in 0..6 {
            filter.predict(0.3);
        }
        let width = filter.bounds().width();
        assert!((200.0..=320.0).contains(&width), "{width}");
    }

    #[test]
    fn doubt_grows_while_coasting_and_shrinks_when_seen() {
        let mut filter = BoxFilter::new(&moved(0.0));
        for _ in 0..10 {
            filter.predict(0.1);
            filter.update(&moved(0.0));
        }
        let seen = filter.surprise(&moved(30.0));
        filter.predict(1.0);
        assert!(filter.surprise(&moved(30.0)) < seen / 4.0);
        filter.predict(3600.0);
        assert!(filter.bounds().is_finite());
    }
}
