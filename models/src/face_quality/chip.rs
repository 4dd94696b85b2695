//! Sharpness and light of the upright chip.

use crate::preprocess::Pixels;

/// Width and height of the chip.
pub(super) const SIZE_PX: u32 = 112;

/// The part of the chip that is face in all people: left, top, right, bottom.
pub(super) const FACE: [usize; 4] = [26, 36, 86, 102];

/// Darker than this has no detail left, in 0 to 255.
pub(super) const BLACK: f32 = 12.0;

/// Brighter than this has no detail left.
pub(super) const WHITE: f32 = 247.0;

/// Brightness of the face's part of the chip, by row.
pub(super) struct Chip {
    rows: Vec<Vec<f32>>,
}

impl Chip {
    pub(super) fn of(chip: &Pixels) -> Self {
        let [left, top, right, bottom] = FACE;
        let width = chip.width as usize;
        let luma = |x: usize, y: usize| {
            let at = 3 * (y * width + x);
            // ITU-R BT.601.
            let weights = [0.299, 0.587, 0.114];
            let pixel = &chip.rgb[at..at + 3];
            pixel
                .iter()
                .zip(weights)
                .map(|(v, w)| f32::from(*v) * w)
                .sum()
        };
        let row = |y: usize| (left..right).map(|x| luma(x, y)).collect();
        Self {
            rows: (top..bottom).map(row).collect(),
        }
    }

    fn all(&self) -> impl Iterator<Item = f32> + '_ {
        self.rows.iter().flatten().copied()
    }

    pub(super) fn brightness(&self) -> f32 {
        mean(self.all())
    }

    pub(super) fn share(&self, of: impl Fn(f32) -> bool) -> f32 {
        mean(self.all().map(|luma| if of(luma) { 1.0 } else { 0.0 }))
    }

    pub(super) fn imbalance(&self) -> f32 {
        let half = |is_right: bool| {
            mean(self.rows.iter().flat_map(|row| {
                let (left, right) = row.split_at(row.len() / 2);
                if is_right { right } else { left }.iter().copied()
            }))
        };
        let (left, right) = (half(false), half(true));
        (left - right).abs() / (left + right).max(1.0)
    }

    /// The deviation of the Laplacian, less what noise of this picture gives it, by that of the
    /// brightness.
    pub(super) fn sharpness(&self) -> f32 {
        let laplacian = self.filtered(&[[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]]);
        // The sum of the squares of its weights: white noise comes out so many times stronger.
        let of_noise = 20.0 * self.noise().powi(2);
        let detail = (variance(&laplacian) - of_noise).max(0.0);
        let all: Vec<f32> = self.all().collect();
        detail.sqrt() / variance(&all).sqrt().max(1.0)
    }

    /// The deviation of white noise: the mask of Immerkær (1996), which edges and shades hardly
    /// answer to, and the median of its answers, which the few that do answer hardly move.
    fn noise(&self) -> f32 {
        let mask = [[1.0, -2.0, 1.0], [-2.0, 4.0, -2.0], [1.0, -2.0, 1.0]];
        let mut answers: Vec<f32> = self.filtered(&mask).into_iter().map(f32::abs).collect();
        answers.sort_by(f32::total_cmp);
        let median = answers.get(answers.len() / 2).copied().unwrap_or(0.0);
        // 0.6745 is the median of |x| of a normal x, and 36 the sum of the squares of the weights.
        median / (0.6745 * 6.0)
    }

    fn filtered(&self, mask: &[[f32; 3]; 3]) -> Vec<f32> {
        let mut answers = Vec::new();
        for rows in self.rows.windows(3) {
            for x in 0..rows[0].len().saturating_sub(2) {
                let of_row = |(row, weights): (&Vec<f32>, &[f32; 3])| -> f32 {
                    row[x..x + 3].iter().zip(weights).map(|(v, w)| v * w).sum()
                };
                answers.push(rows.iter().zip(mask).map(of_row).sum());
            }
        }
        answers
    }
}

fn mean(values: impl Iterator<Item = f32>) -> f32 {
    let (n, sum) = values.fold((0.0, 0.0), |(n, sum), value| (n + 1.0, sum + value));
    if n == 0.0 { 0.0 } else { sum / n }
}

fn variance(values: &[f32]) -> f32 {
    let about = mean(values.iter().copied());
    mean(values.iter().map(|value| (value - about).powi(2)))
}
