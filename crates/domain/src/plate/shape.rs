//! The shapes of all plates as one table: what may stand where, and where the first row ends.

use super::{PlateClass, grammar::is_province_code};

const L20: &[u8] = b"ABCDEFGHKLMNPSTUVXYZ";
const L11: &[u8] = b"ABCDEFGHKLM";

/// One way in which a class is printed on two rows.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) class: PlateClass,
    /// `pp` is a province code, `d` a digit, `n` a digit but 0, `l` a letter of series (L20), `r`
    /// the same or `R`, `b` a letter of blue series (L11), `u` any letter; a capital is itself,
    /// and `/` parts the rows. Numbers begin with 1: no run of `d` is all zeros.
    pattern: &'static str,
}

const fn shape(class: PlateClass, pattern: &'static str) -> Shape {
    Shape { class, pattern }
}

macro_rules! special {
    ($series:literal, $number:literal) => {
        shape(PlateClass::Special, concat!("pp", $series, "/", $number))
    };
}

/// Every shape, in the order of the classes.
static SHAPES: [Shape; 46] = [
    // A car has two digits at the end, a motorbike three.
    shape(PlateClass::Diplomatic, "ppddd/NGdd"),
    shape(PlateClass::Diplomatic, "ppddd/NGddd"),
    shape(PlateClass::Diplomatic, "ppddd/QTdd"),
    shape(PlateClass::Diplomatic, "ppddd/QTddd"),
    shape(PlateClass::Diplomatic, "ppddd/CVdd"),
    shape(PlateClass::Diplomatic, "ppddd/CVddd"),
    shape(PlateClass::Diplomatic, "ppddd/NNdd"),
    shape(PlateClass::Diplomatic, "ppddd/NNddd"),
    shape(PlateClass::Temporary, "Tpp/ddddd"),
    shape(PlateClass::ElectricMotorbikeLegacy, "ppMDn/ddddd"),
    special!("LD", "dddd"),
    special!("LD", "ddddd"),
    special!("DA", "dddd"),
    special!("DA", "ddddd"),
    special!("RM", "dddd"),
    special!("RM", "ddddd"),
    special!("MK", "dddd"),
    special!("MK", "ddddd"),
    special!("HC", "dddd"),
    special!("HC", "ddddd"),
    special!("KT", "dddd"),
    special!("KT", "ddddd"),
    special!("MD", "dddd"),
    special!("MD", "ddddd"),
    special!("CD", "dddd"),
    special!("CD", "ddddd"),
    special!("TD", "dddd"),
    special!("TD", "ddddd"),
    special!("LB", "dddd"),
    special!("LB", "ddddd"),
    special!("CT", "dddd"),
    special!("CT", "ddddd"),
    special!("R", "dddd"),
    special!("R", "ddddd"),
    // The circular contradicts itself on the second letter: article 37 has G and no R, annex 04 R
    // and no G. Both are taken.
    shape(PlateClass::MotorbikeNew, "pplr/ddddd"),
    shape(PlateClass::MotorbikeOld, "ppln/dddd"),
    shape(PlateClass::MotorbikeOld, "ppln/ddddd"),
    shape(PlateClass::MotorbikeBlue, "ppbn/ddddd"),
    shape(PlateClass::Car, "ppl/dddd"),
    shape(PlateClass::Car, "ppl/ddddd"),
    shape(PlateClass::CarBlue, "ppb/ddddd"),
    // How many digits the army has is not verified.
    shape(PlateClass::Army, "uu/dddd"),
    shape(PlateClass::Army, "uu/ddddd"),
    shape(PlateClass::Army, "uu/dddddd"),
    shape(PlateClass::LegacyShort, "ppl/ddd"),
    shape(PlateClass::LegacyShort, "ppln/ddd"),
];

/// What kind of character may stand at a place of a plate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A digit and nothing else.
    Digit,
    /// A letter and nothing else.
    Letter,
    /// Both: the fourth character of a motorbike's plate, and every one of a foreign plate.
    Either,
}

impl Shape {
    /// How many characters the first of two rows has.
    pub(super) fn n_first(&self) -> usize {
        self.pattern.find('/').unwrap_or(self.pattern.len())
    }

    /// How many characters the first of two rows has, where no plate of the class is laid out in
    /// another way; then it tells classes apart.
    pub(super) fn n_first_always(&self) -> Option<usize> {
        match self.class {
            PlateClass::MotorbikeNew
            | PlateClass::MotorbikeOld
            | PlateClass::MotorbikeBlue
            | PlateClass::Car
            | PlateClass::CarBlue
            | PlateClass::LegacyShort => Some(self.n_first()),
            PlateClass::Diplomatic
            | PlateClass::Temporary
            | PlateClass::ElectricMotorbikeLegacy
            | PlateClass::Special
            | PlateClass::Army => None,
        }
    }

    /// Whether a motorbike carries it; `None` when motorbikes and others do.
    pub(super) fn is_motorbikes(&self) -> Option<bool> {
        match self.class {
            PlateClass::MotorbikeNew
            | PlateClass::MotorbikeOld
            | PlateClass::MotorbikeBlue
            | PlateClass::ElectricMotorbikeLegacy => Some(true),
            PlateClass::Car | PlateClass::CarBlue => Some(false),
            PlateClass::Diplomatic => Some(self.pattern.ends_with("ddd")),
            PlateClass::LegacyShort => Some(self.n_first() == 4),
            PlateClass::Temporary | PlateClass::Special | PlateClass::Army => None,
        }
    }

    /// What may stand at each place, rows joined.
    fn symbols(&self) -> impl Iterator<Item = u8> {
        self.pattern.bytes().filter(|symbol| *symbol != b'/')
    }

    fn province_code<'k>(&self, key: &'k str) -> Option<&'k str> {
        let at = self.pattern.find("pp")?;
        key.get(at..at + 2)
    }

    /// Whether the province code exists, where there is one, and no number is all zeros.
    fn has_valid_numbers(&self, key: &str) -> bool {
        let mut is_zero = false;
        let mut is_number = false;
        for (symbol, c) in self.symbols().zip(key.bytes()) {
            if symbol == b'd' {
                is_zero = (is_zero || !is_number) && c == b'0';
            } else if is_zero {
                return false;
            }
            is_number = symbol == b'd';
        }
        !is_zero && self.province_code(key).is_none_or(is_province_code)
    }

    fn is_match(&self, key: &str) -> bool {
        self.n_chars() == key.len()
            && self
                .symbols()
                .zip(key.bytes())
                .all(|(symbol, c)| is_allowed(symbol, c))
            && self.has_valid_numbers(key)
    }

    fn n_chars(&self) -> usize {
        self.pattern.len() - "/".len()
    }

    /// The one place at which `key` is not of this shape, when there is exactly one.
    fn single_misfit(&self, key: &str) -> Option<usize> {
        if self.n_chars() != key.len() {
            return None;
        }
        let pairs = self.symbols().zip(key.bytes()).enumerate();
        let mut misfits = pairs.filter(|(_, (symbol, c))| !is_allowed(*symbol, *c));
        let (at, _) = misfits.next()?;
        misfits.next().is_none().then_some(at)
    }
}

fn is_allowed(symbol: u8, c: u8) -> bool {
    match symbol {
        b'p' | b'd' => c.is_ascii_digit(),
        b'n' => c.is_ascii_digit() && c != b'0',
        b'l' => L20.contains(&c),
        b'r' => L20.contains(&c) || c == b'R',
        b'b' => L11.contains(&c),
        b'u' => c.is_ascii_uppercase(),
        literal => literal == c,
    }
}

/// Every shape that a key has, in the order of the classes.
pub(super) fn shapes_of(key: &str) -> impl Iterator<Item = &'static Shape> {
    SHAPES.iter().filter(move |shape| shape.is_match(key))
}

pub(super) fn province_code(key: &str) -> Option<&str> {
    shapes_of(key).find_map(|shape| shape.province_code(key))
}

/// What kind of character may stand at each place, when no other changes.
pub(super) fn places(key: &str) -> Vec<Place> {
    if shapes_of(key).next().is_none() {
        return vec![Place::Either; key.chars().count()];
    }
    let mut places: Vec<Place> = key.bytes().map(kind).collect();
    for shape in &SHAPES {
        let Some(at) = shape.single_misfit(key) else {
            continue;
        };
        let other = shape.symbols().nth(at).map(symbol_kind);
        if let Some(place) = places.get_mut(at)
            && other.is_some_and(|other| other != *place)
        {
            *place = Place::Either;
        }
    }
    places
}

fn kind(c: u8) -> Place {
    if c.is_ascii_digit() {
        Place::Digit
    } else {
        Place::Letter
    }
}

fn symbol_kind(symbol: u8) -> Place {
    match symbol {
        b'p' | b'd' | b'n' => Place::Digit,
        _ => Place::Letter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_classes() {
        assert!(SHAPES.is_sorted_by_key(|shape| shape.class));
        for shape in &SHAPES {
            assert_eq!(shape.pattern.matches('/').count(), 1, "{shape:?}");
            assert!((4..=11).contains(&shape.n_chars()), "{shape:?}");
        }
    }

    #[test]
    fn numbers_begin_with_one() {
        let is_any = |key: &str| shapes_of(key).next().is_some();
        for key in [
            "30F00000",
            "80000NG02",
            "80441NG00",
            "T8000000",
            "TM0000",
            "50LD00000",
        ] {
            assert!(!is_any(key), "{key}");
        }
        for key in [
            "30F00001",
            "80001NG01",
            "80100NG10",
            "T8000001",
            "TM0100",
            "50LD10000",
        ] {
            assert!(is_any(key), "{key}");
        }
    }

    #[test]
    fn what_may_stand_where() {
        let check = |key: &str, expect: &str| {
            let letter = |place: &Place| match place {
                Place::Digit => 'd',
                Place::Letter => 'l',
                Place::Either => '?',
            };
            let found: String = places(key).iter().map(letter).collect();
            assert_eq!(found, expect, "{key}");
        };
        check("30F25658", "ddlddddd");
        check("30L25658", "ddl?dddd"); // 30-LD 5658 exists too
        check("29AA12345", "ddl?ddddd");
        check("29B112345", "ddl?ddddd");
        check("80441NG02", "dddddlldd");
        check("T8023588", "l?dddddd"); // an army plate may have six digits
        check("TM1234", "lldddd");
        check("KA11234", "llddddd");
        check("ABC1234X", "????????");
    }
}
