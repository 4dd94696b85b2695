//! What is wrong with the places of a camera: regions, lines and lamps, as shares of the picture.

use super::{CameraSection, CameraTask, validate::Checker};
use domain::ZoneId;

const AS_SHARES: &str = "write from and to as [x, y] between 0 and 1";

pub(super) fn check_places(checker: &mut Checker<'_>, camera: &CameraSection) {
    if let Some(region) = &camera.region
        && (region.get_ref().len() < 3 || region.get_ref().iter().any(|corner| !is_share(corner)))
    {
        checker.add(
            region.span(),
            "a region needs three corners or more, each inside the picture",
            "write corners as [x, y] with 0 at the left and top and 1 at the right and bottom",
        );
    }
    for line in &camera.lines {
        checker.slug::<ZoneId>("zone", &line.zone);
        if !is_line(line.from, line.to) {
            checker.add(
                line.zone.span(),
                "the line is not inside the picture or has no length",
                AS_SHARES,
            );
        }
    }
    check_qr(checker, camera);
    check_stop_line(checker, camera);
    check_signal(checker, camera);
}

fn check_qr(checker: &mut Checker<'_>, camera: &CameraSection) {
    let Some(region) = &camera.qr_region else {
        return;
    };
    let [left, top, right, bottom] = *region.get_ref();
    if !is_share(&[left, top]) || !is_share(&[right, bottom]) || right <= left || bottom <= top {
        checker.add(
            region.span(),
            "qr_region is not inside the picture or has no size",
            "write [left, top, right, bottom] between 0 and 1",
        );
    }
    if !camera.tasks.get_ref().contains(&CameraTask::Qr) {
        checker.add(
            region.span(),
            format!(
                "camera {:?} has a qr_region and does not read QR codes",
                camera.id.get_ref()
            ),
            "add \"qr\" to its tasks",
        );
    }
}

fn check_stop_line(checker: &mut Checker<'_>, camera: &CameraSection) {
    let Some(stop_line) = &camera.stop_line else {
        return;
    };
    let (id, span) = (camera.id.get_ref(), stop_line.span());
    if !is_line(stop_line.get_ref().from, stop_line.get_ref().to) {
        checker.add(
            span.clone(),
            "the stop line is not inside the picture or has no length",
            AS_SHARES,
        );
    }
    if camera.signal.is_none() {
        checker.add(
            span,
            format!("camera {id:?} has a stop line and no signal"),
            "add signal with the boxes of the red, amber and green lamp",
        );
    }
    if !camera.tasks.get_ref().contains(&CameraTask::Vehicles) {
        checker.add(
            camera.tasks.span(),
            format!("camera {id:?} has a stop line and does not look for vehicles"),
            "add \"vehicles\" to its tasks",
        );
    }
}

fn check_signal(checker: &mut Checker<'_>, camera: &CameraSection) {
    let Some(signal) = &camera.signal else {
        return;
    };
    if camera.stop_line.is_none() {
        checker.add(
            signal.span(),
            format!(
                "camera {:?} has a signal and no stop line",
                camera.id.get_ref()
            ),
            "add stop_line, or leave the signal out",
        );
    }
    let lamps = signal.get_ref();
    for (name, lamp) in [
        ("red", lamps.red),
        ("amber", lamps.amber),
        ("green", lamps.green),
    ] {
        let [left, top, right, bottom] = lamp;
        if !is_share(&[left, top]) || !is_share(&[right, bottom]) || right <= left || bottom <= top
        {
            checker.add(
                signal.span(),
                format!("the {name} lamp's box is empty or not inside the picture"),
                "write [left, top, right, bottom] between 0 and 1, left < right and top < bottom",
            );
        }
    }
}

fn is_line(from: [f32; 2], to: [f32; 2]) -> bool {
    is_share(&from) && is_share(&to) && from != to
}

fn is_share(point: &[f32; 2]) -> bool {
    point.iter().all(|v| (0.0..=1.0).contains(v))
}

#[cfg(test)]
mod tests {
    use super::super::Site;

    const JUNCTION: &str = r#"
[site]
id = "demo"
name = "Ngã tư"

[[camera]]
id = "junction-1"
source = { file = "junction.mp4" }
tasks = ["vehicles", "plates"]
stop_line = { from = [0.1, 0.6], to = [0.9, 0.6] }
signal = { red = [0.9, 0.1, 1.0, 0.2], amber = [0.9, 0.2, 1.0, 0.3], green = [0.9, 0.3, 1.0, 0.4] }
"#;

    fn problems(text: &str) -> Vec<String> {
        let site: Site = toml::from_str(text).unwrap();
        let problems = site.problems(text);
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_junction_that_can_judge_has_no_problem() {
        assert_eq!(problems(JUNCTION), Vec::<String>::new());
    }

    #[test]
    fn what_could_never_judge_is_told() {
        for (good, bad, told) in [
            (
                "to = [0.9, 0.6]",
                "to = [0.1, 0.6]",
                "line 10 column 13: the stop line is not inside the picture or has no length",
            ),
            (
                "to = [0.9, 0.6]",
                "to = [0.9, 1.6]",
                "line 10 column 13: the stop line is not inside the picture or has no length",
            ),
            (
                "red = [0.9, 0.1, 1.0, 0.2]",
                "red = [1.0, 0.1, 0.9, 0.2]",
                "line 11 column 10: the red lamp's box is empty or not inside the picture",
            ),
            (
                "green = [0.9, 0.3, 1.0, 0.4]",
                "green = [900, 300, 950, 350]",
                "line 11 column 10: the green lamp's box is empty or not inside the picture",
            ),
            (
                "[\"vehicles\", \"plates\"]",
                "[\"people\"]",
                "line 9 column 9: camera \"junction-1\" has a stop line and does not look for",
            ),
            (
                "stop_line = { from = [0.1, 0.6], to = [0.9, 0.6] }",
                "",
                "line 11 column 10: camera \"junction-1\" has a signal and no stop line",
            ),
        ] {
            let found = problems(&JUNCTION.replace(good, bad));
            assert_eq!(found.len(), 1, "{bad}: {found:?}");
            assert!(found[0].starts_with(told), "{bad}: {found:?}");
        }
    }
}
