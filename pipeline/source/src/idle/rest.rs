//! Which coded pictures are decoded. Pure: what comes in and what its reader wants are input.
//!
//! Awake all are. At rest only key frames are, and what follows the newest one is kept, so that it
//! can be decoded after all when something moves.

use super::{
    units::{Kind, Unit},
    watch::SizeWatch,
};
use std::time::Duration;

/// Key frames further apart than this keep a stream awake: nobody may wait for so many pictures to
/// be decoded at once.
pub(crate) const KEY_INTERVAL_MAX: Duration = Duration::from_millis(4200);

/// So many buffers in a row without a picture that can be made out are told.
const N_UNREADABLE_MAX: u32 = 50;

/// Without a key frame for so long the operator is told.
const WITHOUT_KEY_MAX: Duration = Duration::from_secs(12);

/// At rest a key frame sooner than this after the newest one decoded is not decoded.
const SHOW_INTERVAL: Duration = Duration::from_millis(900);

/// Whoever takes the frames has this long to say that it wants them all.
const AWAKE_MIN: Duration = Duration::from_secs(2);

/// Nothing more is kept: a high-resolution camera's 4 s.
const KEPT_BYTES_MAX: usize = 16 << 20;

/// A stream whose time goes back by more than this has begun anew.
const SET_BACK: Duration = Duration::from_secs(1);

/// One coded picture as it arrives.
pub(crate) struct Arrival<B> {
    /// `None` for what cannot be made out.
    pub(crate) unit: Option<Unit>,
    /// When it is due for decoding, in the stream's own time.
    pub(crate) at: Option<Duration>,
    /// The picture itself.
    pub(crate) buffer: B,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step<B> {
    /// Decode it.
    Decode(B),
    /// Nothing: it is kept.
    Keep,
    /// Decode this key frame, and have the decoder give the picture now.
    Show(B),
    /// Decode these one after another. The decoder has given the first one's picture before when
    /// it is `repeated`.
    CatchUp { kept: Vec<B>, repeated: bool },
}

/// Why a stream is not put to rest, although its reader would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// Key frames come too seldom.
    FewKeyFrames,
    /// Every picture has the same size.
    SameSizes,
    /// It is not what its format says, or has no times.
    Unreadable,
}

/// One stream, awake or at rest.
#[derive(Debug)]
pub(crate) struct Rest<B> {
    watch: SizeWatch,
    /// At rest: the newest key frame and what follows it.
    kept: Option<Kept<B>>,
    first_at: Option<Duration>,
    last_at: Option<Duration>,
    last_key_at: Option<Duration>,
    key_interval: Option<Duration>,
    shown_at: Option<Duration>,
    awake_since: Option<Duration>,
    /// Woken by sizes, and nobody has wanted the frames yet.
    is_alarm: bool,
    n_passed_over: u64,
    n_unreadable: u32,
    doubt: Option<Doubt>,
}

#[derive(Debug)]
struct Kept<B> {
    buffers: Vec<B>,
    n_bytes: usize,
    /// The first one was decoded.
    is_shown: bool,
}

impl<B: Clone> Rest<B> {
    pub(crate) fn new() -> Self {
        Self {
            watch: SizeWatch::new(),
            kept: None,
            first_at: None,
            last_at: None,
            last_key_at: None,
            key_interval: None,
            shown_at: None,
            awake_since: None,
            is_alarm: false,
            n_passed_over: 0,
            n_unreadable: 0,
            doubt: None,
        }
    }

    /// Takes the next picture, in coding order.
    pub(crate) fn take(&mut self, arrival: Arrival<B>, is_wanted: bool) -> Step<B> {
        let Arrival { unit, at, buffer } = arrival;
        let (Some(unit), Some(at)) = (unit, at) else {
            // Parameters alone are no picture; a stream without any is another format.
            self.n_unreadable += 1;
            if self.n_unreadable == N_UNREADABLE_MAX {
                self.doubt = Some(Doubt::Unreadable);
            }
            return self.wake(buffer, at.or(self.last_at));
        };
        if self.last_at.is_some_and(|last| at + SET_BACK < last) {
            *self = Self {
                kept: self.kept.take(),
                n_passed_over: self.n_passed_over,
                ..Self::new()
            };
            return self.wake(buffer, Some(at));
        }
        self.n_unreadable = 0;
        self.last_at = Some(at);
        let first_at = *self.first_at.get_or_insert(at);
        let is_key = unit.kind == Kind::Key;
        if is_key {
            self.note_key(at);
        }
        let moves = if is_wanted {
            self.is_alarm = false;
            self.watch.pass_over(unit);
            false
        } else {
            self.watch.sees_motion(unit)
        };
        if self.kept.is_some() {
            let is_long = self
                .last_key_at
                .is_none_or(|key| key + KEY_INTERVAL_MAX < at);
            if is_wanted || moves || is_long {
                self.is_alarm = moves && !is_wanted;
                return self.wake(buffer, Some(at));
            }
            return self.keep((unit, at), buffer);
        }
        if is_key && self.may_rest(at, is_wanted) {
            return self.keep((unit, at), buffer);
        }
        if self.last_key_at.unwrap_or(first_at) + WITHOUT_KEY_MAX < at {
            self.doubt = Some(Doubt::FewKeyFrames);
        }
        Step::Decode(buffer)
    }

    /// A format begins: nothing that was kept can be decoded with it.
    pub(crate) fn begin_anew(&mut self) {
        let n_passed_over = self.n_passed_over + self.kept.as_ref().map_or(0, Kept::n_unseen);
        *self = Self {
            n_passed_over,
            ..Self::new()
        };
    }

    /// Pictures that were not decoded, and will not be, since it was last asked.
    pub(crate) fn take_passed_over(&mut self) -> u64 {
        std::mem::take(&mut self.n_passed_over)
    }

    /// Why it stays awake, when that is new.
    pub(crate) fn take_doubt(&mut self) -> Option<Doubt> {
        self.doubt.take()
    }

    fn note_key(&mut self, at: Duration) {
        self.key_interval = self.last_key_at.map(|last| at.saturating_sub(last));
        self.last_key_at = Some(at);
    }

    fn may_rest(&mut self, at: Duration, is_wanted: bool) -> bool {
        let awake_since = *self.awake_since.get_or_insert(at);
        if is_wanted || at < awake_since + AWAKE_MIN || !self.watch.is_quiet() {
            return false;
        }
        match self.key_interval {
            Some(interval) if interval <= KEY_INTERVAL_MAX => {}
            None => return false,
            Some(_) => {
                self.doubt = Some(Doubt::FewKeyFrames);
                return false;
            }
        }
        if !self.watch.is_telling() {
            self.doubt = Some(Doubt::SameSizes);
            return false;
        }
        let was_alarm = std::mem::take(&mut self.is_alarm);
        self.watch.learn(was_alarm);
        true
    }

    fn keep(&mut self, (unit, at): (Unit, Duration), buffer: B) -> Step<B> {
        if unit.kind != Kind::Key {
            if let Some(kept) = &mut self.kept {
                kept.n_bytes += unit.n_bytes;
                if kept.n_bytes <= KEPT_BYTES_MAX {
                    kept.buffers.push(buffer);
                    return Step::Keep;
                }
            }
            self.doubt = Some(Doubt::FewKeyFrames);
            return self.wake(buffer, Some(at));
        }
        self.n_passed_over += self.kept.as_ref().map_or(0, Kept::n_unseen);
        let is_shown = self
            .shown_at
            .is_none_or(|shown| shown + SHOW_INTERVAL <= at);
        self.kept = Some(Kept {
            buffers: vec![buffer.clone()],
            n_bytes: unit.n_bytes,
            is_shown,
        });
        if !is_shown {
            return Step::Keep;
        }
        self.shown_at = Some(at);
        Step::Show(buffer)
    }

    fn wake(&mut self, buffer: B, at: Option<Duration>) -> Step<B> {
        self.awake_since = at;
        self.shown_at = None;
        match self.kept.take() {
            None => Step::Decode(buffer),
            Some(mut kept) => {
                kept.buffers.push(buffer);
                Step::CatchUp {
                    kept: kept.buffers,
                    repeated: kept.is_shown,
                }
            }
        }
    }
}

impl<B> Kept<B> {
    fn n_unseen(&self) -> u64 {
        let n_shown = usize::from(self.is_shown);
        u64::try_from(self.buffers.len().saturating_sub(n_shown)).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOP: u64 = 25;

    struct Stream {
        rest: Rest<u64>,
        n: u64,
        gop: u64,
    }

    impl Stream {
        fn new(gop: u64) -> Self {
            let rest = Rest::new();
            Self { rest, n: 0, gop }
        }

        fn next(&mut self, size: usize, is_wanted: bool) -> Step<u64> {
            let n = self.n;
            self.n += 1;
            let is_key = n.is_multiple_of(self.gop);
            let kind = if is_key { Kind::Key } else { Kind::Reference };
            let n_bytes = size + (n * 7 % 11) as usize;
            self.rest.take(
                Arrival {
                    unit: Some(Unit { kind, n_bytes }),
                    at: Some(Duration::from_millis(n * 40)),
                    buffer: n,
                },
                is_wanted,
            )
        }

        fn is_at_rest(&self) -> bool {
            self.rest.kept.is_some()
        }

        /// Until just after a key frame at rest.
        fn put_to_rest(&mut self) {
            while !self.is_at_rest() {
                assert!(self.n < 1000, "{:?}", self.rest);
                self.next(400, false);
            }
        }
    }

    #[test]
    fn nothing_rests_that_is_wanted() {
        let mut stream = Stream::new(GOP);
        for n in 0..2000 {
            assert_eq!(stream.next(400, true), Step::Decode(n));
        }
        assert_eq!(stream.rest.take_passed_over(), 0);
    }

    #[test]
    fn at_rest_key_frames_are_shown_and_the_rest_is_counted() {
        let mut stream = Stream::new(GOP);
        stream.put_to_rest();
        let first = stream.n - 1;
        assert!(first.is_multiple_of(GOP));
        for n in first + 1..first + 1 + 4 * GOP {
            let expect = if n.is_multiple_of(GOP) {
                Step::Show(n)
            } else {
                Step::Keep
            };
            assert_eq!(stream.next(400, false), expect);
        }
        assert_eq!(stream.rest.take_passed_over(), 4 * (GOP - 1));
    }

    #[test]
    fn what_moves_and_what_is_wanted_brings_all_since_the_key_frame() {
        for (size, is_wanted) in [(4000, false), (400, true)] {
            let mut stream = Stream::new(GOP);
            stream.put_to_rest();
            let key = stream.n - 1;
            for _ in 0..9 {
                assert_eq!(stream.next(400, false), Step::Keep);
            }
            let expect = Step::CatchUp {
                kept: (key..=key + 10).collect(),
                repeated: true,
            };
            assert_eq!(stream.next(size, is_wanted), expect);
            assert_eq!(stream.rest.take_passed_over(), 0);
            assert_eq!(stream.next(400, is_wanted), Step::Decode(key + 11));
        }
    }

    #[test]
    fn what_is_wanted_just_before_a_key_frame_is_not_lost() {
        let mut stream = Stream::new(GOP);
        stream.put_to_rest();
        let key = stream.n - 1;
        for _ in 1..GOP {
            stream.next(400, false);
        }
        let Step::CatchUp { kept, .. } = stream.next(400, true) else {
            panic!("{:?}", stream.rest)
        };
        assert_eq!(kept, (key..=key + GOP).collect::<Vec<_>>());
    }

    #[test]
    fn key_frames_that_are_close_are_not_all_shown() {
        let mut stream = Stream::new(5);
        stream.put_to_rest();
        let steps: Vec<_> = (0..106).map(|_| stream.next(400, false)).collect();
        let n_shown = steps.iter().filter(|s| matches!(s, Step::Show(_))).count();
        assert_eq!(n_shown, 4);
        // From one that was not shown nothing is repeated.
        let is_wanted = true;
        let Step::CatchUp { repeated, .. } = stream.next(400, is_wanted) else {
            panic!("{:?}", stream.rest)
        };
        assert!(!repeated);
    }

    #[test]
    fn few_key_frames_and_missing_times_keep_it_awake_and_are_told() {
        let mut stream = Stream::new(250);
        for n in 0..2000 {
            assert_eq!(stream.next(400, false), Step::Decode(n));
        }
        assert_eq!(stream.rest.take_doubt(), Some(Doubt::FewKeyFrames));

        let mut stream = Stream::new(GOP);
        stream.put_to_rest();
        stream.next(400, false);
        let arrival = Arrival {
            unit: None,
            at: None,
            buffer: 7,
        };
        let woken = stream.rest.take(arrival, false);
        assert!(matches!(woken, Step::CatchUp { kept, .. } if kept.len() == 3));
        for buffer in 1..u64::from(N_UNREADABLE_MAX) {
            assert_eq!(stream.rest.take_doubt(), None);
            let (unit, at) = (None, Some(Duration::ZERO));
            stream.rest.take(Arrival { unit, at, buffer }, false);
        }
        assert_eq!(stream.rest.take_doubt(), Some(Doubt::Unreadable));
    }

    #[test]
    fn key_frames_that_stop_coming_wake_it() {
        let mut stream = Stream::new(GOP);
        stream.put_to_rest();
        let key = stream.n - 1;
        stream.gop = u64::MAX;
        let woken = (0..200).find_map(|_| match stream.next(400, false) {
            Step::CatchUp { kept, .. } => Some(kept),
            _ => None,
        });
        let n = KEY_INTERVAL_MAX.as_millis() as u64 / 40 + 1;
        assert_eq!(woken.unwrap(), (key..=key + n).collect::<Vec<_>>());
    }

    #[test]
    fn a_stream_that_begins_anew_wakes() {
        let mut stream = Stream::new(GOP);
        stream.put_to_rest();
        stream.next(400, false);
        let key = stream.n - 2;
        stream.n = 0;
        let expect = Step::CatchUp {
            kept: vec![key, key + 1, 0],
            repeated: true,
        };
        assert_eq!(stream.next(400, false), expect);
        assert!(!stream.is_at_rest());

        stream.put_to_rest();
        stream.next(400, false);
        stream.rest.take_passed_over();
        stream.rest.begin_anew();
        assert_eq!(stream.rest.take_passed_over(), 1);
        assert!(!stream.is_at_rest());
    }
}
