//! Flat pieces with a picture on them: plates, and sheets of paper.

use super::{Easel, Scratch};
use crate::{
    raster::{Canvas, Texture, Window},
    shade::{Rgb, Surface},
    space::{Camera, NEAR_M, Seen, V3, add, scale},
    spec::{HEIGHT, WIDTH},
};

impl Easel<'_> {
    /// Paints a flat picture; corners from the top left, clockwise.
    pub(crate) fn picture(
        &mut self,
        corners: [V3; 4],
        normal: V3,
        texture: &Texture,
        scratch: &mut Scratch,
    ) {
        let seen = corners.map(|p| self.camera.see(p));
        let least = |k: fn(&Seen) -> f32| seen.iter().map(k).fold(f32::MAX, f32::min);
        let most = |k: fn(&Seen) -> f32| seen.iter().map(k).fold(f32::MIN, f32::max);
        let window = Window {
            x_min: least(|s| s.x) as i32 - 2,
            y_min: least(|s| s.y) as i32 - 2,
            x_max: most(|s| s.x) as i32 + 3,
            y_max: most(|s| s.y) as i32 + 3,
        }
        .clipped(WIDTH, HEIGHT);
        if window.is_empty() || least(|s| s.depth) < NEAR_M {
            return;
        }
        let surface = Surface::matt([0.82; 3]);
        let lit = self
            .light
            .shade(&surface, corners[0], normal, self.camera.position);
        scratch.canvas.start(window);
        spread(self.camera, corners, texture, lit, &mut scratch.canvas);
        scratch.canvas.resolve(&mut scratch.layer);
        self.blend(&scratch.layer);
    }
}

/// Spreads a texture over a flat piece, cut so that the lens can bend it; `lit` is how a white one
/// looks there.
pub(super) fn spread(
    camera: &Camera,
    corners: [V3; 4],
    texture: &Texture,
    lit: Rgb,
    canvas: &mut Canvas,
) {
    const NX: usize = 12;
    const NY: usize = 6;
    let tint = lit.map(|v| (v / 226.0).min(1.12));
    let point = |u: usize, v: usize| {
        let (u, v) = (u as f32 / NX as f32, v as f32 / NY as f32);
        let top = add(scale(corners[0], 1.0 - u), scale(corners[1], u));
        let bottom = add(scale(corners[3], 1.0 - u), scale(corners[2], u));
        (
            camera.see(add(scale(top, 1.0 - v), scale(bottom, v))),
            [u, v],
        )
    };
    for i in 0..NX {
        for j in 0..NY {
            let quad = [
                point(i, j),
                point(i + 1, j),
                point(i + 1, j + 1),
                point(i, j + 1),
            ];
            if quad.iter().any(|(seen, _)| seen.depth < NEAR_M) {
                continue;
            }
            let corner = |k: usize| (&quad[k].0, quad[k].1);
            canvas.textured([corner(0), corner(1), corner(2)], texture, tint);
            canvas.textured([corner(0), corner(2), corner(3)], texture, tint);
        }
    }
}
