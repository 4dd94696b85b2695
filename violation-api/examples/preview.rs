//! A throw-away server with realistic data, to look at the pages.
#[path = "../tests/it/scene.rs"]
#[allow(dead_code)]
mod scene;
use domain::*;
use image::{Rgb, RgbImage};
use service::{
    broker::EmbeddedBroker,
    bus::{Bus, BusConfig},
    evidence::EvidenceStore,
    shutdown::Shutdown,
};
use std::time::Duration;
use wire::*;

fn jpeg(img: &RgbImage) -> Vec<u8> {
    let mut out = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, 80)
        .encode_image(img)
        .unwrap();
    out
}
fn rect(img: &mut RgbImage, x: i64, y: i64, w: i64, h: i64, c: [u8; 3]) {
    for yy in y.max(0)..(y + h).min(img.height() as i64) {
        for xx in x.max(0)..(x + w).min(img.width() as i64) {
            img.put_pixel(xx as u32, yy as u32, Rgb(c));
        }
    }
}
fn scene_img(w: u32, h: u32, kind: usize, t: i64) -> RgbImage {
    let mut img = RgbImage::from_fn(w, h, |x, y| {
        let n = ((x * 7919 + y * 104729) % 13) as u8;
        let horizon = h * 2 / 5;
        if y < horizon {
            let v = 150 + (y * 60 / horizon) as u8;
            Rgb([v - 30, v - 8, v])
        } else {
            let d = (y - horizon) as f32 / (h - horizon) as f32;
            let mid = w as f32 / 2.0;
            let half = 40.0 + d * w as f32 * 0.45;
            if (x as f32 - mid).abs() < half {
                if (x as f32 - mid).abs() < 4.0 * d + 1.0 && (y as i64 / 24 + t / 3) % 2 == 0 {
                    Rgb([225, 225, 215])
                } else {
                    Rgb([82 + n, 84 + n, 88 + n])
                }
            } else {
                Rgb([92 + n, 118 + n, 78 + n])
            }
        }
    });
    let colours = [
        [176, 32, 38],
        [36, 82, 160],
        [235, 235, 232],
        [60, 64, 68],
        [212, 168, 40],
    ];
    let c = colours[kind % 5];
    let s = 0.35 + 0.06 * (t % 8) as f32;
    let (cw, ch) = ((w as f32 * 0.42 * s) as i64, (h as f32 * 0.5 * s) as i64);
    let (x, y) = (
        w as i64 / 2 - cw / 2 + (kind as i64 % 3 - 1) * 30,
        (h as f32 * 0.42) as i64 + (t % 8) * h as i64 / 26,
    );
    rect(&mut img, x, y, cw, ch, c);
    rect(
        &mut img,
        x + cw / 8,
        y + ch / 10,
        cw * 3 / 4,
        ch / 3,
        [40, 56, 66],
    );
    rect(
        &mut img,
        x + cw / 3,
        y + ch * 3 / 4,
        cw / 3,
        ch / 8,
        [245, 245, 245],
    );
    rect(
        &mut img,
        x - 2,
        y + ch - ch / 10,
        cw / 5,
        ch / 8,
        [20, 20, 20],
    );
    rect(
        &mut img,
        x + cw - cw / 5 + 2,
        y + ch - ch / 10,
        cw / 5,
        ch / 8,
        [20, 20, 20],
    );
    img
}

#[tokio::main]
async fn main() {
    let dir = std::path::PathBuf::from("/tmp/preview");
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    let broker = EmbeddedBroker::start(0).unwrap();
    let site: SiteId = "kcn-long-hau".parse().unwrap();
    let (bus, _e) = Bus::connect(BusConfig::new(
        "127.0.0.1",
        broker.port,
        site.clone(),
        "violation-api",
    ));
    let mut config = violation_api::ApiConfig::new(
        site.clone(),
        "sqlite:/tmp/preview/api.db",
        dir.join("evidence"),
    );
    config.site_name = "Khu công nghiệp Long Hậu".to_owned();
    config.bind = "127.0.0.1:8099".parse().unwrap();
    if std::env::args().nth(1).as_deref() == Some("htmx") {
        config.web_assets_dir = Some("/tmp/web".into());
    }
    let evidence = EvidenceStore::open(&dir.join("evidence")).unwrap();
    let api = violation_api::Api::open(config).await.unwrap();
    let listener = api.listen().await.unwrap();
    let shutdown = Shutdown::on_signals().unwrap();
    let run = tokio::spawn({
        let (api, bus, s) = (api.clone(), bus.clone(), shutdown.clone());
        async move { api.run(listener, bus, s).await }
    });
    bus.wait_online().await.unwrap();
    let now = || service::clock::now();
    let ago = |s: i64| Timestamp::from_micros(now().as_micros() - s * 1_000_000);
    let put = |img: &RgbImage, role, seq: u64, at| {
        let b = jpeg(img);
        EvidenceItem {
            role,
            sha256: evidence.put(&b).unwrap(),
            media_type: "image/jpeg".into(),
            n_bytes: b.len() as u64,
            frame_seq: seq,
            captured_at: at,
        }
    };
    let say = |t: Topic, m: Message| {
        bus.say(&t, m, now()).unwrap();
    };
    let gate: GateId = "gate-1".parse().unwrap();
    let door: GateId = "staff-door".parse().unwrap();
    let cam: CameraId = "gate-1-in".parse().unwrap();
    let rows: Vec<(Vec<&str>, f32, Class, Outcome, PassageState, PlateColour)> = vec![
        (
            vec!["51F12345"],
            0.97,
            Class::Car,
            Outcome::Grant,
            PassageState::Left,
            PlateColour::White,
        ),
        (
            vec!["62C", "04812"],
            0.97,
            Class::Truck,
            Outcome::Grant,
            PassageState::Left,
            PlateColour::White,
        ),
        (
            vec!["59X3", "78121"],
            0.97,
            Class::Motorbike,
            Outcome::Refer(ReferReason::LookAlike),
            PassageState::Referred,
            PlateColour::White,
        ),
        (
            vec!["50H33190"],
            0.62,
            Class::Truck,
            Outcome::Refer(ReferReason::ScoreTooLow),
            PassageState::Referred,
            PlateColour::Yellow,
        ),
        (
            vec!["30G10077"],
            0.98,
            Class::Car,
            Outcome::Deny(DenyReason::Barred),
            PassageState::Denied,
            PlateColour::White,
        ),
        (
            vec!["80A", "02345"],
            0.98,
            Class::Car,
            Outcome::Grant,
            PassageState::Failed,
            PlateColour::Blue,
        ),
        (
            vec![],
            0.98,
            Class::Truck,
            Outcome::Refer(ReferReason::Unreadable),
            PassageState::Referred,
            PlateColour::White,
        ),
        (
            vec!["61LD01234"],
            0.98,
            Class::Bus,
            Outcome::Grant,
            PassageState::Opened,
            PlateColour::White,
        ),
    ];
    for (i, (plate_rows, score, class, outcome, state, colour)) in rows.iter().enumerate() {
        let id = (i as u128 + 1) << 64;
        let t = ago(200 - 24 * i as i64);
        let mut s = scene::sighting(1, 3);
        s.id = SightingId(id);
        s.class = *class;
        s.first_seen_at = t;
        s.last_seen_at = t;
        s.plate = (!plate_rows.is_empty()).then(|| {
            let mut p = scene::plate(plate_rows, *score);
            p.colour = *colour;
            p
        });
        s.picture = Some(put(
            &scene_img(320, 200, i, i as i64),
            EvidenceRole::Sighting,
            40,
            t,
        ));
        say(
            Topic::Sighting(site.clone(), cam.clone()),
            Message::Sighting(s),
        );
        let v = Verdict {
            id: VerdictId(id),
            passage: PassageId(id),
            sighting: SightingId(id),
            gate: gate.clone(),
            outcome: *outcome,
            given_at: Timestamp::from_micros(t.as_micros() + 61_000 + 9_000 * i as i64),
            captured_at: t,
            policy_version: 2,
            registry_as_of: ago(900),
        };
        say(
            Topic::Verdict(site.clone(), gate.clone()),
            Message::Verdict(v),
        );
        say(
            Topic::Passage(site.clone(), gate.clone()),
            Message::Passage(Passage {
                id: PassageId(id),
                gate: gate.clone(),
                sighting: SightingId(id),
                state: *state,
                arrived_at: t,
                changed_at: t,
            }),
        );
    }
    for (i, sim) in [0.71_f32, 0.22].iter().enumerate() {
        let id = (i as u128 + 90) << 64;
        let t = ago(10 + 40 * i as i64);
        let mut s = scene::sighting(1, 3);
        s.id = SightingId(id);
        s.class = Class::Person;
        s.plate = None;
        s.first_seen_at = t;
        s.camera = "staff-door".parse().unwrap();
        s.face = Some(face::FaceVote {
            candidates: vec![FaceMatch {
                person: PersonId(7),
                similarity: *sim,
                similarity_min: 0.4,
            }],
            liveness: Some(Liveness {
                score: 0.93,
                score_min: 0.5,
            }),
            n_views: 9,
            n_agreeing: 8,
        });
        s.picture = None;
        say(
            Topic::Sighting(site.clone(), "staff-door".parse().unwrap()),
            Message::Sighting(s),
        );
        let outcome = if i == 0 {
            Outcome::Grant
        } else {
            Outcome::Refer(ReferReason::LivenessFailed)
        };
        say(
            Topic::Verdict(site.clone(), door.clone()),
            Message::Verdict(Verdict {
                id: VerdictId(id),
                passage: PassageId(id),
                sighting: SightingId(id),
                gate: door.clone(),
                outcome,
                given_at: Timestamp::from_micros(t.as_micros() + 131_000),
                captured_at: t,
                policy_version: 2,
                registry_as_of: ago(900),
            }),
        );
        say(
            Topic::Passage(site.clone(), door.clone()),
            Message::Passage(Passage {
                id: PassageId(id),
                gate: door.clone(),
                sighting: SightingId(id),
                state: if i == 0 {
                    PassageState::Opened
                } else {
                    PassageState::Referred
                },
                arrived_at: t,
                changed_at: t,
            }),
        );
    }
    say(
        Topic::Barrier(site.clone(), gate.clone()),
        Message::Barrier(Barrier {
            gate: gate.clone(),
            state: GateState::Open,
            since: ago(3),
        }),
    );
    say(
        Topic::Barrier(site.clone(), door.clone()),
        Message::Barrier(Barrier {
            gate: door.clone(),
            state: GateState::Closed,
            since: ago(40),
        }),
    );
    let jun: CameraId = "junction".parse().unwrap();
    for i in 0..4_u64 {
        let mut c = scene::candidate(1);
        c.id = CandidateId((u128::from(i) + 1) << 64);
        c.camera = jun.clone();
        let t = ago(400 - 90 * i as i64);
        c.act_at = t;
        let im = |role, seq: u64| {
            put(
                &scene_img(1280, 720, i as usize, seq as i64),
                role,
                1000 + seq,
                Timestamp::from_micros(t.as_micros() + (seq as i64 - 3) * 400_000),
            )
        };
        c.evidence = vec![
            im(EvidenceRole::Before, 1),
            im(EvidenceRole::At, 3),
            im(EvidenceRole::After, 5),
            put(
                &scene_img(240, 80, i as usize, 7),
                EvidenceRole::Plate,
                1003,
                t,
            ),
        ];
        c.class = [Class::Motorbike, Class::Car, Class::Truck, Class::Motorbike][i as usize];
        if i == 1 {
            c.evidence.remove(2);
            c.plate = Some(scene::plate(&["51G66688"], 0.98));
        }
        if i == 2 {
            c.standing = Standing::ScreeningOnly;
            c.plate = None;
        }
        c.facts.push(("phase_beyond".into(), "red".into()));
        c.facts.push(("speed_px_s".into(), "312".into()));
        c.facts.push(("hits_before".into(), "19".into()));
        say(
            Topic::Candidate(site.clone(), jun.clone()),
            Message::Candidate(c),
        );
    }
    let cams = ["gate-1-in", "junction", "people", "road", "staff-door"];
    let mut n: u64 = 0;
    let mut extra = 500_u128;
    loop {
        tokio::select! { () = shutdown.wait() => break, () = tokio::time::sleep(Duration::from_millis(400)) => () }
        n += 1;
        for (i, c) in cams.iter().enumerate() {
            let camera: CameraId = c.parse().unwrap();
            if i != 2 {
                let _ = bus.publish_raw(
                    &Topic::Picture(site.clone(), camera.clone()).to_string(),
                    jpeg(&scene_img(640, 360, i, n as i64)),
                );
            }
            if n % 2 == 0 {
                say(
                    Topic::CameraState(site.clone(), camera.clone()),
                    Message::Camera(CameraStatus {
                        camera,
                        state: [
                            CameraState::Streaming,
                            CameraState::Streaming,
                            CameraState::Lost,
                            CameraState::Streaming,
                            CameraState::Stalled,
                        ][i],
                        reason: (i == 2).then(|| {
                            "không mở được rtsp://10.0.0.14/stream1: từ chối kết nối".to_owned()
                        }),
                        fps: if i == 2 { 0.0 } else { 24.97 - i as f32 },
                        frames: 1200 + n * 10,
                        dropped: if i == 3 { n * 2 + 31 } else { 0 },
                        at: now(),
                    }),
                );
            }
        }
        if n == 4 {
            for (z, k) in [("cong-chinh", 128), ("duong-noi-bo", 1942)] {
                say(
                    Topic::Count(site.clone(), z.parse().unwrap()),
                    Message::Count(Count {
                        zone: z.parse().unwrap(),
                        people_in: k / 3,
                        people_out: k / 4,
                        vehicles_in: k,
                        vehicles_out: k - 11,
                        at: ago(2),
                    }),
                );
            }
        }
        if n % 20 == 0 {
            extra += 1;
            let t = now();
            say(
                Topic::Passage(site.clone(), gate.clone()),
                Message::Passage(Passage {
                    id: PassageId(extra << 64),
                    gate: gate.clone(),
                    sighting: SightingId(1 << 64),
                    state: PassageState::Arrived,
                    arrived_at: t,
                    changed_at: t,
                }),
            );
        }
    }
    run.await.unwrap().unwrap();
}
