use super::*;

const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const DELAY: Duration = Duration::from_millis(500);

fn ms(ms: u64) -> Option<Duration> {
    Some(Duration::from_millis(ms))
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_micros(START.as_micros() + ms * 1000)
}

fn fixed() -> Timeline {
    Timeline::new(Anchor::Fixed { starts_at: START })
}

fn wall() -> Timeline {
    Timeline::new(Anchor::Wall {
        source_delay_max: DELAY,
    })
}

#[test]
fn a_file_is_exact_whatever_its_first_time() {
    let mut timeline = fixed();
    for n in 0..100 {
        let stamped = timeline.stamp(ms(3_600_000 + n * 40), Timestamp::EPOCH);
        assert_eq!(stamped, at(i64::try_from(n * 40).unwrap()));
    }
    assert_eq!(timeline.stats().clock_error_bound, Duration::ZERO);
    assert_eq!(timeline.stats().interval, ms(40));
    assert_eq!(timeline.stats().started_at, Some(START));
    assert_eq!(
        (
            timeline.stats().n_discontinuities,
            timeline.stats().n_nudged
        ),
        (0, 0)
    );
}

#[test]
fn a_looped_file_goes_on() {
    let mut timeline = fixed();
    for _ in 0..3 {
        timeline.restart();
        for n in 0..10 {
            timeline.stamp(ms(n * 40), Timestamp::EPOCH);
        }
    }
    assert_eq!(timeline.stamp(ms(400), Timestamp::EPOCH), at(1200));
    assert_eq!(timeline.stats().n_discontinuities, 0);
}

#[test]
fn a_pause_in_a_file_is_kept_and_a_jump_is_not() {
    let mut timeline = fixed();
    timeline.stamp(ms(0), Timestamp::EPOCH);
    assert_eq!(timeline.stamp(ms(60_000), Timestamp::EPOCH), at(60_000));
    assert_eq!(timeline.stats().n_discontinuities, 0);
    for pts in [5_000, 90_000_000, 90_000_040] {
        timeline.stamp(ms(pts), Timestamp::EPOCH);
    }
    assert_eq!(timeline.stats().n_discontinuities, 2);
    assert!(timeline.stats().n_nudged == 0);
}

#[test]
fn a_frame_without_a_time_takes_the_next_place() {
    let mut timeline = fixed();
    for n in 0..6 {
        timeline.stamp(ms(n * 20), Timestamp::EPOCH);
    }
    assert_eq!(timeline.stamp(None, Timestamp::EPOCH), at(120));
}

#[test]
fn a_camera_keeps_its_own_intervals() {
    let mut timeline = wall();
    for n in 0..200_i64 {
        // The clock is read up to 9 ms late; the frames are 40 ms apart all the same.
        let read = at(n * 40 + (n * 7) % 10);
        let stamped = timeline.stamp(ms(u64::try_from(n * 40).unwrap()), read);
        let error = stamped.as_micros() - at(n * 40).as_micros();
        assert!((0..10_000).contains(&error), "{n}: {error}");
    }
    let stats = timeline.stats();
    assert!(
        stats.interval.unwrap().abs_diff(Duration::from_millis(40)) < Duration::from_micros(500)
    );
    assert!(DELAY <= stats.clock_error_bound && stats.clock_error_bound < DELAY * 2);
    assert_eq!((stats.n_discontinuities, stats.n_nudged), (0, 0));
}

#[test]
fn a_camera_that_starts_late_is_not_ahead_of_the_clock_for_long() {
    let mut timeline = wall();
    let mut last = None;
    for n in 0..40_i64 {
        // The first frame comes 120 ms late, each later one 8 ms sooner, down to no delay.
        let now = at(n * 40 + (120 - n * 8).max(0));
        let stamped = timeline.stamp(ms(u64::try_from(n * 40).unwrap()), now);
        assert!(
            stamped <= now,
            "frame {n} is captured {:?} after it came",
            stamped.since(now)
        );
        assert!(last < Some(stamped));
        last = Some(stamped);
    }
    assert_eq!(last, Some(at(39 * 40)));
    assert_eq!(
        (
            timeline.stats().n_discontinuities,
            timeline.stats().n_nudged
        ),
        (0, 0)
    );
}

/// Feeds a camera whose stream and clock jump at frame 50, and gives the times of 100 frames.
fn jump(pts_ms: i64, clock_ms: i64) -> (Timeline, Vec<i64>) {
    let mut timeline = wall();
    let times = (0..100_i64)
        .map(|n| {
            let later = i64::from(50 <= n);
            let pts = u64::try_from(100_000 + n * 40 + later * pts_ms).unwrap();
            let stamped = timeline.stamp(ms(pts), at(n * 40 + later * clock_ms));
            (stamped.as_micros() - START.as_micros()) / 1000
        })
        .collect::<Vec<i64>>();
    let n_falls = times.windows(2).filter(|pair| pair[1] <= pair[0]).count();
    let n_set_back = timeline.stats().n_set_back;
    assert_eq!(u64::try_from(n_falls).unwrap(), n_set_back, "{times:?}");
    (timeline, times)
}

#[test]
fn a_jump_of_the_stream_alone_does_not_move_the_times() {
    for pts_ms in [-100_000, -10_000, 10_000, 95_443_718] {
        let (timeline, times) = jump(pts_ms, 0);
        assert_eq!(times[99], 99 * 40, "{pts_ms}");
        assert_eq!(timeline.stats().n_discontinuities, 1, "{pts_ms}");
        assert_eq!(timeline.stats().n_nudged, 0, "{pts_ms}");
    }
}

#[test]
fn a_pause_of_a_camera_is_a_pause() {
    let (timeline, times) = jump(7_000, 7_000);
    assert_eq!(times[50] - times[49], 7_040);
    assert_eq!(timeline.stats().n_discontinuities, 0);
    assert_eq!(timeline.missing_between(at(times[49]), at(times[50])), 175);
    assert_eq!(timeline.missing_between(at(times[48]), at(times[49])), 0);
}

#[test]
fn a_clock_that_is_set_forward_is_followed() {
    let (timeline, times) = jump(0, 3_600_000);
    assert_eq!(times[50] - times[49], 3_600_040);
    assert_eq!(timeline.stats().n_discontinuities, 1);
    assert_eq!(timeline.stats().clock_error_bound, DELAY);
}

#[test]
fn a_clock_that_is_set_back_is_followed_at_once() {
    for clock_ms in [-1_100, -60_000, -10_800_000] {
        let (timeline, times) = jump(0, clock_ms);
        assert_eq!(times[50], 50 * 40 + clock_ms);
        assert_eq!(times[99], 99 * 40 + clock_ms);
        let stats = timeline.stats();
        assert_eq!((stats.n_discontinuities, stats.n_set_back), (1, 1));
        assert_eq!((stats.n_nudged, stats.clock_error_bound), (0, DELAY));
        assert_eq!(stats.started_at, Some(at(times[50])));
    }
}

#[test]
fn a_clock_that_is_set_back_a_little_is_approached_and_the_bound_says_so() {
    let (timeline, times) = jump(0, -800);
    assert_eq!(times[50] - times[49], 40);
    assert!((0..=20).contains(&(99 * 40 - times[99])), "{}", times[99]);
    let stats = timeline.stats();
    assert_eq!((stats.n_discontinuities, stats.n_set_back), (1, 0));
    let ahead = stats.clock_error_bound - DELAY;
    assert!(
        (Duration::from_millis(780)..=Duration::from_millis(800)).contains(&ahead),
        "{ahead:?}"
    );
}

#[test]
fn small_steps_back_do_not_add_up() {
    let mut timeline = wall();
    for n in 0..1000_i64 {
        // Every 4 s the clock is set back by 0.7 s.
        let read = at(n * 40 - n / 100 * 700);
        let stamped = timeline.stamp(ms(u64::try_from(n * 40).unwrap()), read);
        assert!(stamped.since(read) <= Duration::from_millis(1000), "{n}");
    }
    assert!(0 < timeline.stats().n_set_back);
}

#[test]
fn a_clock_that_is_set_back_while_the_camera_is_away_is_followed() {
    let mut timeline = wall();
    for n in 0..20_i64 {
        timeline.stamp(ms(u64::try_from(n * 40).unwrap()), at(n * 40));
    }
    timeline.restart();
    assert_eq!(timeline.stamp(ms(0), at(-3_600_000)), at(-3_600_000));
    assert_eq!(timeline.stamp(ms(40), at(-3_599_960)), at(-3_599_960));
    assert_eq!(timeline.stats().n_set_back, 1);
}

#[test]
fn a_clock_that_is_disciplined_is_followed() {
    let mut timeline = wall();
    let mut worst = 0;
    for n in 0..25_000_i64 {
        // 500 ppm, the most that NTP slews.
        let now = Timestamp::from_micros(START.as_micros() + n * 40_020);
        let stamped = timeline.stamp(ms(u64::try_from(n * 40).unwrap()), now);
        worst = worst.max((stamped.as_micros() - now.as_micros()).abs());
    }
    assert!(worst < 10_000, "{worst}");
    assert_eq!(timeline.stats().n_discontinuities, 0);
}

/// Any stream and any clock: times rise strictly but when the clock was set back, and nothing
/// panics.
#[test]
fn times_always_rise() {
    let mut random = 42_u64;
    let mut next = |below: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    };
    for anchor in [Anchor::Fixed { starts_at: START }, wall().anchor] {
        let mut timeline = Timeline::new(anchor);
        let mut last = None;
        for _ in 0..20_000 {
            let pts = match next(10) {
                0 => None,
                1 => Some(Duration::from_micros(next(u64::MAX))),
                _ => Some(Duration::from_millis(next(100_000))),
            };
            if next(100) == 0 {
                timeline.restart();
            }
            let clock = Timestamp::from_micros(i64::try_from(next(1 << 50)).unwrap());
            let n_set_back = timeline.stats().n_set_back;
            let stamped = timeline.stamp(pts, clock);
            if timeline.stats().n_set_back == n_set_back {
                assert!(last < Some(stamped), "{last:?} {stamped:?}");
            } else {
                assert_ne!(timeline.anchor, Anchor::Fixed { starts_at: START });
                assert!(last > Some(clock.saturating_add(Duration::from_secs(1))));
            }
            last = Some(stamped);
        }
        assert_eq!(timeline.stats().n_stamped, 20_000);
    }
}
