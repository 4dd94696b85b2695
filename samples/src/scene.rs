//! A scene: paints any of its frames, and knows what is true in each.

use crate::{
    SampleError, backdrop,
    crowd::{self, Sheets},
    doorway::Doorway,
    observe::observe,
    paint::{Block, Dressed, Easel, Scratch},
    plan::{self, Plan, seconds},
    plate_art::PlateArtist,
    seeded::Seeded,
    shade::Lighting,
    spec::{FPS, HEIGHT, Light, SceneKind, SceneSpec, WIDTH},
    still,
    truth::{Truth, VehicleLight},
    weather::Weather,
};
use std::path::Path;

/// A scene that is ready to be painted.
pub struct Scene {
    plan: Plan,
    truth: Truth,
    light: Lighting,
    weather: Weather,
    backdrop: Vec<u8>,
    /// 1 / depth of what stands still; 0 on the ground.
    fixed: Vec<f32>,
    dressed: Vec<Dressed>,
    doorway: Option<Doorway>,
    sheets: Sheets,
    near: Vec<f32>,
    scratch: Scratch,
}

pub(crate) fn plan(spec: &SceneSpec, n_texts: usize) -> Result<Plan, SampleError> {
    if !(1.0..=3600.0).contains(&spec.duration_s) {
        return Err(SampleError::Duration {
            duration_s: spec.duration_s,
        });
    }
    Ok(match spec.kind {
        SceneKind::Gate => plan::gate::plan(spec),
        SceneKind::Junction => plan::junction::plan(spec),
        SceneKind::Door => plan::door::plan(spec),
        SceneKind::Exit => plan::leaving::exit(spec),
        SceneKind::CarPark => plan::leaving::car_park(spec),
        SceneKind::Entrance => plan::entrance::plan(spec),
        SceneKind::Pass => plan::pass::plan(spec, n_texts),
    })
}

impl Scene {
    /// Prepares a scene: about a second of work. The door needs the portrait, the others do not
    /// look at it.
    pub fn new(spec: &SceneSpec, portrait: Option<&Path>) -> Result<Self, SampleError> {
        Self::showing(spec, portrait, &[])
    }

    /// The same; in the scene `pass` each visitor shows the next of these texts as a QR code, and
    /// one whose text is empty shows nothing.
    pub fn showing(
        spec: &SceneSpec,
        portrait: Option<&Path>,
        texts: &[String],
    ) -> Result<Self, SampleError> {
        let plan = plan(spec, texts.len())?;
        let light = Lighting::new(spec, still::lamps(spec.kind));
        let doorway = match spec.kind {
            SceneKind::Door => Some(Doorway::new(
                spec,
                portrait.ok_or(SampleError::NoPortrait)?,
                &light,
            )?),
            _ => None,
        };
        let sheets = Sheets::new(texts)?;
        Self::of_plan(plan, light, (doorway, sheets))
    }

    /// The gate, where 32 vehicles come one after the other: eight with a plate of each ground
    /// colour, on one row and on two, cars, lorries and motorbikes. All of them are let in.
    ///
    /// For pictures of single plates; what happens to be on the road is in the other scenes.
    pub fn of_colours(seed: u64, light: Light) -> Result<Self, SampleError> {
        let plan = plan::parade::plan(seed, light);
        let light = Lighting::new(&plan.spec, still::lamps(plan.spec.kind));
        Self::of_plan(plan, light, (None, Sheets::new(&[])?))
    }

    fn of_plan(
        mut plan: Plan,
        light: Lighting,
        (doorway, sheets): (Option<Doorway>, Sheets),
    ) -> Result<Self, SampleError> {
        let seed = plan.spec.seed;
        let mut truth = observe(&mut plan, doorway.as_ref().map(Doorway::portrait_sha256));
        if let Some(doorway) = &doorway {
            for frame in &mut truth.frames {
                frame.face = doorway.face(seconds(frame.frame));
            }
        }
        let n = (WIDTH * HEIGHT) as usize;
        let mut scene = Self {
            weather: Weather::new(seed, &light),
            light,
            backdrop: vec![0; 3 * n],
            fixed: vec![0.0; n],
            dressed: dressed(&plan)?,
            doorway,
            sheets,
            near: vec![0.0; n],
            scratch: Scratch::default(),
            plan,
            truth,
        };
        scene.prepare();
        Ok(scene)
    }

    fn prepare(&mut self) {
        let spec = &self.plan.spec;
        if let Some(doorway) = &self.doorway {
            doorway.paint_backdrop(&mut self.backdrop, &self.light);
            return;
        }
        backdrop::paint(
            &mut self.backdrop,
            spec.kind,
            &self.plan.camera,
            &self.light,
            spec.seed,
        );
        let mut easel = Easel {
            rgb: &mut self.backdrop,
            near: &mut self.fixed,
            camera: &self.plan.camera,
            light: &self.light,
        };
        still::paint_fixed(&mut easel, spec.kind, spec.seed, &mut self.scratch);
    }

    /// How many frames it has.
    pub fn n_frames(&self) -> u32 {
        self.plan.n_frames
    }

    /// Frames a second.
    pub fn fps(&self) -> u32 {
        FPS
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        (WIDTH, HEIGHT)
    }

    /// What is true in it.
    pub fn truth(&self) -> &Truth {
        &self.truth
    }

    /// Paints a frame: rows from the top, three bytes a pixel (red, green, blue). Frames may be
    /// asked for in any order.
    ///
    /// # Panics
    /// If `rgb` does not hold exactly one picture.
    pub fn render(&mut self, frame: u32, rgb: &mut [u8]) {
        assert_eq!(
            rgb.len(),
            self.backdrop.len(),
            "the buffer must hold one picture"
        );
        rgb.copy_from_slice(&self.backdrop);
        let t = seconds(frame);
        if let Some(doorway) = &self.doorway {
            doorway.paint(rgb, t, &self.light);
        } else {
            self.near.copy_from_slice(&self.fixed);
            self.paint_vehicles(rgb, frame, t);
            self.paint_people(rgb, t);
        }
        self.weather.paint(rgb, frame, &self.light);
    }

    fn paint_people(&mut self, rgb: &mut [u8], t: f64) {
        let mut easel = Easel {
            rgb,
            near: &mut self.near,
            camera: &self.plan.camera,
            light: &self.light,
        };
        crowd::paint(&mut easel, &self.plan, (&self.sheets, t), &mut self.scratch);
    }

    fn paint_vehicles(&mut self, rgb: &mut [u8], frame: u32, t: f64) {
        let visible: Vec<usize> = self
            .truth
            .frames
            .get(frame as usize)
            .map(|f| f.vehicles.iter().map(|v| v.id as usize - 1).collect())
            .unwrap_or_default();
        let mut now: Vec<_> = visible
            .iter()
            .map(|k| (*k, self.plan.actors[*k].at(t)))
            .collect();
        // From far to near, so that a near one is painted over a far one.
        now.sort_by(|a, b| b.1.pose.y.total_cmp(&a.1.pose.y));
        let mut easel = Easel {
            rgb,
            near: &mut self.near,
            camera: &self.plan.camera,
            light: &self.light,
        };
        for (k, at) in &now {
            let body = &self.plan.actors[*k].body;
            if self.light.is_dark {
                easel.headlights(&self.plan.actors[*k], &at.pose);
            }
            let block = Block {
                width_m: body.width_m,
                length_m: body.length_m,
                height_m: body.height_m * 0.9,
            };
            easel.shadow(&at.pose, &block);
        }
        if let Some(phase) = self.plan.phase_at(frame) {
            let palette = still::signal_palette(phase, self.light.exposure);
            easel.mesh(
                &still::signal_lamps(),
                &still::ORIGIN,
                &palette,
                &mut self.scratch,
            );
        }
        let is_gate = self.plan.spec.kind.is_gate_lane();
        if is_gate {
            let arm = still::arm(self.plan.barrier_at(t));
            easel.mesh(
                &arm,
                &still::ORIGIN,
                &crate::body::still_palette(),
                &mut self.scratch,
            );
        }
        for (k, at) in &now {
            let actor = &self.plan.actors[*k];
            easel.vehicle(actor, at, &mut self.dressed[*k], &mut self.scratch);
            if self.light.is_dark || at.lights.is_braking {
                for lamp in &actor.body.lamps {
                    let VehicleLight::Tail = lamp.kind;
                    let power = if at.lights.is_braking { 0.55 } else { 0.3 };
                    let size = if self.light.is_dark { 0.34 } else { 0.16 };
                    let power = if self.light.is_dark {
                        power
                    } else {
                        0.3 * power
                    };
                    easel.glow(
                        at.pose.place(lamp.position),
                        size,
                        [power, power * 0.16, power * 0.1],
                    );
                }
            }
        }
    }
}

fn dressed(plan: &Plan) -> Result<Vec<Dressed>, SampleError> {
    if plan.actors.is_empty() {
        return Ok(Vec::new());
    }
    let mut artist = PlateArtist::new()?;
    Ok(plan
        .actors
        .iter()
        .enumerate()
        .map(|(k, actor)| Dressed {
            plate: artist.draw(
                &actor.plate,
                &mut Seeded::new(plan.spec.seed, 100 + k as u64),
            ),
            standing: None,
        })
        .collect())
}
