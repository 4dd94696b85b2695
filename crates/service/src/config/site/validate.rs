//! What is wrong with a site beyond syntax, and what to write instead.

use super::{
    AccessKind, CameraSection, CameraTask, FactorKind, GateSection, RegistrationSection, Site,
    access::check_access, actuator::check_devices, decode::check_decode, hours::parse_hours,
    list::check_list, notice::check_public, places::check_places, scene::check_scene,
    stuck::check_stuck, visitors::check_visitors,
};
use domain::{CameraId, GateId, PersonId, Plate, SiteId};
use std::{collections::BTreeSet, fmt, ops::Range};
use toml::Spanned;

/// One thing wrong, where, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Whether the program refuses to start.
    pub severity: Severity,
    /// Counts from 1; 0 when it belongs to no line.
    pub line: usize,
    /// Counts characters from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub instead: String,
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The program refuses to start.
    Error,
    /// The program starts, and somebody should look.
    Warning,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.severity == Severity::Warning {
            f.write_str("warning: ")?;
        }
        if 0 < self.line {
            write!(f, "line {} column {}: ", self.line, self.column)?;
        }
        write!(f, "{}; {}", self.what, self.instead)
    }
}

/// Collects problems and knows the text that they stand in.
pub(super) struct Checker<'a> {
    text: &'a str,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    pub(super) fn add(
        &mut self,
        span: Range<usize>,
        what: impl Into<String>,
        instead: impl Into<String>,
    ) {
        let (line, column) = position(self.text, span);
        let (what, instead) = (what.into(), instead.into());
        self.problems.push(Problem {
            severity: Severity::Error,
            line,
            column,
            what,
            instead,
        });
    }

    pub(super) fn warn(&mut self, span: Range<usize>, what: impl Into<String>, instead: &str) {
        self.add(span, what, instead);
        if let Some(problem) = self.problems.last_mut() {
            problem.severity = Severity::Warning;
        }
    }

    pub(super) fn slug<T: std::str::FromStr>(&mut self, name: &str, slug: &Spanned<String>) {
        if slug.get_ref().parse::<T>().is_err() {
            self.add(
                slug.span(),
                format!("{name} {:?} is no slug", slug.get_ref()),
                "write 1 to 32 of a-z, 0-9 and -",
            );
        }
    }

    pub(super) fn unique<'a>(
        &mut self,
        name: &str,
        ids: impl Iterator<Item = &'a Spanned<String>>,
    ) {
        let mut seen = BTreeSet::new();
        for id in ids {
            if !seen.insert(id.get_ref()) {
                self.add(
                    id.span(),
                    format!("{name} {:?} is there twice", id.get_ref()),
                    "give each its own id",
                );
            }
        }
    }
}

/// Line and column, counting from 1; `(0, 0)` for an empty span, which a default has.
fn position(text: &str, span: Range<usize>) -> (usize, usize) {
    if span.is_empty() {
        return (0, 0);
    }
    let before = text.get(..span.start).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .map_or(1, |last| last.chars().count() + 1);
    (line, column)
}

impl Site {
    /// Everything wrong with it; `text` is the file that it was read from.
    pub fn problems(&self, text: &str) -> Vec<Problem> {
        let mut checker = Checker {
            text,
            problems: Vec::new(),
        };
        checker.slug::<SiteId>("site id", &self.site.id);
        let zone = self.site.timezone.get_ref();
        if jiff::tz::TimeZone::get(zone).is_err() {
            checker.add(
                self.site.timezone.span(),
                format!("time zone {zone:?} is not known"),
                "write an IANA name such as \"Asia/Ho_Chi_Minh\"",
            );
        }
        let listen = &self.web.listen;
        if listen.get_ref().parse::<std::net::SocketAddr>().is_err() {
            checker.add(
                listen.span(),
                format!("{:?} is no address and port", listen.get_ref()),
                "write for example \"127.0.0.1:8080\"",
            );
        }
        if let Some(user) = &self.broker.user
            && self.broker.password_file.is_none()
        {
            checker.add(
                user.span(),
                "[broker] has a user and no password",
                "add password_file, or leave the user out",
            );
        }
        check_devices(&mut checker, self);
        checker.unique("camera", self.cameras.iter().map(|camera| &camera.id));
        checker.unique("gate", self.gates.iter().map(|gate| &gate.id));
        for camera in &self.cameras {
            check_camera(&mut checker, camera);
        }
        for gate in &self.gates {
            check_gate(&mut checker, gate, &self.cameras);
        }
        for registration in &self.registrations {
            check_registration(&mut checker, registration);
        }
        check_twice(&mut checker, &self.registrations);
        check_access(&mut checker, self);
        check_list(&mut checker, self);
        check_stuck(&mut checker, self);
        check_public(&mut checker, self);
        check_visitors(&mut checker, self);
        checker.problems
    }
}

fn check_camera(checker: &mut Checker<'_>, camera: &CameraSection) {
    checker.slug::<CameraId>("camera id", &camera.id);
    check_source(checker, camera);
    let fps = *camera.fps_max.get_ref();
    if !(0.1..=60.0).contains(&fps) {
        checker.add(
            camera.fps_max.span(),
            "fps_max is out of range",
            "write 0.1 to 60",
        );
    }
    if camera.tasks.get_ref().is_empty() {
        checker.add(
            camera.tasks.span(),
            format!("camera {:?} looks for nothing", camera.id.get_ref()),
            "name some of vehicles, people, plates, faces and qr",
        );
    }
    check_decode(checker, camera);
    check_places(checker, camera);
}

fn check_source(checker: &mut Checker<'_>, camera: &CameraSection) {
    let source = camera.source.get_ref();
    let named = [
        source.file.is_some(),
        source.pictures.is_some(),
        source.rtsp.is_some(),
        source.launch.is_some(),
        source.scene.is_some(),
    ];
    let n_named = named.iter().filter(|is_there| **is_there).count();
    if n_named != 1 {
        checker.add(
            camera.source.span(),
            format!("camera {:?} has {n_named} sources", camera.id.get_ref()),
            "name exactly one of file, pictures, rtsp, launch and scene",
        );
    }
    check_scene(checker, camera);
    if source
        .transport
        .as_deref()
        .is_some_and(|text| !["tcp", "udp"].contains(&text))
    {
        checker.add(
            camera.source.span(),
            "the transport is not known",
            "write tcp or udp",
        );
    }
}

fn check_gate(checker: &mut Checker<'_>, gate: &GateSection, cameras: &[CameraSection]) {
    checker.slug::<GateId>("gate id", &gate.id);
    let Some(camera) = cameras
        .iter()
        .find(|camera| camera.id.get_ref() == gate.camera.get_ref())
    else {
        let known: Vec<&str> = cameras
            .iter()
            .map(|camera| camera.id.get_ref().as_str())
            .collect();
        let instead = if known.is_empty() {
            let id = gate.camera.get_ref();
            format!("the site has none; add a [[camera]] with id = {id:?}, source and tasks")
        } else {
            format!("write one of: {}", known.join(", "))
        };
        let what = format!("there is no camera {:?}", gate.camera.get_ref());
        checker.add(gate.camera.span(), what, instead);
        return;
    };
    let second = gate.second.as_ref().map(|second| *second.get_ref());
    for factor in [Some(gate.factor), second].into_iter().flatten() {
        let (task, name) = match factor {
            FactorKind::Plate => (CameraTask::Plates, "plates"),
            FactorKind::Face => (CameraTask::Faces, "faces"),
            FactorKind::Pass | FactorKind::Anyone => continue,
        };
        if !camera.tasks.get_ref().contains(&task) {
            checker.add(
                gate.camera.span(),
                format!(
                    "camera {:?} does not look for {name}",
                    gate.camera.get_ref()
                ),
                format!("add \"{name}\" to its tasks"),
            );
        }
    }
    if let Some(second) = &gate.second
        && !matches!(second.get_ref(), FactorKind::Face | FactorKind::Pass)
    {
        checker.add(
            second.span(),
            "second is what is asked for besides a plate or a face",
            "write \"face\" or \"pass\"",
        );
    }
    if !(2000..=5000).contains(gate.command_expires_ms.get_ref()) {
        checker.add(
            gate.command_expires_ms.span(),
            "command_expires_ms is out of range",
            "write 2000 to 5000: less is lost on a slow link, and a late open is worse than none",
        );
    }
    if !(0.0..=1.0).contains(gate.score_min.get_ref()) {
        checker.add(
            gate.score_min.span(),
            "score_min is out of range",
            "write 0 to 1",
        );
    }
}

fn check_registration(checker: &mut Checker<'_>, registration: &Spanned<RegistrationSection>) {
    let entry = registration.get_ref();
    if let Some(plate) = &entry.plate {
        check_plate(checker, plate);
    }
    if let Some(person) = &entry.person
        && let Err(error) = person.get_ref().parse::<PersonId>()
    {
        checker.add(person.span(), "this is no person's id", error.to_string());
    }
    let is_nobody = entry.plate.is_none() && entry.person.is_none() && entry.pass.is_none();
    if is_nobody {
        checker.add(
            registration.span(),
            "a registration names nobody",
            "add plate = \"30F-256.58\", person = \"per_…\" or pass = \"vis_…\"",
        );
    }
    for at in [&entry.valid_from, &entry.valid_until]
        .into_iter()
        .flatten()
    {
        if let Err(error) = wire::parse_time(at.get_ref()) {
            checker.add(
                at.span(),
                error,
                "write for example \"2026-12-31T17:00:00+07:00\"",
            );
        }
    }
    for hours in &entry.hours {
        if let Err(error) = parse_hours(hours.get_ref()) {
            checker.add(
                hours.span(),
                error,
                "write for example \"mon-fri 07:00-18:00\"",
            );
        }
    }
}

/// Entries of one plate that differ are referred to the guard: nobody knows which one counts.
fn check_twice(checker: &mut Checker<'_>, registrations: &[Spanned<RegistrationSection>]) {
    let mut seen = BTreeSet::new();
    let allowed = registrations
        .iter()
        .map(Spanned::get_ref)
        .filter(|entry| entry.access == AccessKind::Allow);
    for text in allowed.filter_map(|entry| entry.plate.as_ref()) {
        let plate = Plate::parse(text.get_ref()).map(|plate| plate.expose());
        if plate.is_ok_and(|plate| !seen.insert(plate)) {
            checker.warn(
                text.span(),
                "this plate is on the list twice",
                "give one registration all its hours; if the two differ, the guard is asked",
            );
        }
    }
}

fn check_plate(checker: &mut Checker<'_>, plate: &Spanned<String>) {
    match Plate::parse(plate.get_ref()) {
        Err(error) => {
            checker.add(
                plate.span(),
                error.to_string(),
                "write it as printed, \"30F-256.58\"",
            );
        }
        // A lorry from abroad may be on the list, so this is no error.
        Ok(parsed) if parsed.classes().is_empty() => checker.warn(
            plate.span(),
            "no Vietnamese plate looks like this",
            "check the province code, the letters (never I J O Q W) and the number of digits",
        ),
        Ok(_) => (),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::config::site) const GOOD: &str = r#"
[site]
id = "demo"
name = "Cổng mẫu"

[[camera]]
id = "gate-1"
source = { file = "gate.mp4" }
tasks = ["vehicles", "plates"]

[[gate]]
id = "gate-1"
camera = "gate-1"
factor = "plate"

[[registration]]
plate = "30F-256.58"
hours = ["mon-fri 07:00-18:00"]
"#;

    pub(in crate::config::site) fn problems(text: &str) -> Vec<String> {
        let site: Site = toml::from_str(text).unwrap();
        site.problems(text).iter().map(Problem::to_string).collect()
    }

    #[test]
    fn a_good_site_has_no_problem() {
        assert_eq!(problems(GOOD), Vec::<String>::new());
        let site: Site = toml::from_str(GOOD).unwrap();
        assert_eq!(site.list(domain::Timestamp::EPOCH).registrations.len(), 1);
    }

    #[test]
    fn each_problem_says_where_and_what_instead() {
        let bad = GOOD
            .replace("camera = \"gate-1\"", "camera = \"gate-2\"")
            .replace("30F-256.58", "30O-256.58")
            .replace("07:00-18:00", "7h-18h");
        assert_eq!(
            problems(&bad),
            [
                "line 13 column 10: there is no camera \"gate-2\"; write one of: gate-1",
                "warning: line 17 column 9: no Vietnamese plate looks like this; check the province code, \
                 the letters (never I J O Q W) and the number of digits",
                "line 18 column 10: \"mon-fri 7h-18h\" is no day and time; write for example \
                 \"mon-fri 07:00-18:00\"",
            ]
        );
    }

    /// The policy holds every command's life between these; a site file may not say otherwise.
    #[test]
    fn a_command_lives_two_to_five_seconds() {
        let with = |ms: u32| {
            let gate = format!("[[gate]]\ncommand_expires_ms = {ms}");
            problems(&GOOD.replacen("[[gate]]", &gate, 1))
        };
        for right in [2000, 5000] {
            assert_eq!(with(right), Vec::<String>::new());
        }
        for wrong in [500, 1999, 5001, 10_000] {
            let told = with(wrong).join("\n");
            assert!(
                told.contains("command_expires_ms is out of range; write 2000 to 5000"),
                "{told}"
            );
        }
    }

    #[test]
    fn a_plate_that_is_listed_twice_and_a_user_without_password_are_told() {
        let twice = format!("{GOOD}\n[[registration]]\nplate = \"30f 25658\"\n");
        let found = problems(&twice);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("warning: line 21 column 9: this plate is on the list twice"));
        let user = format!("{GOOD}\n[broker]\nuser = \"gac\"\n");
        let found = problems(&user);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("line 21 column 8: [broker] has a user and no password"));
    }

    #[test]
    fn a_registration_of_nobody_and_a_site_without_cameras_are_told_with_their_places() {
        let bad = "[site]\nid = \"a\"\nname = \"A\"\n\n\
                   [[registration]]\nplate = \"30F-256.58\"\n\n\
                   [[registration]]\nnote = \"?\"\n\n\
                   [[gate]]\nid = \"g\"\ncamera = \"c\"\nfactor = \"plate\"\n";
        assert_eq!(
            problems(bad),
            [
                "line 13 column 10: there is no camera \"c\"; the site has none; add a [[camera]] \
                 with id = \"c\", source and tasks",
                "line 8 column 1: a registration names nobody; add plate = \"30F-256.58\", \
                 person = \"per_…\" or pass = \"vis_…\"",
            ]
        );
    }
}
