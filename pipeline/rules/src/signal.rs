//! The phase of a signal over time, believed only when several frames agree.

use domain::{SignalPhase, Timestamp};
use std::{collections::VecDeque, time::Duration};

/// When a phase is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalFilterConfig {
    /// So many frames in a row show it …
    pub frames_min: u32,
    /// … or at least two in a row do for so long, when frames are rare.
    pub span_min: Duration,
    /// When no phase has been believable for so long, the signal is unknown.
    pub contradiction_max: Duration,
    /// Two looks at the signal further apart than this say nothing of the time between them.
    pub gap_max: Duration,
}

impl Default for SignalFilterConfig {
    fn default() -> Self {
        Self {
            frames_min: 3,
            span_min: Duration::from_millis(250),
            contradiction_max: Duration::from_millis(1000),
            gap_max: Duration::from_millis(800),
        }
    }
}

/// What the filter says about one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhaseAt {
    /// The phase, and the capture time of the first frame that showed it.
    Believed {
        /// The phase.
        phase: SignalPhase,
        /// Since when, at the latest.
        since: Timestamp,
    },
    /// Between two phases, or while nothing could be believed: never to be known.
    Unclear,
    /// The frames that settle it have not come yet.
    NotYet,
}

/// Smooths the phases that single frames show, and remembers the last ones.
#[derive(Clone, Debug)]
pub struct SignalFilter {
    config: SignalFilterConfig,
    /// Phases that were believed, oldest first; they do not overlap.
    spans: VecDeque<Span>,
    run: Option<Run>,
    n_out_of_order: u64,
}

/// From the first to the newest frame of a believed phase.
#[derive(Clone, Copy, Debug)]
struct Span {
    phase: SignalPhase,
    first_at: Timestamp,
    last_at: Timestamp,
    is_open: bool,
}

/// Frames in a row that show one phase.
#[derive(Clone, Copy, Debug)]
struct Run {
    phase: SignalPhase,
    first_at: Timestamp,
    last_at: Timestamp,
    n_frames: u32,
}

/// Some minutes of phases: longer than any finding waits.
const SPANS_MAX: usize = 32;

impl SignalFilter {
    /// Nothing was seen yet.
    pub fn new(config: SignalFilterConfig) -> Self {
        Self {
            config,
            spans: VecDeque::new(),
            run: None,
            n_out_of_order: 0,
        }
    }

    /// Takes what one frame shows. A frame that is not later than the one before is counted and
    /// left out.
    pub fn step(&mut self, at: Timestamp, phase: SignalPhase) {
        let run = match self.run {
            Some(run) if at <= run.last_at => {
                self.n_out_of_order += 1;
                return;
            }
            Some(run) if at.since(run.last_at) > self.config.gap_max => {
                self.close();
                Run::new(at, phase)
            }
            Some(run) if run.phase == phase => Run {
                last_at: at,
                n_frames: run.n_frames.saturating_add(1),
                ..run
            },
            _ => Run::new(at, phase),
        };
        self.run = Some(run);
        if self.is_believable(&run) {
            self.believe(&run);
        } else if let Some(open) = self.open()
            && at.since(open.last_at) > self.config.contradiction_max
        {
            self.close();
        }
    }

    /// What is believed now.
    pub fn phase(&self) -> SignalPhase {
        self.open().map_or(SignalPhase::Unknown, |span| span.phase)
    }

    /// What the signal showed at a moment, as far as can be told by now.
    ///
    /// A phase holds from its first to its last frame; the change itself fell between two frames,
    /// and nobody is accused of what happened in between.
    pub fn at(&self, at: Timestamp) -> PhaseAt {
        let covering = self
            .spans
            .iter()
            .find(|span| span.first_at <= at && at <= span.last_at);
        if let Some(span) = covering {
            return PhaseAt::Believed {
                phase: span.phase,
                since: span.first_at,
            };
        }
        let newest_at = self.spans.back().map(|span| span.last_at);
        if newest_at.is_some_and(|newest_at| at < newest_at) {
            return PhaseAt::Unclear;
        }
        // After the newest span: it may still be extended, or another begin before that moment.
        if self.open().is_some() || self.spans.is_empty() {
            PhaseAt::NotYet
        } else {
            PhaseAt::Unclear
        }
    }

    /// How many frames came out of order and were left out.
    pub fn n_out_of_order(&self) -> u64 {
        self.n_out_of_order
    }

    fn is_believable(&self, run: &Run) -> bool {
        let is_long = 2 <= run.n_frames && self.config.span_min <= run.last_at.since(run.first_at);
        self.config.frames_min <= run.n_frames || is_long
    }

    fn believe(&mut self, run: &Run) {
        if let Some(open) = self.spans.back_mut().filter(|span| span.is_open) {
            if open.phase == run.phase {
                open.last_at = run.last_at;
                return;
            }
            open.is_open = false;
        }
        self.spans.push_back(Span {
            phase: run.phase,
            first_at: run.first_at,
            last_at: run.last_at,
            is_open: true,
        });
        if SPANS_MAX < self.spans.len() {
            self.spans.pop_front();
        }
    }

    fn open(&self) -> Option<&Span> {
        self.spans.back().filter(|span| span.is_open)
    }

    fn close(&mut self) {
        if let Some(span) = self.spans.back_mut() {
            span.is_open = false;
        }
    }
}

impl Run {
    fn new(at: Timestamp, phase: SignalPhase) -> Self {
        Self {
            phase,
            first_at: at,
            last_at: at,
            n_frames: 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SignalPhase::{Amber, Green, Red, Unknown};

    /// One letter for each frame, 100 ms apart, from 100 ms on.
    fn watched(frames: &str) -> SignalFilter {
        let mut filter = SignalFilter::new(SignalFilterConfig::default());
        for (n, letter) in (1..).zip(frames.chars()) {
            let phase = match letter {
                'R' => Red,
                'A' => Amber,
                'G' => Green,
                _ => Unknown,
            };
            if letter != ' ' {
                filter.step(Timestamp::from_millis(n * 100), phase);
            }
        }
        filter
    }

    #[track_caller]
    fn check(frames: &str, at_ms: i64, expect: PhaseAt) {
        assert_eq!(watched(frames).at(Timestamp::from_millis(at_ms)), expect);
    }

    fn believed(phase: SignalPhase, since_ms: i64) -> PhaseAt {
        PhaseAt::Believed {
            phase,
            since: Timestamp::from_millis(since_ms),
        }
    }

    #[test]
    fn a_change_is_believed_after_three_frames_and_dated_to_the_first() {
        check("GGGGRR", 550, PhaseAt::NotYet);
        check("GGGGRRR", 550, believed(Red, 500));
        check("GGGGRRR", 400, believed(Green, 100));
        check("GGGGRRR", 450, PhaseAt::Unclear);
        check("GG", 150, PhaseAt::NotYet);
        check("G  G", 250, believed(Green, 100));
    }

    #[test]
    fn one_odd_frame_changes_nothing() {
        check("RRRRGRRRR", 500, believed(Red, 100));
        check("RRRR?RRRR", 900, believed(Red, 100));
        assert_eq!(watched("RRRRG").phase(), Red);
    }

    #[test]
    fn contradiction_and_gaps_make_it_unknown() {
        assert_eq!(watched("RRRRGRGRGRGRGRGRGRG").phase(), Unknown);
        assert_eq!(watched("RRRR?????").phase(), Unknown);
        check("RRRR          RRRR", 900, PhaseAt::Unclear);
        check("RRRR          RRRR", 1600, believed(Red, 1500));
    }

    #[test]
    fn time_does_not_run_backwards() {
        let mut filter = watched("GGGG");
        filter.step(Timestamp::from_millis(200), Red);
        filter.step(Timestamp::from_millis(400), Red);
        assert_eq!((filter.phase(), filter.n_out_of_order()), (Green, 2));
    }
}
