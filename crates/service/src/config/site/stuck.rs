//! Gates and zones that could get stuck: doors that wait for each other, zones that nobody can
//! enter or leave, answers that nobody can give.

use super::{
    ActuatorSection, CameraTask, ConfirmKind, FactorKind, FailKind, GateSection, InputMeaning,
    SilenceKind, Site, ZoneSection, validate::Checker,
};
use std::collections::BTreeSet;
use toml::Spanned;

pub(super) fn check_stuck(checker: &mut Checker<'_>, site: &Site) {
    let routes = Routes::of(site);
    for zone in &site.zones {
        check_zone(checker, zone, site, &routes);
    }
    for gate in &site.gates {
        check_fire(checker, gate, site);
        check_guard(checker, gate);
        check_confirm(checker, gate);
        check_sight(checker, gate, site);
        check_second(checker, gate, site);
    }
}

/// Which zones can be reached from outside, and from which one gets there again.
struct Routes<'a> {
    entered: BTreeSet<&'a str>,
    left: BTreeSet<&'a str>,
}

impl<'a> Routes<'a> {
    fn of(site: &'a Site) -> Self {
        fn end(zone: &Option<Spanned<String>>) -> Option<&str> {
            zone.as_ref().map(|zone| zone.get_ref().as_str())
        }
        let ways: Vec<_> = site
            .gates
            .iter()
            .map(|g| (end(&g.from), end(&g.to)))
            .collect();
        let back: Vec<_> = ways.iter().map(|(from, to)| (*to, *from)).collect();
        Self {
            entered: reach(&ways),
            left: reach(&back),
        }
    }
}

/// The zones to which these ways lead from outside.
fn reach<'a>(ways: &[(Option<&'a str>, Option<&'a str>)]) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    loop {
        let is_here = |from: &Option<&str>| from.is_none_or(|from| reached.contains(from));
        let next = ways.iter().filter(|(from, _to)| is_here(from));
        let more: Vec<&str> = next.filter_map(|(_from, to)| *to).collect();
        let n_before = reached.len();
        reached.extend(more);
        if reached.len() == n_before {
            return reached;
        }
    }
}

fn check_zone(checker: &mut Checker<'_>, zone: &ZoneSection, site: &Site, routes: &Routes<'_>) {
    let id = zone.id.get_ref();
    for (most, key) in [
        (zone.vehicles_max, "vehicles_max"),
        (zone.people_max, "people_max"),
    ] {
        if most == Some(0) {
            checker.add(
                zone.id.span(),
                format!("zone {id:?} holds nobody: {key} = 0 refers whoever comes"),
                format!("write how many it holds, or leave {key} out"),
            );
        }
    }
    let into: Vec<&GateSection> = site
        .gates
        .iter()
        .filter(|gate| gate.to.as_ref().is_some_and(|to| to.get_ref() == id))
        .collect();
    if into.is_empty() {
        return;
    }
    if !routes.entered.contains(id.as_str()) {
        checker.warn(
            zone.id.span(),
            format!("nobody gets into zone {id:?}: its lanes begin in zones that no lane from outside leads to"),
            "leave `from` out of the lane that comes from outside",
        );
    }
    let is_counted = zone.vehicles_max.is_some() || zone.people_max.is_some();
    let hard = into.iter().any(|gate| gate.anti_passback.is_on());
    // A counting line may see them leave where no gate does.
    let lines = site.cameras.iter().flat_map(|camera| &camera.lines);
    let is_watched = lines.map(|line| line.zone.get_ref()).any(|zone| zone == id);
    if (is_counted || hard) && !is_watched && !routes.left.contains(id.as_str()) {
        let is_for_anyone = into.iter().all(|gate| gate.factor == FactorKind::Anyone);
        let what = if is_counted && is_for_anyone {
            "is told to be full from some time on"
        } else if is_counted {
            "fills up and refers everybody from then on"
        } else {
            "takes nobody in a second time"
        };
        checker.warn(
            zone.id.span(),
            format!("zone {id:?} can be entered and never left, so it {what}"),
            "add a gate with from = this zone for the way out, or leave the limit out",
        );
    }
}

/// Of two interlocked doors one stands open at fire until a person releases it: the other one then
/// stays shut, and is no way out.
fn check_fire(checker: &mut Checker<'_>, gate: &GateSection, site: &Site) {
    let Some(from) = gate.from.as_ref().filter(|_| gate.fail == FailKind::Secure) else {
        return;
    };
    let is_end =
        |end: &Option<Spanned<String>>| end.as_ref().is_some_and(|z| z.get_ref() == from.get_ref());
    for other in &gate.interlocked_with {
        let found = site
            .gates
            .iter()
            .find(|g| g.id.get_ref() == other.get_ref());
        let Some(found) = found.filter(|found| found.id.get_ref() != gate.id.get_ref()) else {
            continue; // told elsewhere
        };
        if found.fail == FailKind::Safe && !is_end(&found.from) && !is_end(&found.to) {
            checker.add(
                other.span(),
                format!(
                    "at fire {:?} stands open, so {:?} stays shut and nobody leaves zone {:?} by it",
                    found.id.get_ref(),
                    gate.id.get_ref(),
                    from.get_ref()
                ),
                "write fail = \"safe\" for both, or take the interlock out",
            );
        }
    }
}

fn check_guard(checker: &mut Checker<'_>, gate: &GateSection) {
    let id = gate.id.get_ref();
    if gate.guard_within_s == Some(0) {
        checker.add(
            gate.id.span(),
            format!("gate {id:?} gives the guard no time: guard_within_s = 0"),
            "write how many seconds the guard has, for example 30",
        );
    }
    if gate.on_silence == SilenceKind::LetIn && gate.guard_within_s.is_none() {
        checker.warn(
            gate.id.span(),
            format!("gate {id:?} never lets in on silence: the guard has no time limit"),
            "add guard_within_s, or leave on_silence out",
        );
    }
}

/// A device without a loop or beam never says that somebody went through.
fn check_confirm(checker: &mut Checker<'_>, gate: &GateSection) {
    if gate.confirm != ConfirmKind::Loop {
        return;
    }
    let inputs = match gate.actuator.get_ref() {
        ActuatorSection::Mqtt | ActuatorSection::Simulator => return,
        ActuatorSection::Tasmota(device) => &device.inputs[..],
        ActuatorSection::Shelly(device) => &device.inputs[..],
        ActuatorSection::Http(_) | ActuatorSection::Onvif(_) => &[],
    };
    let is_loop = |means| matches!(means, InputMeaning::LoopUnder | InputMeaning::Beam);
    if !inputs.iter().any(|input| is_loop(input.means)) {
        checker.add(
            gate.actuator.span(),
            "confirm = \"loop\" waits for a loop or beam, and the device has none",
            "add an input that means \"loop-under\" or \"beam\", or write confirm = \"line\" or \
             \"presumed\"",
        );
    }
}

/// A lane whose camera looks for nothing that could stand in it.
fn check_sight(checker: &mut Checker<'_>, gate: &GateSection, site: &Site) {
    let camera = site
        .cameras
        .iter()
        .find(|c| c.id.get_ref() == gate.camera.get_ref());
    let Some(camera) = camera else { return };
    let tasks = camera.tasks.get_ref();
    let name = gate.camera.get_ref();
    let second = gate.second.as_ref().map(|second| *second.get_ref());
    if gate.factor == FactorKind::Anyone && tasks.iter().all(|task| *task == CameraTask::Qr) {
        checker.add(
            gate.camera.span(),
            format!("camera {name:?} sees nobody, so the lane never lets anybody through"),
            "add \"vehicles\" or \"people\" to its tasks",
        );
    }
    let wants_pass = [Some(gate.factor), second].contains(&Some(FactorKind::Pass));
    if wants_pass && !tasks.contains(&CameraTask::Qr) {
        checker.warn(
            gate.camera.span(),
            format!(
                "camera {name:?} does not read QR codes, so a pass can be shown to a reader alone"
            ),
            "add \"qr\" to its tasks",
        );
    }
}

/// A lane that asks for a face beside the plate, at a site where nobody's face is on the list.
fn check_second(checker: &mut Checker<'_>, gate: &GateSection, site: &Site) {
    let Some(second) = &gate.second else { return };
    let is_face = *second.get_ref() == FactorKind::Face && gate.factor != FactorKind::Face;
    let is_known_here = site.list.from == super::ListFrom::SiteFile;
    let has_person = site
        .registrations
        .iter()
        .any(|entry| entry.get_ref().person.is_some());
    if is_face && is_known_here && !has_person {
        checker.warn(
            second.span(),
            format!(
                "gate {:?} asks for a face, and no registration names a person: everybody is referred",
                gate.id.get_ref()
            ),
            "enrol people with `gac people enrol`, and add person = \"per_…\" to registrations",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::validate::tests::problems;

    const CAMERA: &str = "[site]\nid = \"a\"\nname = \"A\"\n[[camera]]\nid = \"c\"\n\
        source = { file = \"a.mp4\" }\ntasks = [\"vehicles\", \"plates\"]\n";

    fn gate(id: &str, more: &str) -> String {
        format!(
            "[[gate]]\nid = \"{id}\"\ncamera = \"c\"\nfactor = \"plate\"\n\
             actuator = \"simulator\"\n{more}\n"
        )
    }

    #[track_caller]
    fn check(parts: &[&str], expect: &[&str]) {
        let found = problems(&format!("{CAMERA}{}", parts.concat()));
        assert_eq!(found.len(), expect.len(), "{found:#?}");
        for (found, expect) in found.iter().zip(expect) {
            assert!(found.contains(expect), "{found}\nhas no\n{expect}");
            assert!(found.contains("line "), "{found}");
        }
    }

    #[test]
    fn a_park_with_a_vestibule_has_no_problem() {
        let zones = "[[zone]]\nid = \"yard\"\nvehicles_max = 3\n\
             [[zone]]\nid = \"lock\"\nvehicles_max = 1\n";
        let a = gate(
            "a",
            "to = \"lock\"\nanti_passback = \"hard\"\ninterlocked_with = [\"b\"]",
        );
        let b = gate(
            "b",
            "from = \"lock\"\nto = \"yard\"\ninterlocked_with = [\"a\"]",
        );
        let out = gate("out", "from = \"yard\"\nfail = \"safe\"");
        check(&[zones, &a, &b, &out], &[]);
    }

    #[test]
    fn a_zone_that_holds_nobody_or_keeps_everybody_is_told() {
        let none = "[[zone]]\nid = \"yard\"\nvehicles_max = 0\n";
        let (into, out) = (gate("a", "to = \"yard\""), gate("b", "from = \"yard\""));
        check(
            &[none, &into, &out],
            &["zone \"yard\" holds nobody: vehicles_max = 0"],
        );
        let few = "[[zone]]\nid = \"yard\"\nvehicles_max = 2\n";
        check(
            &[few, &into],
            &["can be entered and never left, so it fills up"],
        );
        let plain = "[[zone]]\nid = \"yard\"\n";
        check(&[plain, &into], &[]);
        let hard = gate("a", "to = \"yard\"\nanti_passback = \"hard\"");
        check(
            &[plain, &hard],
            &["never left, so it takes nobody in a second time"],
        );
        check(&[plain, &hard, &out], &[]);
        let watched = CAMERA.replace(
            "tasks",
            "line = [{ zone = \"yard\", from = [0.0, 0.5], to = [1.0, 0.5] }]\ntasks",
        );
        assert_eq!(
            problems(&format!("{watched}{few}{into}")),
            Vec::<String>::new()
        );
    }

    #[test]
    fn zones_that_lead_only_to_each_other_are_told() {
        let zones = "[[zone]]\nid = \"x\"\n[[zone]]\nid = \"y\"\n";
        let (there, back) = (
            gate("a", "from = \"x\"\nto = \"y\""),
            gate("b", "from = \"y\"\nto = \"x\""),
        );
        check(
            &[zones, &there, &back],
            &["nobody gets into zone \"x\"", "nobody gets into zone \"y\""],
        );
    }

    #[test]
    fn a_way_out_that_fire_keeps_shut_is_told() {
        let zones = "[[zone]]\nid = \"hall\"\n[[zone]]\nid = \"yard\"\n";
        let way_in = gate("in", "to = \"hall\"");
        let out = |fail: &str| {
            gate(
                "out",
                &format!("from = \"hall\"\nfail = \"{fail}\"\ninterlocked_with = [\"big\"]"),
            )
        };
        let big = gate(
            "big",
            "to = \"yard\"\nfail = \"safe\"\ninterlocked_with = [\"out\"]",
        );
        check(
            &[zones, &way_in, &out("secure"), &big],
            &["at fire \"big\" stands open, so \"out\" stays shut and nobody leaves zone \"hall\""],
        );
        check(&[zones, &way_in, &out("safe"), &big], &[]);
    }

    #[test]
    fn a_guard_without_time_is_told() {
        check(
            &[&gate("a", "guard_within_s = 0")],
            &["gives the guard no time"],
        );
        check(
            &[&gate("a", "on_silence = \"let-in\"")],
            &["never lets in on silence"],
        );
        check(
            &[&gate("a", "on_silence = \"let-in\"\nguard_within_s = 20")],
            &[],
        );
    }

    #[test]
    fn a_confirmation_that_never_comes_is_told() {
        let with = |inputs: &str| {
            let device =
                format!("actuator = {{ tasmota = {{ topic = \"g\", inputs = [{inputs}] }} }}");
            gate("a", "confirm = \"loop\"").replace("actuator = \"simulator\"", &device)
        };
        check(
            &[&with("{ input = 1, means = \"is-open\" }")],
            &["waits for a loop or beam, and the device has none"],
        );
        check(&[&with("{ input = 1, means = \"beam\" }")], &[]);
        check(&[&gate("a", "confirm = \"loop\"")], &[]);
    }

    #[test]
    fn a_camera_that_sees_nobody_or_no_pass_is_told() {
        let qr = CAMERA.replace("\"vehicles\", \"plates\"", "\"qr\"");
        let anyone = gate("a", "").replace("\"plate\"", "\"anyone\"");
        let found = problems(&format!("{qr}{anyone}"));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with("line 10 column 10: camera \"c\" sees nobody"),
            "{found:?}"
        );
        check(&[&anyone], &[]);
        let pass = gate("a", "").replace("\"plate\"", "\"pass\"");
        check(
            &[&pass],
            &["does not read QR codes, so a pass can be shown to a reader alone"],
        );
    }

    #[test]
    fn a_second_thing_that_nobody_has_is_told() {
        let faces = CAMERA.replace("\"plates\"", "\"plates\", \"faces\"");
        let lane = gate("a", "second = \"face\"");
        let found = problems(&format!("{faces}{lane}"));
        assert!(
            found[0].contains("no registration names a person"),
            "{found:?}"
        );
        let person = format!(
            "[[registration]]\nplate = \"30F-256.58\"\nperson = \"per_{:032x}\"\n",
            1
        );
        assert_eq!(
            problems(&format!("{faces}{lane}{person}")),
            Vec::<String>::new()
        );
    }
}
