//! The words of gates, alarms and orders, as people say them.

use super::{
    names::{Badge, Tone},
    words::Words,
};
use crate::{
    orders::OrderReason,
    store::{OrderAnswer, OrderFate, OrderRow},
};
use domain::{AckResult, AlarmKind, Assurance, OrderKind, Rule, SiteMode, Timestamp};

impl Words {
    pub(crate) fn alarm(&self, kind: AlarmKind) -> &'static str {
        match kind {
            AlarmKind::Tailgating => self.say("Bám đuôi", "Two on one grant"),
            AlarmKind::Forced => self.say("Cưỡng qua", "Forced"),
            AlarmKind::HeldOpen => self.say("Thanh chắn mở quá lâu", "Held open too long"),
            AlarmKind::Stalled => self.say("Vướng dưới thanh chắn", "Something under the boom"),
            AlarmKind::Fault => self.say("Thanh chắn hỏng", "Barrier broken"),
            AlarmKind::Silent => self.say("Thanh chắn không báo về", "Barrier not heard from"),
            AlarmKind::Fire => self.say("Báo cháy", "Fire"),
            AlarmKind::Tamper => self.say("Nắp tủ bị mở", "Cover open"),
            AlarmKind::PowerLost => self.say("Mất điện lưới", "Mains power away"),
            AlarmKind::Duress => self.say("Bị ép buộc", "Under threat"),
            AlarmKind::AntiPassback => self.say("Vào khi đang ở trong", "Entered while inside"),
            AlarmKind::Unanswered => self.say("Bảo vệ không trả lời", "Guard did not answer"),
            AlarmKind::Full => self.say("Khu vực đã đầy", "Zone full"),
        }
    }

    pub(crate) fn mode(&self, mode: SiteMode) -> Badge {
        match mode {
            SiteMode::Normal => self.badge(Tone::Good, "Bình thường", "Normal"),
            SiteMode::Lockdown => self.badge(Tone::Bad, "PHONG TỎA", "LOCKDOWN"),
            SiteMode::Evacuation => self.badge(Tone::Warn, "SƠ TÁN", "EVACUATION"),
        }
    }

    pub(crate) fn mode_means(&self, mode: SiteMode) -> &'static str {
        match mode {
            SiteMode::Normal => self.say("cổng mở theo danh sách", "gates go by the list"),
            SiteMode::Lockdown => self.say("không cổng nào tự mở", "no gate opens by itself"),
            SiteMode::Evacuation => self.say(
                "chỉ cho ra, không cho vào",
                "everybody is let out, nobody in",
            ),
        }
    }

    pub(crate) fn assurance(&self, assurance: Assurance) -> &'static str {
        match assurance {
            Assurance::QrText => self.say("mã QR trên CCCD (chưa xác thực)", "QR text of a card"),
            Assurance::Plate => self.say("biển số", "number plate"),
            Assurance::Pass => self.say("thẻ khách", "visitor pass"),
            Assurance::Face => self.say("khuôn mặt", "face"),
            Assurance::Chip => self.say("chip CCCD", "chip of a card"),
            Assurance::Vneid => self.say("VNeID", "VNeID"),
            Assurance::Human => self.say("bảo vệ", "a person"),
        }
    }

    /// What an order is for.
    pub(crate) fn order_kind(&self, kind: &OrderKind) -> String {
        let word = match kind {
            OrderKind::Admit(_) => self.say("Cho vào", "Admit"),
            OrderKind::Refuse(_) => self.say("Từ chối", "Refuse"),
            OrderKind::Open => self.say("Mở một lần", "Open once"),
            OrderKind::HoldOpen => self.say("Giữ mở", "Hold open"),
            OrderKind::Release => self.say("Thôi giữ", "Release"),
            OrderKind::Mode(mode) => {
                let word = self.say("Chế độ", "Mode");
                return format!("{word} {}", self.mode(*mode).word);
            }
            OrderKind::ForgiveAntiPassback(zone) => {
                let word = self.say("Xóa ghi nhận bên trong", "Forget who is inside");
                return format!("{word} {zone}");
            }
            OrderKind::Counted {
                zone,
                vehicles,
                people,
            } => {
                let (word, of_vehicles) = (self.say("Đếm lại", "Counted"), self.vehicles);
                return format!(
                    "{word} {zone}: {vehicles} {of_vehicles}, {people} {}",
                    self.people
                );
            }
        };
        word.to_owned()
    }

    pub(crate) fn order_reason(&self, reason: OrderReason) -> &'static str {
        use OrderReason as R;
        match reason {
            R::Looked => self.say("Đã nhìn, đúng", "Looked at, in order"),
            R::PapersChecked => self.say("Đã kiểm tra giấy tờ", "Papers checked"),
            R::Expected => self.say("Có hẹn, bên trong xác nhận", "Expected, confirmed"),
            R::Known => self.say("Người quen của cổng", "Known at the gate"),
            R::Delivery => self.say("Giao nhận hàng", "Delivery"),
            R::Misread => self.say("Máy đọc sai", "Misread"),
            R::Emergency => self.say("Cấp cứu, chữa cháy, công an", "Emergency service"),
            R::NotPermitted => self.say("Không được phép vào", "No permission"),
            R::NoPapers => self.say("Không có giấy tờ", "No papers"),
            R::HostDeclined => self.say("Người bên trong không tiếp", "Host declined"),
            R::WrongGate => self.say("Sai cổng", "Wrong gate"),
            R::Suspicious => self.say("Có nghi vấn", "Suspicious"),
            R::SystemDown => self.say("Máy hoặc camera hỏng", "System is down"),
            R::Convoy => self.say("Đoàn xe", "Convoy"),
            R::Breakdown => self.say("Xe hoặc thanh chắn trục trặc", "Breakdown"),
            R::Trial => self.say("Chạy thử", "Trial"),
            R::Over => self.say("Việc đã xong", "It is over"),
            R::Threat => self.say("Có mối đe dọa", "Threat"),
            R::Fire => self.say("Cháy hoặc thiên tai", "Fire or disaster"),
            R::Drill => self.say("Diễn tập", "Drill"),
            R::Authority => self.say("Cơ quan chức năng yêu cầu", "An authority asks for it"),
            R::NotSeen => self.say("Đã ra mà không ghi nhận", "Went out unseen"),
            R::HeadCount => self.say("Đã đếm tại chỗ", "Counted on the spot"),
            R::Other => self.say("Lý do khác", "Another reason"),
        }
    }

    /// What became of an order.
    pub(crate) fn order_state(&self, row: &OrderRow, now: Timestamp) -> Badge {
        let has_ended = row.expires_at < now;
        match (row.fate, row.answer) {
            (_, Some((answer, _at))) => match answer {
                OrderAnswer::Verdict(_) => self.badge(Tone::Good, "Cổng đã nhận", "Gate obeys"),
                OrderAnswer::Barrier(AckResult::Executed) => {
                    self.badge(Tone::Good, "Đã thi hành", "Carried out")
                }
                OrderAnswer::Barrier(AckResult::Accepted | AckResult::Duplicate) => {
                    self.badge(Tone::Busy, "Thanh chắn đang chạy", "Barrier obeys")
                }
                OrderAnswer::Barrier(AckResult::Rejected) => {
                    self.badge(Tone::Bad, "Thanh chắn từ chối", "Barrier refused")
                }
                OrderAnswer::Barrier(AckResult::Expired) => self.badge(
                    Tone::Bad,
                    "Đến thanh chắn quá muộn",
                    "Too late at the barrier",
                ),
            },
            (Some(OrderFate::NotSent), None) => self.badge(Tone::Bad, "Không gửi được", "Not sent"),
            (Some(OrderFate::Sent), None) => {
                let is_for_all = row.gate.is_none();
                if is_for_all || !has_ended {
                    self.badge(Tone::Busy, "Đã gửi", "Sent")
                } else {
                    self.badge(Tone::Warn, "Cổng không trả lời", "No answer")
                }
            }
            (None, None) if has_ended => {
                self.badge(Tone::Warn, "Không rõ đã gửi chưa", "Not known if sent")
            }
            (None, None) => self.badge(Tone::Busy, "Đang gửi", "Being sent"),
        }
    }

    /// One question of the policy.
    pub(crate) fn gate_rule(&self, rule: Rule) -> &'static str {
        use Rule as R;
        match rule {
            R::CapturedNotInFuture => self.say("giờ camera đúng", "the camera's time is right"),
            R::CapturedRecently => self.say("hình vừa chụp", "just seen"),
            R::RegistryFresh => self.say("danh sách còn mới", "the list is fresh"),
            R::NotLockedDown => self.say("không phong tỏa", "no lockdown"),
            R::NotEvacuated => self.say("không sơ tán", "no evacuation"),
            R::EvacuationExit => self.say("sơ tán: cho ra", "evacuation: let out"),
            R::PlateRead => self.say("đọc được biển số", "a plate was read"),
            R::Decisive => self.say("đọc đã chắc", "read surely"),
            R::FramesAgree => self.say("đủ khung hình giống nhau", "enough frames agree"),
            R::MostFramesAgree => self.say("đa số khung hình giống nhau", "most frames agree"),
            R::Score => self.say("từng ký tự đủ rõ", "every character is sure"),
            R::NoRival => self.say("không ký tự nào còn ngờ", "no character is in doubt"),
            R::NoLookAlike => self.say("không dễ nhầm với biển khác", "no plate looks alike"),
            R::Grammar => self.say("đúng dạng biển số Việt Nam", "a Vietnamese plate"),
            R::OneClass => self.say("đúng loại xe của biển", "the vehicle fits its plate"),
            R::FaceSeen => self.say("thấy khuôn mặt", "a face was seen"),
            R::Live => self.say("người thật, không phải ảnh", "a live face"),
            R::Enrolled => self.say("khuôn mặt đã đăng ký", "the face is enrolled"),
            R::NobodyElse => self.say("không giống người khác", "nobody else's face"),
            R::PassShown => self.say("đã đưa thẻ khách", "a pass was shown"),
            R::PassGenuine => self.say("thẻ khách thật", "the pass is genuine"),
            R::PassUnused => self.say("thẻ chưa dùng", "the pass is unused"),
            R::Listed => self.say("có trong danh sách", "on the list"),
            R::Barred => self.say("bị cấm vào", "barred by the list"),
            R::OneEntry => self.say("chỉ một mục phù hợp", "one entry fits"),
            R::Group => self.say("nhóm đã biết", "its group is known"),
            R::ThisGate => self.say("được qua làn này", "allowed at this lane"),
            R::ValidNow => self.say("đúng ngày giờ", "valid at this hour"),
            R::SecondFactor => self.say("có yếu tố thứ hai", "the second proof is right"),
            R::FactorsAgree => self.say("hai yếu tố khớp nhau", "the proofs belong together"),
            R::NotInside => self.say("chưa ở bên trong", "not inside already"),
            R::RoomLeft => self.say("khu vực còn chỗ", "there is room"),
            R::InterlockFree => self.say("thanh chắn kia đã đóng", "the other barrier is closed"),
            R::Allowed => self.say("được phép", "allowed"),
            R::OpenLane => self.say("làn chỉ đếm", "the lane only counts"),
            R::Convoy => self.say("đi cùng đoàn", "part of a convoy"),
            R::GuardAdmitted => self.say("bảo vệ cho vào", "the guard said yes"),
            R::GuardRefused => self.say("bảo vệ từ chối", "the guard said no"),
            R::GuardSilent => self.say("bảo vệ không trả lời", "the guard did not answer"),
        }
    }
}
