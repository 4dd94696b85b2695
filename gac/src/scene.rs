//! A generated scene as a camera.

use anyhow::{Context as _, Result};
use samples::{FPS, HEIGHT, Scene, SceneKind, SceneSpec, WIDTH};
use source::SceneRenderer;
use std::path::Path;

/// Draws the frames of a scene as they are asked for.
pub struct SceneSource {
    scene: Scene,
}

impl SceneSource {
    /// The scene of this kind and seed.
    ///
    /// `texts` is a file whose lines are shown as QR codes, one by each visitor of the scene
    /// `pass`.
    pub fn new(
        kind: &str,
        seed: u64,
        (portrait, texts): (Option<&Path>, Option<&Path>),
    ) -> Result<Self> {
        let kind = SceneKind::named(kind).with_context(|| format!("there is no scene {kind:?}"))?;
        let texts = texts.map(shown).transpose()?.unwrap_or_default();
        Ok(Self {
            scene: Scene::showing(&SceneSpec::new(kind, seed), portrait, &texts)?,
        })
    }

    /// The scene of this spec.
    pub fn of_spec(spec: &SceneSpec, portrait: Option<&Path>) -> Result<Self> {
        Ok(Self {
            scene: Scene::new(spec, portrait)?,
        })
    }
}

/// Visitors who come when there is no file: they have nothing to show.
const EMPTY_HANDED: usize = 3;

/// The lines of a file of texts. Without a file visitors come all the same, and show nothing.
fn shown(path: &Path) -> Result<Vec<String>> {
    if !path.exists() {
        return Ok(vec![String::new(); EMPTY_HANDED]);
    }
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("reading the texts that are shown, {}", path.display()))?;
    Ok(text.lines().map(|line| line.trim().to_owned()).collect())
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
