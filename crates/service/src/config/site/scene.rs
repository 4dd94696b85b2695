//! Generated scenes as sources.

use super::{CameraSection, PaceKind, SCENES, validate::Checker};

pub(super) fn check_scene(checker: &mut Checker<'_>, camera: &CameraSection) {
    let source = camera.source.get_ref();
    let span = camera.source.span();
    if let Some(scene) = &source.scene
        && !SCENES.contains(&scene.as_str())
    {
        checker.add(
            span.clone(),
            format!("there is no scene {scene:?}"),
            format!("write one of: {}", SCENES.join(", ")),
        );
    }
    let scene = source.scene.as_deref();
    if scene == Some("door") && source.portrait.is_none() {
        checker.add(
            span.clone(),
            "the scene door needs a portrait",
            "add portrait = \"third_party/portrait/astronaut.png\", which set-up fetches",
        );
    }
    if source.text_file.is_some() && scene != Some("pass") {
        checker.add(
            span.clone(),
            "text_file is for the scene pass",
            "leave it out",
        );
    }
    if source.pace == PaceKind::Patient && (source.scene.is_none() && source.pictures.is_none()) {
        checker.add(
            span,
            "only pictures and scenes can wait for the machine",
            "write pace = \"real-time\" or \"fast\", or leave it out",
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::config::site::{
        SCENES,
        validate::tests::{GOOD, problems},
    };

    #[test]
    fn a_scene_is_known_and_has_what_it_needs() {
        let with = |source: &str| {
            let told = problems(&GOOD.replace("{ file = \"gate.mp4\" }", source));
            told.join("\n")
        };
        for scene in SCENES.iter().filter(|scene| **scene != "door") {
            assert_eq!(with(&format!("{{ scene = \"{scene}\", seed = 2 }}")), "");
        }
        let pass = "{ scene = \"pass\", text_file = \"passes.txt\", pace = \"patient\" }";
        assert_eq!(with(pass), "");
        for (wrong, word) in [
            (
                "{ scene = \"tunnel\" }",
                "write one of: gate, junction, door, exit",
            ),
            ("{ scene = \"door\" }", "the scene door needs a portrait"),
            (
                "{ scene = \"gate\", text_file = \"a\" }",
                "is for the scene pass",
            ),
            (
                "{ file = \"a.mp4\", pace = \"patient\" }",
                "only pictures and scenes can wait",
            ),
        ] {
            let told = with(wrong);
            assert!(told.contains(word), "{told}");
        }
    }
}
