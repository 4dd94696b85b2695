//! Light: how a surface looks from where the camera stands, in the camera's own 0 to 255.

use crate::{
    seeded::{Seeded, lerp, smooth_noise},
    space::{V3, add, dot, scale, sub, unit},
    spec::{Light, SceneSpec},
};
use std::sync::OnceLock;

pub(crate) type Rgb = [f32; 3];

/// One number for each of red, green, blue. `array::map` is not inlined where it matters here.
#[inline]
pub(crate) fn rgb(channel: impl Fn(usize) -> f32) -> Rgb {
    [channel(0), channel(1), channel(2)]
}

/// How a material looks. Colours are linear, 1 is a white sheet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surface {
    pub(crate) albedo: Rgb,
    /// Reflectance straight on; 0 is matt, 0.04 is lacquer, 0.5 is chrome.
    pub(crate) mirror: f32,
    /// Light of its own.
    pub(crate) glow: Rgb,
}

impl Surface {
    pub(crate) const fn matt(albedo: Rgb) -> Self {
        Self {
            albedo,
            mirror: 0.0,
            glow: [0.0; 3],
        }
    }

    pub(crate) const fn glossy(albedo: Rgb, mirror: f32) -> Self {
        Self {
            albedo,
            mirror,
            glow: [0.0; 3],
        }
    }
}

/// A lamp on a mast.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lamp {
    pub(crate) position: V3,
    /// At one metre.
    pub(crate) rgb: Rgb,
}

/// All light of a scene, and how the camera takes it.
#[derive(Clone, Debug)]
pub(crate) struct Lighting {
    pub(crate) to_sun: V3,
    pub(crate) sun: Rgb,
    pub(crate) sky: Rgb,
    pub(crate) horizon: Rgb,
    pub(crate) ground: Rgb,
    pub(crate) lamps: Vec<Lamp>,
    pub(crate) exposure: f32,
    /// Whether drivers have their lights on.
    pub(crate) is_dark: bool,
    /// How much of a frame's time the shutter is open.
    pub(crate) shutter: f32,
    /// Standard deviation of the sensor's noise, of 255.
    pub(crate) noise: f32,
    /// How dark the sun's shadows are; the sky fills them.
    pub(crate) shadow: f32,
    /// 0 dry, 1 pouring.
    pub(crate) rain: f32,
}

impl Lighting {
    pub(crate) fn new(spec: &SceneSpec, lamps: Vec<Lamp>) -> Self {
        let mut r = Seeded::new(spec.seed, 11);
        let azimuth = r.between(2.3, 4.4);
        let height = match spec.light {
            Light::Day => r.between(0.75, 1.15),
            Light::Overcast => 0.9,
            Light::Dusk => 0.22,
            Light::Night => 0.9,
        };
        let to_sun = unit([
            azimuth.sin() * height.cos(),
            azimuth.cos() * height.cos(),
            height.sin(),
        ]);
        let warm = r.between(0.94, 1.06);
        let mut light = Self::of(spec.light, to_sun);
        light.sun = [light.sun[0] * warm, light.sun[1], light.sun[2] / warm];
        light.exposure *= r.between(0.93, 1.07);
        light.lamps = if light.is_dark { lamps } else { Vec::new() };
        light.rain = spec.rain.clamp(0.0, 1.0);
        // Rain clouds take the sun away and leave a flat grey sky.
        let clear = 1.0 - 0.85 * light.rain;
        let sun_lost = light.sun.iter().sum::<f32>() / 3.0 * (1.0 - clear) * 0.25;
        light.sun = light.sun.map(|v| v * clear);
        light.sky = light.sky.map(|v| v + sun_lost);
        light.shadow *= clear;
        light
    }

    fn of(light: Light, to_sun: V3) -> Self {
        let day = Self {
            to_sun,
            sun: [2.5, 2.35, 2.1],
            sky: [0.62, 0.76, 1.0],
            horizon: [1.0, 1.04, 1.1],
            ground: [0.34, 0.33, 0.31],
            lamps: Vec::new(),
            exposure: 0.40,
            is_dark: false,
            shutter: 0.03,
            noise: 1.6,
            shadow: 0.55,
            rain: 0.0,
        };
        match light {
            Light::Day => day,
            Light::Overcast => Self {
                sun: [0.35, 0.35, 0.35],
                sky: [1.05, 1.08, 1.14],
                horizon: [1.0, 1.0, 1.03],
                exposure: 0.62,
                shadow: 0.18,
                ..day
            },
            Light::Dusk => Self {
                sun: [0.34, 0.2, 0.1],
                sky: [0.3, 0.33, 0.46],
                horizon: [0.62, 0.44, 0.34],
                ground: [0.12, 0.11, 0.11],
                exposure: 1.05,
                is_dark: true,
                shutter: 0.1,
                noise: 3.0,
                shadow: 0.2,
                ..day
            },
            Light::Night => Self {
                sun: [0.0, 0.0, 0.0],
                sky: [0.02, 0.022, 0.03],
                horizon: [0.03, 0.03, 0.035],
                ground: [0.02, 0.02, 0.02],
                exposure: 1.6,
                is_dark: true,
                shutter: 0.16,
                noise: 5.0,
                shadow: 0.0,
                ..day
            },
        }
    }

    /// Light that falls on a matt surface.
    pub(crate) fn falling_on(&self, p: V3, n: V3) -> Rgb {
        let up = 0.5 + 0.5 * n[2];
        let sun = dot(n, self.to_sun).max(0.0);
        let mut sum = rgb(|k| {
            lerp(self.ground[k], self.sky[k], up) * 0.75 + self.horizon[k] * 0.2 + self.sun[k] * sun
        });
        for lamp in &self.lamps {
            let to = sub(lamp.position, p);
            let far2 = dot(to, to).max(0.5);
            let facing = (dot(n, to) / far2.sqrt()).max(0.0) * 0.85 + 0.15;
            sum = add(sum, scale(lamp.rgb, facing / far2));
        }
        sum
    }

    /// What a mirror shows in this direction: sky, a band of trees and walls, ground.
    fn seen_towards(&self, d: V3) -> Rgb {
        let tree = [0.13, 0.16, 0.12];
        let level = self.horizon[1];
        // Clouds above, uneven tree tops at the horizon: what makes glass look like glass.
        let turn = d[0] / (d[1].abs() + 0.3);
        let cloud = smooth_noise(3.1 * turn, 5.0 * d[2], 77) * 0.7
            + smooth_noise(9.0 * turn, 13.0 * d[2], 78) * 0.3;
        let cloud = 0.55 + 0.9 * cloud;
        let tops = 0.1 + 0.24 * smooth_noise(4.0 * turn, 0.0, 79);
        rgb(|k| {
            if d[2] > tops {
                lerp(self.horizon[k], self.sky[k], ((d[2] - tops) * 1.6).min(1.0)) * cloud
            } else if d[2] > 0.0 {
                tree[k] * level
            } else {
                self.ground[k] * 0.7
            }
        })
    }

    /// What the camera at `eye` sees of a surface, 0 to 255.
    pub(crate) fn shade(&self, surface: &Surface, p: V3, n: V3, eye: V3) -> Rgb {
        let view = unit(sub(eye, p));
        let n = if dot(n, view) < 0.0 {
            scale(n, -1.0)
        } else {
            n
        };
        // Low parts of a vehicle see less sky.
        let open = 0.55 + 0.45 * (p[2] / 0.7).clamp(0.0, 1.0);
        let light = self.falling_on(p, n);
        let mut sum = rgb(|k| surface.albedo[k] * light[k] * open + surface.glow[k]);
        if surface.mirror > 0.0 {
            let facing = dot(n, view).clamp(0.0, 1.0);
            let fresnel = surface.mirror + (1.0 - surface.mirror) * (1.0 - facing).powi(5) * 0.7;
            let bounce = sub(scale(n, 2.0 * dot(n, view)), view);
            let env = self.seen_towards(bounce);
            let glint = dot(bounce, self.to_sun).max(0.0).powi(48) * 1.6;
            for k in 0..3 {
                sum[k] += (env[k] + self.sun[k] * glint) * fresnel;
            }
        }
        self.expose(sum)
    }

    /// From light to 0 to 255: exposure, a soft shoulder, gamma.
    pub(crate) fn expose(&self, linear: Rgb) -> Rgb {
        linear.map(|v| encode(v * self.exposure))
    }

    /// Distance takes contrast away, rain more so.
    pub(crate) fn haze(&self, colour: Rgb, distance_m: f32) -> Rgb {
        let share = 1.0 - (-(distance_m * (0.0012 + 0.012 * self.rain))).exp();
        let air = self.expose(scale(add(self.horizon, self.sky), 0.42));
        rgb(|k| lerp(colour[k], air[k], share))
    }
}

/// Linear light to 0 to 255, from a table: it is asked for every vertex and every pixel of a
/// background.
pub(crate) fn encode(v: f32) -> f32 {
    static TABLE: OnceLock<Vec<f32>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        (0..N_CODES)
            .map(|k| encode_exactly(k as f32 / PER_UNIT))
            .collect()
    });
    // Most of the bend is near black, so the table is by square root.
    let at = v.max(0.0).sqrt() * PER_UNIT;
    table[(at as usize).min(N_CODES - 1)]
}

const N_CODES: usize = 4096;
const PER_UNIT: f32 = 1500.0;

fn encode_exactly(root: f32) -> f32 {
    let v = root * root;
    // Straight up to 0.6, then bending, so that white paint in the sun still shows its shape.
    let bent = if v < 0.6 {
        v
    } else {
        0.6 + 0.4 * (1.0 - (-(v - 0.6) / 0.4).exp())
    };
    255.0 * bent.powf(1.0 / 2.2)
}

/// 0 to 255 (as in a picture) to linear light.
pub(crate) fn decode(v: f32) -> f32 {
    (v / 255.0).max(0.0).powf(2.2)
}

/// A picture's colour as linear light.
pub(crate) fn linear(r: u8, g: u8, b: u8) -> Rgb {
    [r, g, b].map(|v| decode(f32::from(v)))
}
