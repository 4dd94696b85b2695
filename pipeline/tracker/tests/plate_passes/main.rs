//! Many passes of vehicles whose plates are read with noise: how often the vote is right, how often
//! it is decisive and wrong (never), and how both compare with counting shares.

mod shares;

use domain::{BoxInImage, CharRead, PlateColour, PlateRead, RowRead};
use shares::Shares;
use tracker::{PlateBallot, PlateVoteConfig};

/// Passes of each kind.
const PASSES: u64 = 100;

/// What readers take for each other.
const PAIRS: [(char, char); 8] = [
    ('8', 'B'),
    ('0', 'D'),
    ('1', '7'),
    ('3', '8'),
    ('5', '6'),
    ('2', 'Z'),
    ('5', 'S'),
    ('4', 'A'),
];

/// Splitmix64 (Steele, Lea and Flood 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / 16_777_216.0
    }

    fn within(&mut self, min: f32, max: f32) -> f32 {
        min + self.unit() * (max - min)
    }

    fn is(&mut self, p: f32) -> bool {
        self.unit() < p
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.next() as usize % of.len()]
    }
}

/// What goes wrong in a kind of pass.
#[derive(Clone, Copy)]
struct Noise {
    name: &'static str,
    /// A character is taken for another, each time anew.
    misread: f32,
    /// One place is dirty, all the way: so often it is misread.
    dirty: f32,
    narrow_missed: f32,
    doubled: f32,
    row_lost: f32,
    rows_joined: f32,
    /// The vehicle stands; else it comes nearer.
    stands: bool,
}

const CLEAN: Noise = Noise {
    name: "clean",
    misread: 0.005,
    dirty: 0.0,
    narrow_missed: 0.0,
    doubled: 0.0,
    row_lost: 0.0,
    rows_joined: 0.0,
    stands: false,
};

const KINDS: [Noise; 8] = [
    CLEAN,
    Noise {
        name: "independent",
        misread: 0.06,
        ..CLEAN
    },
    Noise {
        name: "independent, standing",
        misread: 0.06,
        stands: true,
        ..CLEAN
    },
    Noise {
        name: "bad night",
        misread: 0.18,
        ..CLEAN
    },
    Noise {
        name: "one place dirty",
        misread: 0.02,
        dirty: 0.45,
        ..CLEAN
    },
    Noise {
        name: "one place dirty, standing",
        misread: 0.02,
        dirty: 0.45,
        stands: true,
        ..CLEAN
    },
    Noise {
        name: "dropped and doubled",
        misread: 0.02,
        narrow_missed: 0.2,
        doubled: 0.04,
        ..CLEAN
    },
    Noise {
        name: "rows lost and joined",
        misread: 0.03,
        row_lost: 0.2,
        rows_joined: 0.12,
        narrow_missed: 0.05,
        ..CLEAN
    },
];

fn truth(chance: &mut Chance) -> Vec<String> {
    let digits = |chance: &mut Chance, n: usize| -> String {
        (0..n)
            .map(|_| chance.pick(&['0', '1', '1', '2', '3', '4', '5', '6', '7', '8', '9']))
            .collect()
    };
    let province = chance.pick(&["29", "30", "51", "43", "15", "80"]);
    let letter = chance.pick(&['A', 'B', 'C', 'D', 'F', 'S', 'Z']);
    let last = chance.pick(&['1', '2', '3', '5', '8']);
    if chance.is(0.5) {
        return vec![format!("{province}{letter}{}{last}", digits(chance, 4))];
    }
    let n = chance.pick(&['1', '3', '5', '8']);
    vec![
        format!("{province}{letter}{n}"),
        format!("{}{last}", digits(chance, 4)),
    ]
}

fn twin(c: char, chance: &mut Chance) -> char {
    let twins: Vec<char> = PAIRS
        .iter()
        .filter_map(|(a, b)| match c {
            _ if c == *a => Some(*b),
            _ if c == *b => Some(*a),
            _ => None,
        })
        .collect();
    if twins.is_empty() {
        chance.pick(&['H', 'N', '6', '9', '4'])
    } else {
        chance.pick(&twins)
    }
}

/// A character as a reader with honest scores gives it.
fn char_read(c: char, p: f32, chance: &mut Chance) -> CharRead {
    let other = twin(c, chance);
    let is_misread = other != c && chance.is(p);
    let (best, second) = if is_misread { (other, c) } else { (c, other) };
    // A misreading is seldom sure of itself, and now and then it is.
    let score = if is_misread {
        chance.within(0.4, 0.93)
    } else {
        chance.within(0.75, 0.995)
    };
    let second_score = (1.0 - score) * chance.within(0.3, 0.9);
    CharRead {
        best,
        score,
        alternatives: vec![(second, second_score)],
    }
}

fn read(
    rows: &[String],
    noise: Noise,
    (dirty, frame): (usize, u32),
    chance: &mut Chance,
) -> PlateRead {
    let width_px = if noise.stands {
        110.0
    } else {
        30.0 + 9.0 * frame as f32
    };
    let far = if width_px < 60.0 { 2.0 } else { 1.0 };
    let mut place = 0;
    let mut read_rows = Vec::new();
    for row in rows {
        let mut chars = Vec::new();
        for c in row.chars() {
            let p = if place == dirty {
                noise.dirty.max(noise.misread)
            } else {
                noise.misread * far
            };
            place += 1;
            if c == '1' && chance.is(noise.narrow_missed) {
                continue;
            }
            chars.push(char_read(c, p, chance));
            if chance.is(noise.doubled) {
                chars.push(char_read(c, p, chance));
            }
        }
        if !chars.is_empty() {
            read_rows.push(RowRead { chars });
        }
    }
    if read_rows.len() == 2 && chance.is(noise.row_lost) {
        read_rows.remove(usize::from(chance.is(0.5)));
    } else if read_rows.len() == 2 && chance.is(noise.rows_joined) {
        let lower = read_rows.remove(1);
        read_rows[0].chars.extend(lower.chars);
    }
    let jitter = chance.within(-1.5, 1.5);
    let (x, y) = if noise.stands {
        (300.0, 200.0)
    } else {
        (300.0, 80.0 + 14.0 * frame as f32)
    };
    PlateRead {
        bounds: BoxInImage::new(x + jitter, y, x + jitter + width_px, y + 30.0),
        corners: None,
        detect_score: 0.9,
        rows: read_rows,
        colour: PlateColour::White,
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Figures {
    right: u32,
    decisive: u32,
    decisive_wrong: u32,
}

impl Figures {
    fn add(&mut self, other: &Self) {
        self.right += other.right;
        self.decisive += other.decisive;
        self.decisive_wrong += other.decisive_wrong;
    }
}

/// One pass: what the evidence says, and what shares would have said.
fn pass(noise: Noise, seed: u64) -> [Figures; 2] {
    let mut chance = Chance(seed);
    let rows = truth(&mut chance);
    let truth = rows.join("/");
    let n_chars: usize = rows.iter().map(String::len).sum();
    let dirty = chance.next() as usize % n_chars;
    let n_frames = 6 + chance.next() as u32 % 10;
    let (mut ballot, mut shares) = (PlateBallot::default(), Shares::default());
    let mut decided: [Vec<String>; 2] = Default::default();
    let mut text = String::new();
    for frame in 0..n_frames {
        let read = read(&rows, noise, (dirty, frame), &mut chance);
        ballot.add(&read);
        shares.add(&read);
        let tally = ballot.tally().expect("it was read");
        let voted: Vec<String> = tally.vote.rows.iter().map(RowRead::text).collect();
        text = voted.join("/");
        if tally.is_decisive(&PlateVoteConfig::default()) {
            decided[0].push(text.clone());
        }
        if shares.is_decisive() {
            decided[1].extend(shares.text());
        }
    }
    let figures = |text: &str, decided: &[String]| Figures {
        right: u32::from(text == truth),
        decisive: u32::from(!decided.is_empty()),
        decisive_wrong: u32::from(decided.iter().any(|text| *text != truth)),
    };
    let of_shares = shares.text().unwrap_or_default();
    [
        figures(&text, &decided[0]),
        figures(&of_shares, &decided[1]),
    ]
}

#[test]
fn evidence_is_right_at_least_as_often_as_shares_and_never_decisive_and_wrong() {
    let mut all = [Figures::default(), Figures::default()];
    let mut worse = Vec::new();
    for (kind, noise) in (0_u64..).zip(KINDS) {
        let mut of_kind = [Figures::default(), Figures::default()];
        for n in 0..PASSES {
            let [evidence, shares] = pass(noise, kind * 1_000_003 + n);
            of_kind[0].add(&evidence);
            of_kind[1].add(&shares);
        }
        let [evidence, shares] = of_kind;
        println!(
            "{} ({PASSES}): evidence {evidence:?}, shares {shares:?}",
            noise.name
        );
        if evidence.right + 1 < shares.right {
            worse.push(noise.name);
        }
        all[0].add(&evidence);
        all[1].add(&shares);
    }
    let [evidence, shares] = all;
    println!("all: evidence {evidence:?}, shares {shares:?}");
    assert!(worse.is_empty(), "{worse:?}");
    assert!(shares.right <= evidence.right);
    assert_eq!(evidence.decisive_wrong, 0);
    assert!(u32::try_from(PASSES).unwrap() < evidence.decisive);
}
