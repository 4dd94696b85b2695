//! Valid plates of every class as they are printed. Written apart from the grammar's own table, so
//! that the two can differ.

use domain::{
    Class, Plate, PlateColour,
    plate::{Clues, PlateClass},
};
use proptest::{collection::vec, prelude::*, sample::select};

/// A plate that exists.
#[derive(Clone, Debug)]
pub(crate) struct Valid {
    pub(crate) class: PlateClass,
    /// The two rows without separators.
    pub(crate) rows: [String; 2],
    /// As printed, with separators and both rows on one line.
    pub(crate) printed: String,
    /// Whether plates of the class are made with one row too.
    pub(crate) has_long_form: bool,
    /// All that there is to see beside the text.
    pub(crate) clues: Clues,
}

impl Valid {
    pub(crate) fn key(&self) -> String {
        self.rows.concat().replace('Đ', "D")
    }

    /// On two rows, as a camera sees it.
    pub(crate) fn short(&self) -> Plate {
        Plate::from_rows(&self.rows).expect("a valid plate")
    }

    /// Every form in which it may come, with whether the rows can be trusted.
    pub(crate) fn forms(&self) -> Vec<Plate> {
        let [first, second] = &self.rows;
        let texts = [
            self.printed.clone(),
            self.printed.to_lowercase(),
            format!("{first}{second}"),
            format!("{first} {second}"),
            format!("{first}/{second}"),
            format!(" {first}\n{second}\r\n"),
        ];
        let read = |text: &String| Plate::parse(text).expect("a valid plate");
        let mut forms: Vec<Plate> = texts.iter().map(read).collect();
        forms.push(self.short());
        if self.has_long_form {
            forms.push(read(&format!("{first}{second}/")));
            forms.push(Plate::from_rows(&[self.rows.concat()]).expect("a valid plate"));
        }
        forms
    }
}

/// The 81 codes of the source, not those of the grammar.
pub(crate) fn province() -> impl Strategy<Value = String> {
    let lines = include_str!("../../src/plate/provinces.csv").lines();
    let codes = lines
        .filter_map(|line| line.split_once(','))
        .map(|(code, _)| code);
    let codes: Vec<String> = codes
        .filter(|code| code.parse::<u8>().is_ok())
        .map(str::to_owned)
        .collect();
    assert_eq!(codes.len(), 81);
    select(codes)
}

/// `n` digits that are not all zeros.
fn number(n: u32) -> impl Strategy<Value = String> {
    (1..10_u32.pow(n)).prop_map(move |number| format!("{number:0width$}", width = n as usize))
}

fn one_of(letters: &str) -> impl Strategy<Value = char> + use<> {
    select(letters.chars().collect::<Vec<char>>())
}

const L20: &str = "ABCDEFGHKLMNPSTUVXYZ";
const L11: &str = "ABCDEFGHKLM";

fn dotted(number: &str) -> String {
    match number.len() {
        5 => format!("{}.{}", &number[..3], &number[3..]),
        _ => number.to_owned(),
    }
}

fn white(vehicle: Class) -> Clues {
    Clues {
        colour: PlateColour::White,
        vehicle: Some(vehicle),
    }
}

fn valid(class: PlateClass, rows: [String; 2], printed: String, clues: Clues) -> Valid {
    let has_long_form = clues.vehicle != Some(Class::Motorbike);
    Valid {
        class,
        rows,
        printed,
        has_long_form,
        clues,
    }
}

fn car() -> BoxedStrategy<Valid> {
    let colours = vec![PlateColour::White, PlateColour::Yellow];
    let vehicles = vec![Class::Car, Class::Bus, Class::Truck];
    let clues = (select(colours), select(vehicles));
    (
        province(),
        one_of(L20),
        prop_oneof![number(4), number(5)],
        clues,
    )
        .prop_map(|(province, letter, number, (colour, vehicle))| {
            let series = format!("{province}{letter}");
            let printed = format!("{series}-{}", dotted(&number));
            let clues = Clues {
                colour,
                vehicle: Some(vehicle),
            };
            valid(PlateClass::Car, [series, number], printed, clues)
        })
        .boxed()
}

fn motorbike() -> BoxedStrategy<Valid> {
    let old = (
        one_of(L20),
        one_of("123456789"),
        prop_oneof![number(4), number(5)],
    )
        .prop_map(|(first, second, number)| (PlateClass::MotorbikeOld, first, second, number));
    let new = (one_of(L20), one_of("ABCDEFGHKLMNPRSTUVXYZ"), number(5))
        .prop_map(|(first, second, number)| (PlateClass::MotorbikeNew, first, second, number));
    let blue = (one_of(L11), one_of("123456789"), number(5))
        .prop_map(|(first, second, number)| (PlateClass::MotorbikeBlue, first, second, number));
    (province(), prop_oneof![old, new, blue])
        .prop_map(|(province, (class, first, second, number))| {
            let printed = format!("{province}-{first}{second} {}", dotted(&number));
            let colour = match class {
                PlateClass::MotorbikeBlue => PlateColour::Blue,
                _ => PlateColour::White,
            };
            let clues = Clues {
                colour,
                vehicle: Some(Class::Motorbike),
            };
            valid(
                class,
                [format!("{province}{first}{second}"), number],
                printed,
                clues,
            )
        })
        .boxed()
}

fn blue_car() -> BoxedStrategy<Valid> {
    (province(), one_of(L11), number(5))
        .prop_map(|(province, letter, number)| {
            let series = format!("{province}{letter}");
            let printed = format!("{series}-{}", dotted(&number));
            let clues = Clues {
                colour: PlateColour::Blue,
                vehicle: Some(Class::Car),
            };
            valid(PlateClass::CarBlue, [series, number], printed, clues)
        })
        .boxed()
}

fn special() -> BoxedStrategy<Valid> {
    let all = [
        "LD", "DA", "RM", "MK", "HC", "KT", "MĐ", "MD", "CD", "TĐ", "TD", "LB", "CT", "R",
    ];
    let numbers = prop_oneof![number(4), number(5)];
    (province(), select(all.to_vec()), numbers)
        .prop_map(|(province, series, number)| {
            let series = format!("{province}{series}");
            let printed = format!("{series}-{}", dotted(&number));
            valid(
                PlateClass::Special,
                [series, number],
                printed,
                white(Class::Truck),
            )
        })
        .boxed()
}

fn diplomatic() -> BoxedStrategy<Valid> {
    let kinds = select(vec!["NG", "QT", "CV", "NN"]);
    let of_car = number(2).prop_map(|number| (number, Class::Car));
    let of_motorbike = number(3).prop_map(|number| (number, Class::Motorbike));
    (
        province(),
        number(3),
        kinds,
        prop_oneof![of_car, of_motorbike],
    )
        .prop_map(|(province, country, kind, (number, vehicle))| {
            let printed = format!("{province}-{country}-{kind}-{number}");
            let rows = [format!("{province}{country}"), format!("{kind}{number}")];
            valid(PlateClass::Diplomatic, rows, printed, white(vehicle))
        })
        .boxed()
}

fn other() -> BoxedStrategy<Valid> {
    let temporary = (province(), number(5)).prop_map(|(province, number)| {
        let printed = format!("T{province}-{}", dotted(&number));
        let rows = [format!("T{province}"), number];
        valid(PlateClass::Temporary, rows, printed, white(Class::Car))
    });
    let electric = (province(), 1..=9_u8, number(5)).prop_map(|(province, series, number)| {
        let printed = format!("{province}-MĐ{series} {}", dotted(&number));
        let class = PlateClass::ElectricMotorbikeLegacy;
        let rows = [format!("{province}MĐ{series}"), number];
        valid(class, rows, printed, white(Class::Motorbike))
    });
    let unit = vec(one_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), 2);
    let army = (unit, prop_oneof![number(4), number(5), number(6)]);
    let army = army.prop_map(|(unit, number)| {
        let unit = String::from_iter(unit);
        let printed = format!("{unit}-{}-{}", &number[..2], &number[2..]);
        let clues = Clues {
            colour: PlateColour::Red,
            vehicle: Some(Class::Truck),
        };
        valid(PlateClass::Army, [unit, number], printed, clues)
    });
    prop_oneof![temporary, electric, army].boxed()
}

fn short() -> BoxedStrategy<Valid> {
    let of_car = Just((String::new(), Class::Car));
    let of_motorbike = (1..=9_u8).prop_map(|series| (series.to_string(), Class::Motorbike));
    (
        province(),
        one_of(L20),
        prop_oneof![of_car, of_motorbike],
        number(3),
    )
        .prop_map(|(province, letter, (series, vehicle), number)| {
            let first = format!("{province}{letter}{series}");
            let printed = format!("{first}-{number}");
            valid(
                PlateClass::LegacyShort,
                [first, number],
                printed,
                white(vehicle),
            )
        })
        .boxed()
}

/// Valid plates of all classes.
pub(crate) fn any_valid() -> impl Strategy<Value = Valid> {
    prop_oneof![
        car(),
        motorbike(),
        blue_car(),
        special(),
        diplomatic(),
        other(),
        short()
    ]
}

pub(crate) fn any_clues() -> impl Strategy<Value = Clues> {
    use PlateColour::{Blue, Red, Unknown, White, Yellow};
    let vehicle = select(vec![
        None,
        Some(Class::Person),
        Some(Class::Bicycle),
        Some(Class::Car),
        Some(Class::Motorbike),
        Some(Class::Bus),
        Some(Class::Truck),
    ]);
    (select(vec![Unknown, White, Yellow, Blue, Red]), vehicle)
        .prop_map(|(colour, vehicle)| Clues { colour, vehicle })
}
