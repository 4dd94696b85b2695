//! Which characters a camera takes for each other. Used to refuse, never to rewrite a reading.

use super::Plate;

/// Groups of characters that blur, dirt or a screw make alike on Vietnamese plates.
///
/// Sources: the confusions of TT79's own glyphs seen in measured misreadings (1/7/T, 8/B/9, 2/Z,
/// 5/S/6, 0/D/Q, G/C/6, R/P, N/M, 4/A, U/V, V/Y, E/F, K/X, H/N).
const GROUPS: [&str; 17] = [
    "0DQOC", "1I7TL", "2Z", "38B", "8B9", "5S", "56S", "6G", "CG", "4A", "NM", "RP", "UV", "VY",
    "EF", "KX", "HN",
];

/// Whether a camera may take one character for the other. Symmetric; a character is not its own
/// look-alike.
pub fn is_confusable(a: char, b: char) -> bool {
    a != b
        && GROUPS
            .iter()
            .any(|group| group.contains(a) && group.contains(b))
}

/// Every character that is confusable with this one, once, in the order of the groups.
pub fn confusables(c: char) -> impl Iterator<Item = char> {
    let groups = GROUPS.iter().enumerate();
    let own = groups.filter(move |(_, group)| group.contains(c));
    own.flat_map(move |(place, group)| {
        // A character that an earlier group had already is not said again.
        group.chars().filter(move |other| {
            let mut earlier = GROUPS.iter().take(place);
            *other != c && !earlier.any(|before| before.contains(c) && before.contains(*other))
        })
    })
}

/// Whether the two plates differ in exactly one character, and that one is confusable.
pub fn single_confusion(a: &Plate, b: &Plate) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.key().chars().collect(), b.key().chars().collect());
    if a.len() != b.len() {
        return false;
    }
    let mut different = a.iter().zip(&b).filter(|(x, y)| x != y);
    match (different.next(), different.next()) {
        (Some((x, y)), None) => is_confusable(*x, *y),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confusables_are_those_that_are_confusable_each_once() {
        let all = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        for c in all.chars() {
            let mut found: Vec<char> = confusables(c).collect();
            found.sort_unstable();
            let expect: Vec<char> = all.chars().filter(|o| is_confusable(c, *o)).collect();
            assert_eq!(found, expect, "{c}");
        }
    }

    #[track_caller]
    fn check(a: &str, b: &str, expect: bool) {
        let (a, b) = (Plate::parse(a).unwrap(), Plate::parse(b).unwrap());
        assert_eq!(single_confusion(&a, &b), expect);
        assert_eq!(single_confusion(&b, &a), expect);
    }

    #[test]
    fn one_confusable_character() {
        check("30F-256.58", "30F-256.5B", true);
        check("51G-123.45", "51G-723.45", true);
        check("51G-123.45", "51G-123.45", false);
        check("51G-123.45", "51G-423.45", false); // 1 and 4 are not taken for each other
        check("51G-123.45", "51G-723.48", false); // two characters
        check("51G-123.45", "51G-1234", false);
    }
}
