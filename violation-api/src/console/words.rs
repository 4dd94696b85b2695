//! What the console says, in Vietnamese and in English. A word that lacks a language does not
//! compile.

use super::Lang;

macro_rules! words {
    ($name:ident; $($key:ident: $vi:literal, $en:literal;)*) => {
        /// All words of one language.
        pub(crate) struct $name {
            pub(crate) lang: Lang,
            $(pub(crate) $key: &'static str,)*
        }

        static VIETNAMESE: $name = $name { lang: Lang::Vietnamese, $($key: $vi,)* };
        static ENGLISH: $name = $name { lang: Lang::English, $($key: $en,)* };

        impl $name {
            /// The words of a language.
            pub(crate) fn of(lang: Lang) -> &'static Self {
                match lang {
                    Lang::Vietnamese => &VIETNAMESE,
                    Lang::English => &ENGLISH,
                }
            }
        }

        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str, &str)] = &[$((stringify!($key), $vi, $en)),*];
    };
}
pub(super) use words;

words! { Words;
    overview: "Tổng quan", "Overview";
    cases: "Hồ sơ", "Cases";
    visitors: "Khách", "Visitors";
    cameras: "Camera", "Cameras";
    gate: "Cổng", "Gate";
    lanes: "Trực cổng", "Guard";
    events: "Sự kiện cổng", "Gate events";
    counts: "Đếm qua vạch", "Line counts";
    skip: "Đến nội dung chính", "Skip to the main content";
    other_language: "English", "Tiếng Việt";
    connection_lost: "Mất kết nối với máy chủ – đang nối lại",
        "Connection to the server lost – reconnecting";
    broker_lost: "Máy chủ không nhận được tin từ camera và cổng",
        "The server gets no messages from cameras and gates";
    see_all: "Xem tất cả", "See all";
    older: "Cũ hơn", "Older";
    newest: "Mới nhất", "Newest";
    no_cameras: "Chưa có camera nào báo về.", "No camera has reported yet.";
    no_events: "Chưa có lượt qua cổng nào.", "No passage yet.";
    no_cases: "Chưa có hồ sơ nào.", "No case yet.";
    no_counts: "Chưa có số đếm nào.", "Nothing counted yet.";
    no_picture: "Chưa có hình", "No picture yet";
    live_picture_of: "Hình trực tiếp của camera", "Live picture of camera";
    picture_of_sighting: "Ảnh chụp lúc đến", "Picture at arrival";
    fps: "hình/s", "fps";
    dropped: "bỏ qua", "dropped";
    frames: "khung hình", "frames";
    last_heard: "tin cuối", "last heard";
    silent: "Không có tin", "Silent";
    barrier: "Thanh chắn", "Barrier";
    since: "từ", "since";
    waiting_verdict: "Đang xét", "Being decided";
    no_verdict: "Không có kết luận", "No answer given";
    latency: "Độ trễ", "Latency";
    latency_short: "trễ", "after";
    latency_title: "Từ lúc camera ghi hình đến lúc có kết luận",
        "From the camera's exposure to the answer";
    no_plate: "Chưa đọc được biển số", "Plate not read";
    face_match: "Khuôn mặt khớp", "Face matches";
    face_unknown: "Khuôn mặt chưa đăng ký", "Face not enrolled";
    line: "Vạch", "Line";
    people: "Người", "People";
    vehicles: "Xe", "Vehicles";
    into: "vào", "in";
    out: "ra", "out";
    newest_crossing: "Lượt cuối", "Newest crossing";
    rule: "Hành vi", "Act";
    camera: "Camera", "Camera";
    time: "Thời gian", "Time";
    picture: "Ảnh", "Picture";
    verdict: "Kết luận", "Answer";
    reason: "Lý do", "Reason";
    passage: "Lượt qua", "Passage";
    who: "Phương tiện / người", "Vehicle or person";
    screening_only: "Chỉ để sàng lọc", "Screening only";
    screening_note:
        "Chỉ để sàng lọc: không có thiết bị được kiểm định đứng sau, nên không thể xác nhận.",
        "For screening only: no certified instrument stands behind it, it cannot be confirmed.";
    candidate_note:
        "Đây là ghi nhận tự động. Chỉ người có thẩm quyền mới kết luận có vi phạm hay không.",
        "Recorded automatically. Only a person with authority decides if it is a violation.";
    stills: "Ảnh chứng cứ", "Evidence stills";
    still_missing: "Thiếu ảnh này", "This still is missing";
    missing_note: "Chứng cứ chưa đủ, không thể xác nhận:",
        "The evidence is incomplete, the case cannot be confirmed:";
    frame: "khung", "frame";
    open_picture: "Mở ảnh gốc", "Open the original picture";
    facts: "Số liệu", "Facts";
    signal_phase: "Đèn tín hiệu", "Signal";
    plate_reading: "Biển số đọc được", "Plate as read";
    plate_agree: "khung hình đọc giống hệt", "frames read exactly this";
    of: "trên", "of";
    character: "Ký tự", "Character";
    score: "Điểm", "Score";
    alternatives: "Cũng có thể là", "Could also be";
    lowest_score: "Điểm thấp nhất", "Lowest score";
    ground: "Nền", "Ground";
    decision: "Quyết định", "Decision";
    start_review: "Bắt đầu xem xét", "Start the review";
    confirm: "Xác nhận có vi phạm", "Confirm the violation";
    dismiss: "Bác bỏ", "Dismiss";
    dismiss_reason: "Lý do bác bỏ", "Reason for dismissal";
    choose_reason: "– chọn lý do –", "– choose a reason –";
    decided: "Hồ sơ đã có quyết định.", "This case has been decided.";
    next_case: "Hồ sơ chờ tiếp theo", "Next case that waits";
    history: "Diễn biến", "History";
    reviewer: "Người xem xét", "Reviewer";
    all: "Tất cả", "All";
    filter_state: "Lọc theo trạng thái", "Filter by state";
    frame_by_frame: "Từng khung hình", "Frame by frame";
    frame_by_frame_note:
        "Kết quả đọc của từng khung hình, trước khi tổng hợp.",
        "What each frame was read as, before they were put together.";
    frames_not_kept: "khung hình khác đã đọc nhưng không giữ lại",
        "more frames were read and are not kept";
    no_raw_reads: "Chưa có kết quả từng khung hình.", "No reads of single frames.";
    width: "Bề rộng", "Width";
    gate_history: "Lịch sử cổng", "Gate history";
    problem_back: "Về trang tổng quan", "Back to the overview";
    not_found_title: "Không tìm thấy", "Not found";
    problem_title: "Không thực hiện được", "This did not work";
    illegal_closed: "Hồ sơ này đã có quyết định.", "This case has been decided.";
    illegal_held: "Người khác đang xem xét hồ sơ này.", "Another person is reviewing this case.";
    illegal_not_started: "Hồ sơ này chưa được xem xét.", "The review of this case has not begun.";
    illegal_changed: "Hồ sơ vừa được người khác thay đổi. Hãy tải lại trang.",
        "The case has just been changed by somebody else. Reload the page.";
    problem_cross_site: "Yêu cầu đến từ trang khác nên bị từ chối.",
        "The request came from another site and was refused.";
    problem_reason: "Hãy chọn lý do bác bỏ.", "Choose a reason for the dismissal.";
    problem_not_found: "Không có gì ở địa chỉ này.", "There is nothing at this address.";
    problem_busy: "Máy chủ đang bận hoặc cơ sở dữ liệu chưa sẵn sàng. Hãy thử lại.",
        "The server is busy or the database is away. Try again.";
    request_id: "Mã yêu cầu", "Request id";
    footer_audit: "Mọi lượt xem biển số và hồ sơ đều được ghi nhật ký.",
        "Every reading of a plate or a case is written to the audit.";
    api: "API", "API";
    flow: "Ra vào", "Entries";
    crowd: "Mức độ đông", "Crowd";
    zones: "Trong khu vực", "Inside";
    public_notice: "Thông báo về camera", "Notice about cameras";
}

#[cfg(test)]
mod tests {
    use super::{super::lane_words, *};

    #[test]
    fn no_word_is_missing_in_either_language() {
        for (key, vi, en) in ALL.iter().chain(lane_words::ALL) {
            assert!(!vi.trim().is_empty() && !en.trim().is_empty(), "{key}");
            let is_english = en.chars().all(|c| c.is_ascii() || c == '–');
            assert!(is_english || *key == "other_language", "{key}: {en}");
        }
    }

    #[test]
    fn vietnamese_is_written_in_composed_characters() {
        // A font has "ế" and not always "ê" with a mark of its own behind it.
        for (key, vi, _en) in ALL.iter().chain(lane_words::ALL) {
            let has_marks = vi.chars().any(|c| ('\u{300}'..='\u{36f}').contains(&c));
            assert!(!has_marks, "{key}");
        }
    }
}
