//! The words of the domain, as people say them.

use super::{Lang, words::Words};
use casework::{DismissReason, Missing, StateName};
use domain::{
    Class, DenyReason, EvidenceRole, GateState, Outcome, PassageState, PlateColour, ReferReason,
};
use wire::CameraState;

/// How a thing is, so that colour never says it alone: a mark stands beside each word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Bad,
    Warn,
    Busy,
    Quiet,
}

impl Tone {
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Warn => "warn",
            Self::Busy => "busy",
            Self::Quiet => "quiet",
        }
    }

    pub(crate) fn mark(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Bad => "✕",
            Self::Warn => "!",
            Self::Busy => "…",
            Self::Quiet => "–",
        }
    }
}

/// A word with its tone.
#[derive(Clone, Copy)]
pub(crate) struct Badge {
    pub(crate) word: &'static str,
    pub(crate) tone: Tone,
}

impl Words {
    pub(super) fn say(&self, vietnamese: &'static str, english: &'static str) -> &'static str {
        match self.lang {
            Lang::Vietnamese => vietnamese,
            Lang::English => english,
        }
    }

    pub(super) fn badge(
        &self,
        tone: Tone,
        vietnamese: &'static str,
        english: &'static str,
    ) -> Badge {
        Badge {
            word: self.say(vietnamese, english),
            tone,
        }
    }

    pub(crate) fn outcome(&self, outcome: Outcome) -> Badge {
        match outcome {
            Outcome::Grant => self.badge(Tone::Good, "Cho vào", "Let in"),
            Outcome::Deny(_) => self.badge(Tone::Bad, "Từ chối", "Turned away"),
            Outcome::Refer(_) => self.badge(Tone::Warn, "Hỏi bảo vệ", "Ask the guard"),
        }
    }

    /// Before there is a verdict; whoever has left gets none any more.
    pub(crate) fn unanswered(&self, has_left: bool) -> Badge {
        let (word, tone) = if has_left {
            (self.no_verdict, Tone::Quiet)
        } else {
            (self.waiting_verdict, Tone::Busy)
        };
        Badge { word, tone }
    }

    pub(crate) fn outcome_reason(&self, outcome: Outcome) -> Option<&'static str> {
        match outcome {
            Outcome::Grant => None,
            Outcome::Deny(reason) => Some(self.deny_reason(reason)),
            Outcome::Refer(reason) => Some(self.refer_reason(reason)),
        }
    }

    fn deny_reason(&self, reason: DenyReason) -> &'static str {
        match reason {
            DenyReason::Barred => self.say("có trong danh sách cấm vào", "the list bars it"),
            DenyReason::Refused => self.say("bảo vệ không cho vào", "the guard said no"),
            DenyReason::Unanswered => self.say(
                "bảo vệ không trả lời kịp",
                "the guard did not answer in time",
            ),
            DenyReason::Lockdown => self.say("đang phong tỏa", "the site is locked down"),
            DenyReason::Evacuation => {
                self.say("đang sơ tán, không cho vào", "the site is being evacuated")
            }
        }
    }

    fn refer_reason(&self, reason: ReferReason) -> &'static str {
        match reason {
            ReferReason::Unknown => self.say("không có trong danh sách", "not on the list"),
            ReferReason::Unreadable => self.say(
                "không đọc được biển số hay khuôn mặt",
                "no plate or face could be read",
            ),
            ReferReason::ScoreTooLow => self.say("đọc chưa đủ chắc chắn", "not read surely enough"),
            ReferReason::LookAlike => self.say(
                "dễ nhầm với một biển đã đăng ký (một ký tự)",
                "easily taken for a registered plate (one character)",
            ),
            ReferReason::Ambiguous => self.say(
                "khớp với hai mục, hai cách đọc hoặc hai loại xe",
                "two entries, readings or kinds of vehicle fit",
            ),
            ReferReason::NotYetValid => self.say("đăng ký chưa có hiệu lực", "not valid yet"),
            ReferReason::Expired => self.say("đăng ký đã hết hạn", "no longer valid"),
            ReferReason::OutsideSchedule => {
                self.say("ngoài giờ được phép vào", "not allowed at this hour")
            }
            ReferReason::RegistryStale => self.say(
                "danh sách quá cũ để dựa vào",
                "the list is too old to rely on",
            ),
            ReferReason::LivenessFailed => self.say(
                "có thể là ảnh hoặc màn hình, không phải người thật",
                "may be a picture or a screen, not a live face",
            ),
            ReferReason::Late => self.say(
                "ghi nhận đến quá muộn để mở cổng",
                "the sighting came too late to act on",
            ),
            ReferReason::FactorMissing => self.say(
                "thiếu yếu tố nhận dạng mà làn này đòi hỏi",
                "the lane asks for another proof",
            ),
            ReferReason::SecondFactorMissing => self.say(
                "chưa xuất trình yếu tố nhận dạng thứ hai",
                "the second proof has not been shown",
            ),
            ReferReason::FactorsDisagree => self.say(
                "hai yếu tố nhận dạng không thuộc về nhau",
                "the two proofs do not belong together",
            ),
            ReferReason::NotThisGate => self.say(
                "không được phép qua làn này",
                "listed, but not for this lane",
            ),
            ReferReason::GroupUnknown => self.say(
                "nhóm của mục này không có trong danh sách",
                "its group is not known",
            ),
            ReferReason::AntiPassback => self.say(
                "theo ghi nhận thì đang ở bên trong",
                "already inside, by what is known",
            ),
            ReferReason::OverCapacity => self.say("khu vực đã đầy", "the zone is full"),
            ReferReason::Interlocked => self.say(
                "thanh chắn kia chưa đóng",
                "the other barrier is not closed",
            ),
            ReferReason::PassInvalid => self.say(
                "thẻ khách không hợp lệ hoặc đã bị thu hồi",
                "the pass is not valid, or was called back",
            ),
            ReferReason::PassUsed => self.say("thẻ khách đã được dùng", "the pass was used before"),
            ReferReason::Lockdown => self.say("đang phong tỏa", "the site is locked down"),
        }
    }

    pub(crate) fn passage_state(&self, state: PassageState) -> Badge {
        match state {
            PassageState::Arrived => self.badge(Tone::Busy, "Vừa đến", "Arrived"),
            PassageState::Referred => self.badge(Tone::Warn, "Đợi bảo vệ", "Waits for the guard"),
            PassageState::Denied => self.badge(Tone::Bad, "Không được vào", "Turned away"),
            PassageState::Commanded => {
                self.badge(Tone::Busy, "Đã ra lệnh mở", "Barrier told to open")
            }
            PassageState::Opened => self.badge(Tone::Good, "Thanh chắn đã mở", "Barrier opened"),
            PassageState::Failed => {
                self.badge(Tone::Bad, "Thanh chắn không mở", "Barrier did not open")
            }
            PassageState::Taken => self.badge(Tone::Good, "Đã qua cổng", "Went through"),
            PassageState::NotTaken => self.badge(
                Tone::Quiet,
                "Được vào nhưng không qua",
                "Let in, did not pass",
            ),
            PassageState::Left => self.badge(Tone::Quiet, "Đã đi khỏi", "Gone"),
        }
    }

    pub(crate) fn barrier_state(&self, state: GateState) -> Badge {
        match state {
            GateState::Closed => self.badge(Tone::Quiet, "Đóng", "Closed"),
            GateState::Opening => self.badge(Tone::Busy, "Đang mở", "Opening"),
            GateState::Open => self.badge(Tone::Good, "Mở", "Open"),
            GateState::Closing => self.badge(Tone::Busy, "Đang đóng", "Closing"),
            GateState::Fault => self.badge(Tone::Bad, "Hỏng", "Fault"),
            GateState::Unknown => self.badge(Tone::Warn, "Chưa rõ", "Not heard from"),
        }
    }

    pub(crate) fn camera_state(&self, state: CameraState) -> Badge {
        match state {
            CameraState::Connecting => self.badge(Tone::Busy, "Đang kết nối", "Connecting"),
            CameraState::Streaming => self.badge(Tone::Good, "Đang chạy", "Streaming"),
            CameraState::Stalled => self.badge(Tone::Warn, "Đứng hình", "Stalled"),
            CameraState::Lost => self.badge(Tone::Bad, "Mất kết nối", "Lost"),
            CameraState::Ended => self.badge(Tone::Quiet, "Hết đoạn phim", "Clip ended"),
        }
    }

    pub(crate) fn case_state(&self, state: StateName) -> Badge {
        match state {
            StateName::Candidate => self.badge(Tone::Warn, "Chờ xem xét", "To be reviewed"),
            StateName::UnderReview => self.badge(Tone::Busy, "Đang xem xét", "Under review"),
            StateName::Confirmed => self.badge(Tone::Good, "Đã xác nhận", "Confirmed"),
            StateName::Dismissed => self.badge(Tone::Quiet, "Đã bác bỏ", "Dismissed"),
        }
    }

    pub(crate) fn class(&self, class: Class) -> &'static str {
        match class {
            Class::Person => self.say("Người", "Person"),
            Class::Bicycle => self.say("Xe đạp", "Bicycle"),
            Class::Car => self.say("Ô tô con", "Car"),
            Class::Motorbike => self.say("Xe máy", "Motorbike"),
            Class::Bus => self.say("Xe khách", "Bus"),
            Class::Truck => self.say("Xe tải", "Lorry"),
            Class::Face => self.say("Khuôn mặt", "Face"),
            Class::Plate => self.say("Biển số", "Plate"),
        }
    }

    pub(crate) fn colour(&self, colour: PlateColour) -> &'static str {
        match colour {
            PlateColour::Unknown => self.say("chưa rõ", "not told"),
            PlateColour::White => self.say("trắng", "white"),
            PlateColour::Yellow => self.say("vàng", "yellow"),
            PlateColour::Blue => self.say("xanh", "blue"),
            PlateColour::Red => self.say("đỏ", "red"),
        }
    }

    pub(crate) fn role(&self, role: EvidenceRole) -> &'static str {
        match role {
            EvidenceRole::Before => self.say("Trước hành vi", "Before the act"),
            EvidenceRole::At => self.say("Lúc hành vi", "At the act"),
            EvidenceRole::After => self.say("Sau hành vi", "After the act"),
            EvidenceRole::Plate => self.say("Biển số phóng to", "Plate, enlarged"),
            EvidenceRole::Sighting => self.say("Phương tiện", "Vehicle"),
        }
    }

    pub(crate) fn missing(&self, missing: Missing) -> &'static str {
        match missing {
            Missing::Before => self.say("ảnh trước hành vi", "the still before the act"),
            Missing::At => self.say("ảnh lúc hành vi", "the still at the act"),
            Missing::After => self.say("ảnh sau hành vi", "the still after the act"),
            Missing::TimeOrder => self.say(
                "ba ảnh khác nhau theo đúng thứ tự thời gian",
                "three different stills in the order of time",
            ),
        }
    }

    pub(crate) fn dismiss_reason_word(&self, reason: DismissReason) -> &'static str {
        match reason {
            DismissReason::NoAct => {
                self.say("Không có hành vi vi phạm", "The act did not take place")
            }
            DismissReason::EmergencyVehicle => {
                self.say("Xe ưu tiên đang làm nhiệm vụ", "Emergency vehicle on duty")
            }
            DismissReason::DirectedByOfficer => self.say(
                "Theo hiệu lệnh người điều khiển giao thông",
                "Directed by an officer",
            ),
            DismissReason::SignalFault => {
                self.say("Đèn tín hiệu hỏng", "The signal was out of order")
            }
            DismissReason::Necessity => self.say("Tình thế cấp thiết", "The driver had no choice"),
            DismissReason::PlateUnreadable => {
                self.say("Không đọc được biển số", "The plate cannot be read")
            }
            DismissReason::PlateMisread => self.say("Biển số đọc sai", "The plate was misread"),
            DismissReason::WrongVehicle => self.say("Nhầm phương tiện", "Another vehicle is shown"),
            DismissReason::PicturesUnclear => {
                self.say("Ảnh không đủ rõ", "The pictures are not clear")
            }
            DismissReason::EvidenceIncomplete => self.say("Thiếu chứng cứ", "Evidence is missing"),
            DismissReason::CameraMoved => self.say("Camera bị lệch", "The camera had moved"),
            DismissReason::Duplicate => self.say("Trùng hồ sơ khác", "Another case has this act"),
            DismissReason::ScreeningOnly => self.say("Chỉ để sàng lọc", "For screening only"),
        }
    }

    /// A rule by its name; one that is not known here is shown as it is called.
    pub(crate) fn rule_name(&self, rule: &str) -> String {
        let known = match rule {
            "red-light" => self.say("Vượt đèn đỏ", "Ran a red light"),
            "stop-line" => self.say("Dừng quá vạch khi đèn đỏ", "Stopped beyond the line on red"),
            _ => return rule.to_owned(),
        };
        known.to_owned()
    }

    /// A fact by its name, with its unit taken out of the name.
    pub(crate) fn fact(&self, name: &str, value: &str) -> (String, String) {
        let known = match name {
            "phase" => self.say("Đèn tín hiệu khi qua vạch", "Signal when crossing the line"),
            "phase_beyond" => self.say("Đèn tín hiệu sau vạch", "Signal beyond the line"),
            "red_for_ms" => self.say("Đèn đã đỏ được", "Red for"),
            "interval_ms" => self.say(
                "Khoảng cách hai khung hình quanh vạch",
                "Between the frames around the line",
            ),
            "hits_before" => self.say(
                "Số khung hình thấy xe trước vạch",
                "Frames with the vehicle before the line",
            ),
            "beyond_px" => self.say("Đã qua vạch", "Beyond the line by"),
            "speed_px_s" => self.say("Tốc độ trong ảnh", "Speed in the picture"),
            "clock_error_bound_ms" => self.say("Sai số đồng hồ tối đa", "Clock error at most"),
            _ => name,
        };
        let value = match name {
            "phase" | "phase_beyond" | "signal" => self.phase(value),
            _ if name.ends_with("_ms") => self.seconds(value),
            _ if name.ends_with("_px") => format!("{value} px"),
            _ if name.ends_with("_px_s") => format!("{value} px/s"),
            _ => value.to_owned(),
        };
        (known.to_owned(), value)
    }

    /// A signal's phase by its name.
    pub(crate) fn phase(&self, value: &str) -> String {
        let known = match value {
            "red" => self.say("Đỏ", "Red"),
            "amber" => self.say("Vàng", "Amber"),
            "green" => self.say("Xanh", "Green"),
            "unknown" => self.say("Chưa rõ", "Not told"),
            other => return other.to_owned(),
        };
        known.to_owned()
    }

    fn seconds(&self, millis: &str) -> String {
        match millis.parse::<u64>() {
            Ok(ms) if ms < 1000 => format!("{ms} ms"),
            Ok(ms) => {
                let comma = self.say(",", ".");
                format!("{}{comma}{} s", ms / 1000, ms % 1000 / 100)
            }
            Err(_) => format!("{millis} ms"),
        }
    }

    /// A score as people of the language write a decimal.
    pub(crate) fn decimal(&self, number: f32) -> String {
        format!("{number:.2}").replace('.', self.say(",", "."))
    }

    /// A frame rate with one decimal.
    pub(crate) fn rate(&self, number: f32) -> String {
        format!("{number:.1}").replace('.', self.say(",", "."))
    }

    /// A whole number in groups of three.
    pub(crate) fn whole(&self, number: u64) -> String {
        let digits = number.to_string();
        let mut grouped = String::new();
        for (i, digit) in digits.chars().enumerate() {
            if i != 0 && (digits.len() - i).is_multiple_of(3) {
                grouped += self.say(".", ",");
            }
            grouped.push(digit);
        }
        grouped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_in_the_language() {
        let (vi, en) = (Words::of(Lang::Vietnamese), Words::of(Lang::English));
        assert_eq!(
            (vi.whole(1_234_567), en.whole(1_234)),
            ("1.234.567".into(), "1,234".into())
        );
        assert_eq!(
            (vi.whole(12), vi.decimal(0.987)),
            ("12".into(), "0,99".into())
        );
        assert_eq!(vi.fact("red_for_ms", "2340").1, "2,3 s");
        assert_eq!(en.fact("interval_ms", "40").1, "40 ms");
    }

    #[test]
    fn an_unknown_rule_or_fact_is_shown_as_it_is() {
        let vi = Words::of(Lang::Vietnamese);
        assert_eq!(vi.rule_name("wrong-way"), "wrong-way");
        assert_eq!(vi.fact("x_y", "<b>"), ("x_y".to_owned(), "<b>".to_owned()));
    }
}
