//! Geometry in the picture: pixels, origin top left, pixel centres at .5.

/// A point in the picture, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PointInImage {
    /// To the right.
    pub x: f32,
    /// Downwards.
    pub y: f32,
}

/// A half-open box `[min, max)` in the picture, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BoxInImage {
    /// Left edge.
    pub x_min: f32,
    /// Top edge.
    pub y_min: f32,
    /// Right edge.
    pub x_max: f32,
    /// Bottom edge.
    pub y_max: f32,
}

impl BoxInImage {
    /// A box from two corners, in the order of the fields.
    pub const fn new(x_min: f32, y_min: f32, x_max: f32, y_max: f32) -> Self {
        Self {
            x_min,
            y_min,
            x_max,
            y_max,
        }
    }

    /// Width in pixels, never negative.
    pub fn width(&self) -> f32 {
        (self.x_max - self.x_min).max(0.0)
    }

    /// Height in pixels, never negative.
    pub fn height(&self) -> f32 {
        (self.y_max - self.y_min).max(0.0)
    }

    /// Area in square pixels.
    pub fn area(&self) -> f32 {
        self.width() * self.height()
    }

    /// The middle.
    pub fn centre(&self) -> PointInImage {
        PointInImage {
            x: (self.x_min + self.x_max) / 2.0,
            y: (self.y_min + self.y_max) / 2.0,
        }
    }

    /// The middle of the bottom edge: where the thing stands on the ground.
    pub fn foot(&self) -> PointInImage {
        PointInImage {
            x: (self.x_min + self.x_max) / 2.0,
            y: self.y_max,
        }
    }

    /// What both boxes cover; empty boxes have no width or height.
    pub fn intersection(&self, other: &Self) -> Self {
        Self {
            x_min: self.x_min.max(other.x_min),
            y_min: self.y_min.max(other.y_min),
            x_max: self.x_max.min(other.x_max),
            y_max: self.y_max.min(other.y_max),
        }
    }

    /// The smallest box that holds both.
    pub fn union(&self, other: &Self) -> Self {
        Self {
            x_min: self.x_min.min(other.x_min),
            y_min: self.y_min.min(other.y_min),
            x_max: self.x_max.max(other.x_max),
            y_max: self.y_max.max(other.y_max),
        }
    }

    /// Intersection over union, in [0, 1]; 0 when either is empty.
    pub fn iou(&self, other: &Self) -> f32 {
        let both = self.intersection(other).area();
        let either = self.area() + other.area() - both;
        if either <= 0.0 { 0.0 } else { both / either }
    }

    /// Which share of this box lies inside `other`, in [0, 1].
    pub fn share_inside(&self, other: &Self) -> f32 {
        let area = self.area();
        if area <= 0.0 {
            0.0
        } else {
            self.intersection(other).area() / area
        }
    }

    /// Whether the point lies inside (half-open).
    pub fn contains(&self, point: PointInImage) -> bool {
        self.x_min <= point.x
            && point.x < self.x_max
            && self.y_min <= point.y
            && point.y < self.y_max
    }

    /// The part inside a picture of this size.
    pub fn clamped(&self, width: f32, height: f32) -> Self {
        Self {
            x_min: self.x_min.clamp(0.0, width),
            y_min: self.y_min.clamp(0.0, height),
            x_max: self.x_max.clamp(0.0, width),
            y_max: self.y_max.clamp(0.0, height),
        }
    }

    /// Grown by `margin` of its own width and height on every side.
    pub fn grown(&self, margin: f32) -> Self {
        let (dx, dy) = (self.width() * margin, self.height() * margin);
        Self {
            x_min: self.x_min - dx,
            y_min: self.y_min - dy,
            x_max: self.x_max + dx,
            y_max: self.y_max + dy,
        }
    }

    /// The lower left, lower right, upper left and upper right part, each with `share` of the
    /// width and of the height. Above a half they overlap, so that what lies on the middle is
    /// whole in one.
    pub fn corner_parts(&self, share: f32) -> [Self; 4] {
        let (width, height) = (self.width() * share, self.height() * share);
        let (left, right) = (self.x_min, self.x_max - width);
        let (top, bottom) = (self.y_min, self.y_max - height);
        [(left, bottom), (right, bottom), (left, top), (right, top)]
            .map(|(x, y)| Self::new(x, y, x + width, y + height))
    }

    /// Whether all four numbers are finite.
    pub fn is_finite(&self) -> bool {
        [self.x_min, self.y_min, self.x_max, self.y_max]
            .iter()
            .all(|v| v.is_finite())
    }
}

/// A directed line from `from` to `to`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LineInImage {
    /// Where it begins.
    pub from: PointInImage,
    /// Where it ends.
    pub to: PointInImage,
}

/// From which side a path crossed a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Crossing {
    /// From the left of the line to its right, looking from its start to its end in the picture.
    LeftToRight,
    /// The other way.
    RightToLeft,
}

impl LineInImage {
    /// Positive on the right-hand side as one looks along the line in the picture (y grows
    /// downwards).
    pub fn side(&self, point: PointInImage) -> f32 {
        (self.to.x - self.from.x) * (point.y - self.from.y)
            - (self.to.y - self.from.y) * (point.x - self.from.x)
    }

    /// Whether the step from `before` to `after` crosses this segment, and from which side.
    ///
    /// A step that ends on the line has crossed; one that starts on it has not: so no crossing
    /// counts twice.
    pub fn crossing(&self, before: PointInImage, after: PointInImage) -> Option<Crossing> {
        let (s0, s1) = (self.side(before), self.side(after));
        let direction = if s0 < 0.0 && 0.0 <= s1 {
            Crossing::LeftToRight
        } else if 0.0 <= s0 && s1 < 0.0 {
            Crossing::RightToLeft
        } else {
            return None;
        };
        let step = Self {
            from: before,
            to: after,
        };
        let (e0, e1) = (step.side(self.from), step.side(self.to));
        ((e0 <= 0.0 && 0.0 <= e1) || (e1 <= 0.0 && 0.0 <= e0)).then_some(direction)
    }
}

/// Whether the point lies inside the polygon, by the even-odd rule.
pub fn polygon_contains(polygon: &[PointInImage], point: PointInImage) -> bool {
    let mut is_inside = false;
    let mut previous = polygon.last();
    for corner in polygon {
        if let Some(last) = previous
            && (corner.y <= point.y) != (last.y <= point.y)
        {
            let x = last.x + (point.y - last.y) * (corner.x - last.x) / (corner.y - last.y);
            if point.x < x {
                is_inside = !is_inside;
            }
        }
        previous = Some(corner);
    }
    is_inside
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f32, y: f32) -> PointInImage {
        PointInImage { x, y }
    }

    #[test]
    fn iou_of_equal_disjoint_and_empty() {
        let a = BoxInImage::new(0., 0., 10., 10.);
        assert_eq!(a.iou(&a), 1.0);
        assert_eq!(a.iou(&BoxInImage::new(10., 0., 20., 10.)), 0.0);
        assert_eq!(a.iou(&BoxInImage::new(5., 5., 5., 5.)), 0.0);
        assert_eq!(a.iou(&BoxInImage::new(5., 0., 15., 10.)), 1.0 / 3.0);
    }

    #[test]
    fn a_union_holds_both() {
        let (a, b) = (
            BoxInImage::new(0., 5., 10., 10.),
            BoxInImage::new(5., 0., 8., 20.),
        );
        assert_eq!(a.union(&b), BoxInImage::new(0., 0., 10., 20.));
        assert_eq!(b.union(&a), a.union(&b));
    }

    #[test]
    fn corner_parts_overlap_and_cover_the_box() {
        let whole = BoxInImage::new(100., 50., 1100., 550.);
        let [lower_left, lower_right, upper_left, upper_right] = whole.corner_parts(0.6);
        assert_eq!(lower_left, BoxInImage::new(100., 250., 700., 550.));
        assert_eq!(lower_right, BoxInImage::new(500., 250., 1100., 550.));
        assert_eq!(upper_left, BoxInImage::new(100., 50., 700., 350.));
        assert_eq!(upper_right, BoxInImage::new(500., 50., 1100., 350.));
    }

    #[test]
    fn a_line_is_crossed_once_and_only_within_its_ends() {
        let line = LineInImage {
            from: at(0., 10.),
            to: at(20., 10.),
        };
        assert_eq!(
            line.crossing(at(5., 5.), at(5., 10.)),
            Some(Crossing::LeftToRight)
        );
        assert_eq!(line.crossing(at(5., 10.), at(5., 15.)), None);
        assert_eq!(
            line.crossing(at(5., 15.), at(5., 5.)),
            Some(Crossing::RightToLeft)
        );
        assert_eq!(line.crossing(at(25., 5.), at(25., 15.)), None);
    }

    #[test]
    fn a_point_in_a_polygon() {
        let square = [at(0., 0.), at(10., 0.), at(10., 10.), at(0., 10.)];
        assert!(polygon_contains(&square, at(5., 5.)));
        assert!(!polygon_contains(&square, at(15., 5.)));
        assert!(!polygon_contains(&[], at(0., 0.)));
    }
}
