//! Paints people on foot, and what they hold into the picture.

use crate::{
    SampleError,
    body::Gait,
    mesh::{Mat, Mesh},
    paint::{Block, Easel, Scratch},
    plan::{
        Plan, pass,
        walk::{Walker, WalkerNow},
    },
    raster::Texture,
    space::Pose,
};
use qrcode::{Color, EcLevel, QrCode};

/// The white border of ISO/IEC 18004, in modules.
const QUIET_MODULES: usize = 4;

/// Texture pixels of a module.
const MODULE_PX: usize = 8;

/// The printed sheets that visitors hold, one for each text; none for an empty one.
#[derive(Debug)]
pub(crate) struct Sheets(Vec<Option<Texture>>);

impl Sheets {
    /// Draws the QR codes of these texts.
    pub(crate) fn new(texts: &[String]) -> Result<Self, SampleError> {
        let sheet = |text: &String| {
            let is_shown = !text.trim().is_empty();
            is_shown.then(|| code(text)).transpose()
        };
        Ok(Self(texts.iter().map(sheet).collect::<Result<_, _>>()?))
    }
}

fn code(text: &str) -> Result<Texture, SampleError> {
    let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::M);
    let code = code.map_err(|_error| SampleError::CodeText {
        n_bytes: text.len(),
    })?;
    let n = code.width() + 2 * QUIET_MODULES;
    let colors = code.to_colors();
    let mut pixels = Vec::with_capacity((n * MODULE_PX).pow(2));
    for y in 0..n * MODULE_PX {
        for x in 0..n * MODULE_PX {
            let module = |px: usize| (px / MODULE_PX).checked_sub(QUIET_MODULES);
            let is_dark = match (module(x), module(y)) {
                (Some(x), Some(y)) if x < code.width() && y < code.width() => {
                    colors[y * code.width() + x] == Color::Dark
                }
                _ => false,
            };
            pixels.push(if is_dark { [24; 3] } else { [236; 3] });
        }
    }
    Ok(Texture::new(n * MODULE_PX, n * MODULE_PX, pixels))
}

/// Everybody, from far to near.
pub(crate) fn paint(
    easel: &mut Easel<'_>,
    plan: &Plan,
    (sheets, t): (&Sheets, f64),
    scratch: &mut Scratch,
) {
    let mut now: Vec<(&Walker, WalkerNow)> = plan
        .walkers
        .iter()
        .filter_map(|walker| Some((walker, walker.at(t)?)))
        .collect();
    now.sort_by(|a, b| b.1.pose.y.total_cmp(&a.1.pose.y));
    for (walker, at) in &now {
        let block = Block {
            width_m: 0.34,
            length_m: 0.24,
            height_m: walker.figure.tall_m * 0.92,
        };
        // A block stands before its origin, somebody on both sides of it.
        let [x, y, _] = at.pose.place([0.0, -0.12, 0.0]);
        easel.shadow(&Pose { x, y, ..at.pose }, &block);
    }
    for (walker, at) in &now {
        let text = walker.shows.filter(|_| at.gait.is_showing);
        let sheet = text.and_then(|(_, _, text)| sheets.0.get(text)?.as_ref());
        let gait = Gait {
            is_showing: sheet.is_some(),
            ..at.gait
        };
        let mesh = walker.figure.mesh(&gait);
        easel.mesh(&mesh, &at.pose, &walker.figure.palette, scratch);
        if let Some(sheet) = sheet {
            hold(easel, (walker, at), sheet, scratch);
        }
    }
}

/// The sheet in the hand, upright and towards the camera.
fn hold(
    easel: &mut Easel<'_>,
    (walker, at): (&Walker, &WalkerNow),
    sheet: &Texture,
    scratch: &mut Scratch,
) {
    let k = walker.figure.tall_m / 1.7;
    let [x, y, z] = at.pose.place([0.1 * k, 0.46 * k, 1.37 * k]);
    let pose = Pose { x, y, heading: 0.0 };
    let half = pass::CODE_M / 2.0;
    let mut paper = Mesh::default();
    let (w, low, high) = (half + 0.012, z - half - 0.03, z + half + 0.012);
    paper.quad(
        [
            [-w, 0.003, high],
            [w, 0.003, high],
            [w, 0.003, low],
            [-w, 0.003, low],
        ],
        [0.0, -1.0, 0.0],
        Mat::White,
        4,
    );
    easel.mesh(&paper, &pose, &crate::body::still_palette(), scratch);
    let corners = [
        [-half, z + half],
        [half, z + half],
        [half, z - half],
        [-half, z - half],
    ];
    let corners = corners.map(|[x, z]| pose.place([x, 0.0, z]));
    easel.picture(corners, [0.0, -1.0, 0.0], sheet, scratch);
}
