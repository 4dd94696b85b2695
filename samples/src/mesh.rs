//! Shapes made of triangles, each vertex with its smooth normal and its material.

use crate::space::{V3, add, cross, dot, scale, sub, unit};

/// What a surface is made of; the vehicle's palette says how that looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Mat {
    Paint,
    PaintShade,
    Glass,
    Trim,
    Gap,
    Tyre,
    Rim,
    Chrome,
    Tail,
    Brake,
    Reverse,
    Indicator,
    Skin,
    Shirt,
    Trousers,
    Helmet,
    Cargo,
    CargoRib,
    Stripe,
    Concrete,
    White,
    Red,
    Yellow,
    Black,
    Leaf,
    Seat,
    Lens,
}

/// How many materials there are.
pub(crate) const N_MATS: usize = Mat::Lens as usize + 1;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Vertex {
    pub(crate) position: V3,
    pub(crate) normal: V3,
    pub(crate) mat: Mat,
}

/// A triangle soup with shared vertices inside each patch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mesh {
    pub(crate) vertices: Vec<Vertex>,
    pub(crate) triangles: Vec<[u32; 3]>,
}

impl Mesh {
    /// A surface over rows of points; `mat` gives each cell's material, or none for a hole.
    ///
    /// Normals are smooth over the whole surface and point away from `inside`.
    pub(crate) fn surface(
        &mut self,
        rows: &[Vec<V3>],
        inside: V3,
        mat: impl Fn(usize, usize) -> Option<Mat>,
    ) {
        let (n_rows, n_cols) = (rows.len(), rows[0].len());
        let is_closed = {
            let (a, b) = (rows[n_rows / 2][0], rows[n_rows / 2][n_cols - 1]);
            dot(sub(a, b), sub(a, b)) < 1e-8
        };
        let normal = |i: usize, j: usize| {
            let (up, down) = (
                rows[(i + 1).min(n_rows - 1)][j],
                rows[i.saturating_sub(1)][j],
            );
            let (before, after) = if is_closed {
                let n = n_cols - 1;
                (rows[i][(j % n + n - 1) % n], rows[i][(j % n + 1) % n])
            } else {
                (
                    rows[i][j.saturating_sub(1)],
                    rows[i][(j + 1).min(n_cols - 1)],
                )
            };
            let n = unit(cross(sub(after, before), sub(up, down)));
            if dot(n, sub(rows[i][j], inside)) < 0.0 {
                scale(n, -1.0)
            } else {
                n
            }
        };
        for i in 0..n_rows - 1 {
            for j in 0..n_cols - 1 {
                let Some(mat) = mat(i, j) else { continue };
                let base = self.vertices.len() as u32;
                for (a, b) in [(i, j), (i, j + 1), (i + 1, j + 1), (i + 1, j)] {
                    self.vertices.push(Vertex {
                        position: rows[a][b],
                        normal: normal(a, b),
                        mat,
                    });
                }
                self.triangles.push([base, base + 1, base + 2]);
                self.triangles.push([base, base + 2, base + 3]);
            }
        }
    }

    /// A flat quadrilateral with the given normal, cut `n` times each way so that the lens can bend
    /// it.
    pub(crate) fn quad(&mut self, corners: [V3; 4], normal: V3, mat: Mat, n: usize) {
        let rows: Vec<Vec<V3>> = (0..=n)
            .map(|i| {
                let v = i as f32 / n as f32;
                let left = mix(corners[0], corners[3], v);
                let right = mix(corners[1], corners[2], v);
                (0..=n)
                    .map(|j| mix(left, right, j as f32 / n as f32))
                    .collect()
            })
            .collect();
        let inside = sub(corners[0], scale(normal, 10.0));
        self.surface(&rows, inside, |_, _| Some(mat));
    }

    /// A box with flat faces.
    pub(crate) fn block(&mut self, min: V3, max: V3, mat: Mat) {
        let centre = scale(add(min, max), 0.5);
        let longest = (max[0] - min[0]).max(max[1] - min[1]).max(max[2] - min[2]);
        let n = ((longest / 0.4) as usize).clamp(1, 10);
        for axis in 0..3 {
            let (u, v) = ((axis + 1) % 3, (axis + 2) % 3);
            for side in [min, max] {
                let at = |a: f32, b: f32| {
                    let mut p = [0.0; 3];
                    p[axis] = side[axis];
                    p[u] = a;
                    p[v] = b;
                    p
                };
                let corners = [
                    at(min[u], min[v]),
                    at(max[u], min[v]),
                    at(max[u], max[v]),
                    at(min[u], max[v]),
                ];
                let mut normal = [0.0; 3];
                normal[axis] = if side[axis] > centre[axis] { 1.0 } else { -1.0 };
                self.quad(corners, normal, mat, n);
            }
        }
    }

    /// A round limb through points with their radii, closed at both ends.
    pub(crate) fn limb(&mut self, spine: &[(V3, f32)], mat: Mat) {
        self.limb_flat(spine, 1.0, mat);
    }

    /// A limb whose depth (along y) is `flat` times its width.
    pub(crate) fn limb_flat(&mut self, spine: &[(V3, f32)], flat: f32, mat: Mat) {
        const N: usize = 12;
        let (first, last) = (spine[0], spine[spine.len() - 1]);
        let axis = unit(sub(last.0, first.0));
        let mut rings = vec![(sub(first.0, scale(axis, first.1 * 0.5)), 0.01), first];
        rings[0].1 = first.1 * 0.5;
        rings.insert(0, (sub(first.0, scale(axis, first.1 * 0.6)), 0.001));
        rings.extend_from_slice(&spine[1..]);
        rings.push((add(last.0, scale(axis, last.1 * 0.5)), last.1 * 0.5));
        rings.push((add(last.0, scale(axis, last.1 * 0.6)), 0.001));
        for pair in rings.windows(2) {
            // Each piece gets its own frame, so that a bent limb does not shear.
            let axis = unit(sub(pair[1].0, pair[0].0));
            let side = unit(cross(
                axis,
                if axis[1].abs() > 0.8 {
                    [0.0, 0.0, 1.0]
                } else {
                    [0.0, 1.0, 0.0]
                },
            ));
            let other = cross(side, axis);
            let ring = |(centre, radius): (V3, f32)| -> Vec<V3> {
                (0..=N)
                    .map(|k| {
                        let (sin, cos) = (k as f32 / N as f32 * std::f32::consts::TAU).sin_cos();
                        add(
                            centre,
                            add(scale(side, cos * radius), scale(other, sin * radius * flat)),
                        )
                    })
                    .collect()
            };
            let middle = scale(add(pair[0].0, pair[1].0), 0.5);
            self.surface(&[ring(pair[0]), ring(pair[1])], middle, |_, _| Some(mat));
        }
    }

    /// An ellipsoid.
    pub(crate) fn ball(&mut self, centre: V3, radii: V3, mat: Mat) {
        let rows: Vec<Vec<V3>> = (0..=10)
            .map(|i| {
                let (sin, cos) = (i as f32 / 10.0 * std::f32::consts::PI).sin_cos();
                (0..=16)
                    .map(|j| {
                        let (s, c) = (j as f32 / 16.0 * std::f32::consts::TAU).sin_cos();
                        add(
                            centre,
                            [radii[0] * sin * c, radii[1] * sin * s, radii[2] * cos],
                        )
                    })
                    .collect()
            })
            .collect();
        self.surface(&rows, centre, |_, _| Some(mat));
    }

    /// A wheel whose axle lies along x: tread, outer wall with rim on the side `out` (+1 right, -1
    /// left).
    pub(crate) fn wheel(&mut self, centre: V3, radius: f32, width: f32, out: f32) {
        const N: usize = 20;
        let ring = |x: f32, r: f32| -> Vec<V3> {
            (0..=N)
                .map(|k| {
                    let (sin, cos) = (k as f32 / N as f32 * std::f32::consts::TAU).sin_cos();
                    add(centre, [x, cos * r, sin * r])
                })
                .collect()
        };
        let h = width / 2.0;
        let tread = [
            ring(-h, radius * 0.9),
            ring(-h * 0.8, radius),
            ring(h * 0.8, radius),
            ring(h, radius * 0.9),
        ];
        self.surface(&tread, centre, |_, _| Some(Mat::Tyre));
        for side in [-1.0, 1.0] {
            let inside = add(centre, [-side * 5.0, 0.0, 0.0]);
            let wall = [ring(side * h, radius * 0.9), ring(side * h, radius * 0.64)];
            self.surface(&wall, inside, |_, _| Some(Mat::Tyre));
            let hub = [
                ring(side * h * 0.9, radius * 0.64),
                ring(side * h * 0.9, 0.01),
            ];
            let is_outer = (side - out).abs() < 0.5;
            self.surface(&hub, inside, |_, j| {
                Some(if is_outer && j % 4 < 2 {
                    Mat::Rim
                } else {
                    Mat::Gap
                })
            });
        }
    }
}

fn mix(a: V3, b: V3, t: f32) -> V3 {
    add(scale(a, 1.0 - t), scale(b, t))
}
