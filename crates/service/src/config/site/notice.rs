//! What kind of place a site is, how crowded its zones may be, and what the public is told.

use super::{AccessKind, FactorKind, Site, ZoneSection, validate::Checker};
use serde::Deserialize;
use toml::Spanned;

/// What kind of place a site is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProfileKind {
    /// Lanes and lists, as at an industrial park.
    #[default]
    Park,
    /// People come and go, and nobody is stopped.
    Station,
    /// The same, with visitors from abroad.
    TouristSite,
}

/// From which shares of its capacity on a zone is busy and crowded.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrowdSection {
    /// Busy.
    pub busy: f64,
    /// Crowded: the operator is warned.
    pub crowded: f64,
}

/// `[notice]`: what the public is told of the cameras.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeSection {
    /// Who operates the cameras and answers for the data.
    pub controller: Spanned<String>,
    /// Where the controller is.
    pub address: Option<Spanned<String>>,
    /// Telephone, e-mail or a desk, for questions and rights.
    pub contact: Spanned<String>,
    /// What for, in Vietnamese.
    pub purpose: Spanned<String>,
    /// What for, in English.
    pub purpose_en: Spanned<String>,
    /// So many days pictures are kept when nothing happened.
    pub pictures_kept_days: Option<Spanned<u32>>,
    /// Where the whole notice can be read.
    pub url: Option<Spanned<String>>,
}

/// Longer than this no sheet of paper holds it.
const TEXT_CHARS_MAX: usize = 300;
const KEPT_DAYS_MAX: u32 = 3650;

pub(super) fn check_public(checker: &mut Checker<'_>, site: &Site) {
    for zone in &site.zones {
        check_crowd(checker, zone);
    }
    if let Some(notice) = &site.notice {
        check_notice(checker, notice);
    }
    let kind = site.site.profile.as_ref().map(|kind| *kind.get_ref());
    if kind.unwrap_or_default() != ProfileKind::Park {
        check_open_place(checker, site);
    }
}

fn check_crowd(checker: &mut Checker<'_>, zone: &ZoneSection) {
    let Some(crowd) = &zone.crowd else { return };
    let levels = crowd.get_ref();
    let is_share = |share: f64| 0.0 < share && share <= 1.0;
    if !is_share(levels.busy) || !is_share(levels.crowded) {
        checker.add(
            crowd.span(),
            "busy and crowded are shares of what the zone holds",
            "write for example { busy = 0.6, crowded = 0.85 }",
        );
    } else if levels.crowded <= levels.busy {
        checker.add(
            crowd.span(),
            "the zone would be crowded before it is busy",
            "write a larger share for crowded than for busy",
        );
    }
    if zone.people_max.is_none() && zone.vehicles_max.is_none() {
        checker.add(
            crowd.span(),
            format!("zone {:?} has no capacity to be crowded", zone.id.get_ref()),
            "add people_max or vehicles_max",
        );
    }
}

fn check_notice(checker: &mut Checker<'_>, notice: &NoticeSection) {
    let texts = [
        ("controller", Some(&notice.controller)),
        ("address", notice.address.as_ref()),
        ("contact", Some(&notice.contact)),
        ("purpose", Some(&notice.purpose)),
        ("purpose_en", Some(&notice.purpose_en)),
    ];
    for (name, text) in texts {
        let Some(text) = text else { continue };
        let is_empty = text.get_ref().trim().is_empty();
        let is_long = TEXT_CHARS_MAX < text.get_ref().chars().count();
        if is_empty || is_long || text.get_ref().chars().any(char::is_control) {
            checker.add(
                text.span(),
                format!("{name} is empty, too long or of several lines"),
                format!("write one line of at most {TEXT_CHARS_MAX} characters"),
            );
        }
    }
    if let Some(days) = &notice.pictures_kept_days
        && !(1..=KEPT_DAYS_MAX).contains(days.get_ref())
    {
        checker.add(
            days.span(),
            "pictures_kept_days is out of range",
            format!("write 1 to {KEPT_DAYS_MAX}, or leave it out"),
        );
    }
    if let Some(url) = &notice.url
        && !url.get_ref().starts_with("https://")
    {
        checker.add(
            url.span(),
            format!("{:?} is no address of a page", url.get_ref()),
            "write one that begins with https://",
        );
    }
}

/// Where people come and go nobody is stopped by default, and everybody is told. A lane for tickets
/// is there on purpose.
fn check_open_place(checker: &mut Checker<'_>, site: &Site) {
    for gate in &site.gates {
        if gate.factor == FactorKind::Face {
            checker.warn(
                gate.id.span(),
                format!("gate {:?} can stop people", gate.id.get_ref()),
                "write factor = \"anyone\" where people only are counted",
            );
        }
    }
    let barred = site.registrations.iter().map(Spanned::get_ref);
    for entry in barred.filter(|entry| entry.access == AccessKind::Bar) {
        if let Some(person) = &entry.person {
            checker.warn(
                person.span(),
                "this bars a person at a place where people come and go",
                "leave the registration out unless somebody with authority ordered it",
            );
        }
    }
    if site.notice.is_none() {
        let span = site.site.profile.as_ref().map(Spanned::span);
        checker.warn(
            span.unwrap_or_default(),
            "nothing says what the public is told of the cameras",
            "add [notice]: people must be told (Law 91/2025/QH15, article 32)",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::validate::tests::problems;

    const STATION: &str = "[site]\nid = \"ga\"\nname = \"Ga\"\nprofile = \"station\"\n";
    const NOTICE: &str = "[notice]\ncontroller = \"Ga Đông Hà\"\ncontact = \"0233 000 000\"\n\
        purpose = \"an ninh, trật tự\"\npurpose_en = \"safety\"\n";

    #[test]
    fn a_right_station_has_no_problem() {
        let zone = "[[zone]]\nid = \"hall\"\npeople_max = 400\n\
                    crowd = { busy = 0.5, crowded = 0.8 }\n";
        assert_eq!(
            problems(&format!("{STATION}{NOTICE}{zone}")),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_station_that_tells_nobody_and_stops_people_is_warned_of() {
        let lane = "[[camera]]\nid = \"c\"\nsource = { rtsp = \"rtsp://door/1\" }\n\
                    tasks = [\"faces\"]\n\
                    [[gate]]\nid = \"g\"\ncamera = \"c\"\nfactor = \"face\"\n";
        assert_eq!(
            problems(&format!("{STATION}{lane}")),
            [
                "warning: line 10 column 6: gate \"g\" can stop people; write factor = \"anyone\" \
                 where people only are counted",
                "warning: line 4 column 11: nothing says what the public is told of the cameras; \
                 add [notice]: people must be told (Law 91/2025/QH15, article 32)",
            ]
        );
        // The same lane at a park is as it should be.
        let park = STATION.replace("profile = \"station\"\n", "");
        assert_eq!(problems(&format!("{park}{lane}")), Vec::<String>::new());
    }

    #[test]
    fn levels_that_mean_nothing_are_told_with_their_line() {
        let with = |zone: &str| {
            problems(&format!(
                "{STATION}{NOTICE}[[zone]]\nid = \"hall\"\n{zone}\n"
            ))
            .join("\n")
        };
        let told = with("people_max = 9\ncrowd = { busy = 0.9, crowded = 0.5 }");
        assert_eq!(
            told,
            "line 13 column 9: the zone would be crowded before it is busy; \
             write a larger share for crowded than for busy"
        );
        let told = with("people_max = 9\ncrowd = { busy = 60, crowded = 85 }");
        assert!(
            told.starts_with("line 13 column 9: busy and crowded are shares"),
            "{told}"
        );
        let told = with("crowd = { busy = 0.6, crowded = 0.85 }");
        assert!(
            told.starts_with("line 12 column 9: zone \"hall\" has no capacity"),
            "{told}"
        );
    }

    #[test]
    fn a_notice_that_cannot_be_printed_is_told() {
        let bad = NOTICE.replace("Ga Đông Hà", " ").replace(
            "purpose_en",
            "pictures_kept_days = 0\nurl = \"http://a\"\npurpose_en",
        );
        let told = problems(&format!("{STATION}{bad}"));
        let starts = [
            "line 6 column 14: controller is empty",
            "line 9 column 22: pictures_kept_days is out of range",
            "line 10 column 7: \"http://a\" is no address of a page",
        ];
        assert_eq!(told.len(), starts.len(), "{told:?}");
        for (told, start) in told.iter().zip(starts) {
            assert!(told.starts_with(start), "{told}");
        }
    }
}
