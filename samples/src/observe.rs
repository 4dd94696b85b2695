//! What the camera can see of a plan: boxes, plate corners and visibility, from geometry alone.

mod people;

use crate::{
    plan::{Actor, Plan, entrance, gate, junction, seconds},
    raster::{Window, scan},
    space::{Camera, NEAR_M, Pose, V3, dot, sub},
    spec::{FPS, HEIGHT, WIDTH},
    truth::{
        BoxPx, CrossingTruth, FrameTruth, Geometry, PlateInFrame, RegistrationTruth,
        SignalGeometry, TRUTH_VERSION, Truth, TruthHeader, VehicleInFrame, VehicleTruth,
    },
};
use std::collections::BTreeSet;

/// A vehicle of which fewer pixels than this can be seen, in either direction, is not there.
const SEEN_PX_MIN: f32 = 6.0;

/// Works out the truth of a plan; sorts its actors by arrival, so that ids follow.
pub(crate) fn observe(plan: &mut Plan, portrait_sha256: Option<String>) -> Truth {
    let mut shapes: Vec<Vec<V3>> = Vec::new();
    let mut arrivals: Vec<Option<u32>> = Vec::new();
    for actor in &plan.actors {
        let shape = distinct_points(actor);
        arrivals.push((0..plan.n_frames).find(|f| bounds(plan, actor, &shape, *f).is_some()));
        shapes.push(shape);
    }
    let mut order: Vec<usize> = (0..plan.actors.len())
        .filter(|k| arrivals[*k].is_some())
        .collect();
    order.sort_by_key(|k| arrivals[*k]);
    plan.actors = order.iter().map(|k| plan.actors[*k].clone()).collect();
    let shapes: Vec<Vec<V3>> = order
        .iter()
        .map(|k| std::mem::take(&mut shapes[*k]))
        .collect();
    let frames: Vec<FrameTruth> = (0..plan.n_frames)
        .map(|f| frame(plan, &shapes, f))
        .collect();
    let vehicles = (0..plan.actors.len())
        .map(|k| vehicle(plan, k, &frames))
        .collect();
    let header = TruthHeader {
        v: TRUTH_VERSION,
        generator: crate::GENERATOR_VERSION,
        spec: plan.spec.clone(),
        portrait_sha256,
        width: WIDTH,
        height: HEIGHT,
        fps: FPS,
        n_frames: plan.n_frames,
        geometry: geometry(plan),
        vehicles,
        approaches: plan.approaches.clone(),
        registrations: plan
            .registrations
            .iter()
            .map(|(plate, access)| RegistrationTruth {
                plate: crate::plates::written(plate),
                access: *access,
            })
            .collect(),
        signal: plan.signal.clone(),
        people: people::people(plan),
    };
    Truth { header, frames }
}

fn distinct_points(actor: &Actor) -> Vec<V3> {
    let own = actor.body.mesh.vertices.iter().map(|v| v.position);
    let bits: BTreeSet<[u32; 3]> = own
        .chain(plate_corners(actor))
        .map(|p| p.map(f32::to_bits))
        .collect();
    bits.into_iter().map(|p| p.map(f32::from_bits)).collect()
}

/// The projected extent of a vehicle, and the part of it inside the picture.
fn bounds(plan: &Plan, actor: &Actor, shape: &[V3], frame: u32) -> Option<(BoxPx, BoxPx)> {
    let now = actor.at(seconds(frame));
    if now.pose.y < -12.0 || 60.0 < now.pose.y.abs().max(now.pose.x.abs()) {
        return None;
    }
    let mut full = [f32::MAX, f32::MAX, f32::MIN, f32::MIN];
    for p in shape {
        let seen = plan.camera.see(now.pose.place(*p));
        if seen.depth < NEAR_M {
            continue;
        }
        full = [
            full[0].min(seen.x),
            full[1].min(seen.y),
            full[2].max(seen.x),
            full[3].max(seen.y),
        ];
    }
    let inside = clip(full);
    let is_seen = SEEN_PX_MIN <= inside[2] - inside[0] && SEEN_PX_MIN <= inside[3] - inside[1];
    is_seen.then_some((full, inside))
}

fn clip(b: BoxPx) -> BoxPx {
    let (w, h) = (WIDTH as f32, HEIGHT as f32);
    [
        b[0].clamp(0.0, w),
        b[1].clamp(0.0, h),
        b[2].clamp(0.0, w),
        b[3].clamp(0.0, h),
    ]
}

fn area(b: BoxPx) -> f32 {
    (b[2] - b[0]).max(0.0) * (b[3] - b[1]).max(0.0)
}

fn frame(plan: &Plan, shapes: &[Vec<V3>], frame: u32) -> FrameTruth {
    let t = seconds(frame);
    let mut seen: Vec<(usize, BoxPx, BoxPx)> = Vec::new();
    for (k, actor) in plan.actors.iter().enumerate() {
        if let Some((full, inside)) = bounds(plan, actor, &shapes[k], frame) {
            seen.push((k, full, inside));
        }
    }
    let cover = Cover::of_overlapping(plan, &seen, t);
    let mut vehicles = Vec::new();
    for (k, full, inside) in &seen {
        let actor = &plan.actors[*k];
        let (share, visible_box) = cover
            .as_ref()
            .map_or((1.0, *inside), |c| c.seen(*k, *inside));
        let now = actor.at(t);
        vehicles.push(VehicleInFrame {
            id: *k as u32 + 1,
            bounds: visible_box.map(tenth),
            visible: hundredth(area(*inside) / area(*full).max(1.0) * share),
            speed_mps: hundredth(now.speed_mps),
            plate: plate(&plan.camera, actor, &now.pose, |x, y| {
                cover.as_ref().is_none_or(|c| c.is_on_top(*k, x, y))
            }),
        });
    }
    let is_gate = plan.spec.kind.is_gate_lane();
    FrameTruth {
        frame,
        phase: plan.phase_at(frame),
        barrier_open: is_gate.then(|| hundredth(plan.barrier_at(t))),
        vehicles,
        face: None,
        people: people::in_frame(plan, frame),
    }
}

fn tenth(v: f32) -> f32 {
    (v * 10.0).round() / 10.0
}

fn hundredth(v: f32) -> f32 {
    (v * 100.0).round() / 100.0
}

/// A plate's corners in the vehicle's own space: top left, top right, bottom right, bottom left.
pub(crate) fn plate_corners(actor: &Actor) -> [V3; 4] {
    let mount = actor.body.mount;
    let (w, h) = (
        actor.plate.width_mm as f32 / 2000.0,
        actor.plate.height_mm as f32 / 2000.0,
    );
    let (sin, cos) = mount.lean.sin_cos();
    [(-w, h), (w, h), (w, -h), (-w, -h)].map(|(x, z)| {
        [
            mount.centre[0] + x,
            mount.centre[1] + z * sin,
            mount.centre[2] + z * cos,
        ]
    })
}

fn plate(
    camera: &Camera,
    actor: &Actor,
    pose: &Pose,
    is_on_top: impl Fn(f32, f32) -> bool,
) -> Option<PlateInFrame> {
    let corners = plate_corners(actor).map(|p| pose.place(p));
    let facing = pose.turn([0.0, -1.0, 0.0]);
    let is_towards_us = 0.1 < dot(facing, crate::space::unit(sub(camera.position, corners[0])));
    let seen = corners.map(|p| camera.see(p));
    if !is_towards_us || seen.iter().any(|s| s.depth < NEAR_M) {
        return None;
    }
    let (mut n, mut n_seen) = (0, 0);
    for i in 0..8 {
        for j in 0..4 {
            let (u, v) = ((i as f32 + 0.5) / 8.0, (j as f32 + 0.5) / 4.0);
            let mix = |k: fn(&crate::space::Seen) -> f32| {
                let top = k(&seen[0]) * (1.0 - u) + k(&seen[1]) * u;
                let bottom = k(&seen[3]) * (1.0 - u) + k(&seen[2]) * u;
                top * (1.0 - v) + bottom * v
            };
            let (x, y) = (mix(|s| s.x), mix(|s| s.y));
            let is_inside = 0.0 <= x && x < WIDTH as f32 && 0.0 <= y && y < HEIGHT as f32;
            n += 1;
            n_seen += i32::from(is_inside && is_on_top(x, y));
        }
    }
    if n_seen == 0 {
        return None;
    }
    let (dx, dy) = (seen[1].x - seen[0].x, seen[1].y - seen[0].y);
    Some(PlateInFrame {
        corners: seen.map(|s| [tenth(s.x), tenth(s.y)]),
        visible: hundredth(n_seen as f32 / n as f32),
        width_px: tenth((dx * dx + dy * dy).sqrt()),
    })
}

/// Which vehicle is in front, on a raster of a quarter of the picture's size.
struct Cover {
    owner: Vec<u8>,
    own_cells: Vec<(usize, u32)>,
}

const CELL_PX: f32 = 4.0;
const COLS: usize = WIDTH as usize / 4;
const ROWS: usize = HEIGHT as usize / 4;

impl Cover {
    /// None when no two boxes overlap, which is most of the time.
    fn of_overlapping(plan: &Plan, seen: &[(usize, BoxPx, BoxPx)], t: f64) -> Option<Self> {
        let is_overlapping = seen.iter().enumerate().any(|(i, a)| {
            seen[..i]
                .iter()
                .any(|b| a.2[0] < b.2[2] && b.2[0] < a.2[2] && a.2[1] < b.2[3] && b.2[1] < a.2[3])
        });
        if !is_overlapping {
            return None;
        }
        let window = Window {
            x_min: 0,
            y_min: 0,
            x_max: COLS as i32,
            y_max: ROWS as i32,
        };
        let mut near = vec![0.0f32; COLS * ROWS];
        let mut cover = Self {
            owner: vec![u8::MAX; COLS * ROWS],
            own_cells: Vec::new(),
        };
        for (k, _, _) in seen {
            let mut own = vec![false; COLS * ROWS];
            let actor = &plan.actors[*k];
            let pose = actor.at(t).pose;
            let mesh = &actor.body.mesh;
            let points: Vec<_> = mesh
                .vertices
                .iter()
                .map(|v| plan.camera.see(pose.place(v.position)))
                .collect();
            for triangle in &mesh.triangles {
                let corners = triangle.map(|i| {
                    let s = points[i as usize];
                    ([s.x / CELL_PX, s.y / CELL_PX], [1.0 / s.depth])
                });
                if triangle.iter().any(|i| points[*i as usize].depth < NEAR_M) {
                    continue;
                }
                scan(corners, window, |y, from, to, mut at, step| {
                    for x in from..to {
                        let cell = y as usize * COLS + x as usize;
                        own[cell] = true;
                        if near[cell] < at[0] {
                            near[cell] = at[0];
                            cover.owner[cell] = *k as u8;
                        }
                        at[0] += step[0];
                    }
                });
            }
            cover
                .own_cells
                .push((*k, own.iter().filter(|o| **o).count() as u32));
        }
        Some(cover)
    }

    fn is_on_top(&self, k: usize, x: f32, y: f32) -> bool {
        let (col, row) = ((x / CELL_PX) as usize, (y / CELL_PX) as usize);
        let owner = self.owner[row.min(ROWS - 1) * COLS + col.min(COLS - 1)];
        owner == k as u8 || owner == u8::MAX
    }

    /// Which share of a vehicle's cells it owns, and its box drawn in to them where another hides
    /// an edge.
    fn seen(&self, k: usize, inside: BoxPx) -> (f32, BoxPx) {
        let total = self
            .own_cells
            .iter()
            .find(|(own, _)| *own == k)
            .map_or(0, |(_, n)| *n);
        let mut n = 0u32;
        let mut b = [f32::MAX, f32::MAX, f32::MIN, f32::MIN];
        for (cell, owner) in self.owner.iter().enumerate() {
            if *owner == k as u8 {
                let (x, y) = (
                    (cell % COLS) as f32 * CELL_PX,
                    (cell / COLS) as f32 * CELL_PX,
                );
                n += 1;
                b = [
                    b[0].min(x),
                    b[1].min(y),
                    b[2].max(x + CELL_PX),
                    b[3].max(y + CELL_PX),
                ];
            }
        }
        if n == 0 {
            return (0.0, inside);
        }
        // A cell is 4 px: only a difference of more than two cells is an edge that is hidden.
        let slack = 2.0 * CELL_PX;
        let mut tight = inside;
        for i in 0..4 {
            if slack < (b[i] - inside[i]).abs() {
                tight[i] = b[i].clamp(inside[i % 2], inside[i % 2 + 2]);
            }
        }
        (n as f32 / total.max(1) as f32, tight)
    }
}

fn vehicle(plan: &Plan, k: usize, frames: &[FrameTruth]) -> VehicleTruth {
    let actor = &plan.actors[k];
    let id = k as u32 + 1;
    let is_in = |f: &&FrameTruth| f.vehicles.iter().any(|v| v.id == id);
    let arrive_frame = frames.iter().find(is_in).map_or(0, |f| f.frame);
    let leave_frame = frames.iter().rev().find(is_in).map_or(0, |f| f.frame);
    let stop_frame = frames.iter().find(|f| {
        f.vehicles
            .iter()
            .any(|v| v.id == id && v.speed_mps.abs() < 0.02)
    });
    VehicleTruth {
        id,
        class: actor.class,
        paint: actor.body.paint.to_owned(),
        plate: actor.plate.clone(),
        lane: actor.lane,
        arrive_frame,
        stop_frame: stop_frame.map(|f| f.frame),
        leave_frame,
        expected: actor.expected,
        why: actor.why,
        crossing: crossing(plan, actor),
    }
}

/// How an actor crosses the stop line, worked out from its motion alone.
pub(crate) fn crossing(plan: &Plan, actor: &Actor) -> Option<CrossingTruth> {
    let is_junction = plan.spec.kind == crate::SceneKind::Junction;
    let first_past = |ahead_m: f64| {
        (0..plan.n_frames)
            .find(|f| f64::from(junction::LINE_Y) <= actor.profile.at(seconds(*f)).at_m + ahead_m)
    };
    let front_frame = first_past(f64::from(actor.body.length_m)).filter(|_| is_junction)?;
    let rear_frame = first_past(0.0)?;
    let since = plan.signal.iter().rev().find(|p| p.frame <= front_frame)?;
    Some(CrossingTruth {
        front_frame,
        rear_frame,
        phase: since.phase,
        into_phase_s: seconds(front_frame - since.frame) as f32,
    })
}

fn geometry(plan: &Plan) -> Geometry {
    let at = |x: f32, y: f32| {
        let p = plan.camera.point([x, y, 0.0]);
        [tenth(p.x), tenth(p.y)]
    };
    let lane =
        |x0: f32, x1: f32, y0: f32, y1: f32| vec![at(x0, y0), at(x0, y1), at(x1, y1), at(x1, y0)];
    // Nine decimals are read back exactly; seventeen may not be.
    let round = |v: f64| (v * 1e9).round() / 1e9;
    let matrix = Some(plan.camera.image_from_ground().map(|row| row.map(round)));
    match plan.spec.kind {
        kind if kind.is_gate_lane() => {
            let (left, right) = (
                gate::LANE_X - gate::LANE_HALF,
                gate::LANE_X + gate::LANE_HALF,
            );
            Geometry {
                lanes: vec![lane(left, right, 4.6, gate::BARRIER_Y)],
                barrier: Some([at(left, gate::BARRIER_Y), at(right, gate::BARRIER_Y)]),
                image_from_ground: matrix,
                ..Geometry::default()
            }
        }
        crate::SceneKind::Junction => Geometry {
            lanes: vec![lane(-2.8, 0.0, 6.0, 30.0), lane(0.0, 2.8, 6.0, 30.0)],
            stop_line: Some([at(-2.8, junction::LINE_Y), at(2.8, junction::LINE_Y)]),
            signal: Some(signal(&plan.camera)),
            image_from_ground: matrix,
            ..Geometry::default()
        },
        crate::SceneKind::Entrance => {
            let end = |x: f32| {
                let p = [x, entrance::LINE_Y, entrance::MIDDLE_M];
                let p = plan.camera.point(p);
                [tenth(p.x), tenth(p.y)]
            };
            Geometry {
                count_line: Some([-entrance::LINE_HALF, entrance::LINE_HALF].map(end)),
                image_from_ground: matrix,
                ..Geometry::default()
            }
        }
        _ => Geometry::default(),
    }
}

fn signal(camera: &Camera) -> SignalGeometry {
    let [x, y] = junction::SIGNAL_AT;
    let square = |z0: f32, z1: f32, half: f32| {
        let (a, b) = (
            camera.point([x - half, y, z1]),
            camera.point([x + half, y, z0]),
        );
        [a.x, a.y, b.x, b.y].map(tenth)
    };
    let lamp = |z: f32| square(z - junction::LAMP_R, z + junction::LAMP_R, junction::LAMP_R);
    let [red, amber, green] = junction::LAMP_Z;
    SignalGeometry {
        head: clip(square(1.04, 1.96, 0.17)),
        red: lamp(red),
        amber: lamp(amber),
        green: lamp(green),
    }
}
