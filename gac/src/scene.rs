//! A generated scene as a camera.

use anyhow::{Result, bail};
use samples::{FPS, HEIGHT, Scene, SceneKind, SceneSpec, WIDTH};
use source::SceneRenderer;
use std::path::Path;

/// Draws the frames of a scene as they are asked for.
pub struct SceneSource {
    scene: Scene,
}

impl SceneSource {
    /// The scene of this kind and seed.
    pub fn new(kind: &str, seed: u64, portrait: Option<&Path>) -> Result<Self> {
        let kind = match kind {
            "gate" => SceneKind::Gate,
            "junction" => SceneKind::Junction,
            "door" => SceneKind::Door,
            other => bail!("there is no scene {other:?}; write gate, junction or door"),
        };
        Self::of_spec(&SceneSpec::new(kind, seed), portrait)
    }

    /// The scene of this spec.
    pub fn of_spec(spec: &SceneSpec, portrait: Option<&Path>) -> Result<Self> {
        Ok(Self {
            scene: Scene::new(spec, portrait)?,
        })
    }
}

impl SceneRenderer for SceneSource {
    fn size(&self) -> (u32, u32) {
        (WIDTH, HEIGHT)
    }

    fn fps(&self) -> f64 {
        f64::from(FPS)
    }

    fn n_frames(&self) -> u64 {
        u64::from(self.scene.n_frames())
    }

    fn render(&mut self, frame_no: u64, rgb: &mut [u8]) {
        self.scene
            .render(u32::try_from(frame_no).unwrap_or(u32::MAX), rgb);
    }
}
