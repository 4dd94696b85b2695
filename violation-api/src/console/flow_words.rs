//! What the pages of counting say, in Vietnamese and in English.

use super::{
    Lang,
    names::{Badge, Tone},
    words::words,
};
use crate::{crowd::CrowdLevel, flow::FlowSource};

words! { FlowWords;
    flow: "Thống kê ra vào", "Entries and exits";
    crowd: "Mức độ đông", "Crowd level";
    notice: "Thông báo về camera", "Notice about cameras";
    period: "Theo", "By";
    day: "Ngày", "Day";
    week: "Tuần", "Week";
    month: "Tháng", "Month";
    on: "Thời điểm", "Date";
    entrance: "Lối vào", "Entrance";
    all_entrances: "Tất cả lối vào", "All entrances";
    kind: "Đếm", "Count";
    all_kinds: "Người và xe", "People and vehicles";
    people: "Người", "People";
    vehicles: "Xe", "Vehicles";
    show: "Xem", "Show";
    earlier: "Trước", "Earlier";
    later: "Sau", "Later";
    into: "Vào", "In";
    out: "Ra", "Out";
    total: "Cộng", "Total";
    busiest_hour: "Giờ đông nhất", "Busiest hour";
    busiest_day: "Ngày đông nhất", "Busiest day";
    nobody: "không có ai", "nobody";
    passed: "lượt", "passed";
    day_before: "So với hôm trước", "Against the day before";
    week_before: "So với tuần trước", "Against the week before";
    month_before: "So với tháng trước", "Against the month before";
    so_far: "tính đến cùng thời điểm", "up to the same moment";
    was: "khi đó", "then";
    chart_hours: "Số lượt vào và ra theo từng giờ", "How many went in and out in each hour";
    chart_days: "Số lượt vào và ra theo từng ngày", "How many went in and out on each day";
    chart_below: "Cùng các số này nằm trong bảng.", "The same figures stand in the table.";
    by_entrance: "Theo lối vào", "By entrance";
    by_hour: "Theo giờ", "By hour";
    by_day: "Theo ngày", "By day";
    hour: "Giờ", "Hour";
    gate: "cổng", "gate";
    line: "vạch đếm", "counting line";
    share: "Tỷ trọng", "Share";
    csv: "Tải bảng tính (CSV)", "Download spreadsheet (CSV)";
    pictures: "Hình ảnh trong giờ", "Pictures of the hour";
    pictures_of_hour: "Xem hình ảnh", "See pictures";
    no_pictures: "Không có lượt qua cổng nào có ảnh trong giờ này.",
        "No passage of this hour has a picture.";
    more_pictures: "Chỉ hiện những lượt mới nhất của giờ này.",
        "Only the newest ones of this hour are shown.";
    nothing_counted: "Không có lượt ra vào nào trong thời gian này.",
        "Nobody went in or out in this time.";
    no_entrances: "Địa điểm chưa có cổng hay vạch đếm nào.",
        "The site has no gate and no counting line.";
    cyclists: "Người đi xe đạp tính là người; xe máy, ô tô, xe buýt, xe tải tính là xe.",
        "Cyclists count as people; motorbikes, cars, buses and lorries as vehicles.";
    inside: "Đang ở trong", "Inside now";
    zone: "Khu vực", "Zone";
    no_zones: "Địa điểm chưa khai báo khu vực nào.", "The site file names no zone.";
    by_gates: "đếm theo cổng", "counted by gates";
    by_lines: "đếm theo vạch", "counted by lines";
    counted: "kiểm đếm lúc", "counted by hand at";
    of: "trên", "of";
    percent_full: "sức chứa", "of capacity";
    level_calm: "Thông thoáng", "Calm";
    level_busy: "Khá đông", "Busy";
    level_crowded: "Đông", "Crowded";
    level_full: "Đã đầy", "Full";
    level_unknown: "Chưa đặt sức chứa", "No capacity set";
    warn_crowded: "đang đông – cần người theo dõi, hướng dẫn",
        "is crowded – somebody should watch and guide";
    warn_full: "đã đầy – nên điều tiết người vào",
        "is full – guide people elsewhere";
    nobody_blocked: "Chỉ để theo dõi: mức độ đông không đóng cổng nào mà ai cũng được qua.",
        "For information: a crowd level closes no lane that is open to anyone.";
    since: "từ", "since";
    trend: "Sáu giờ qua", "Last six hours";
    trend_text: "Số đang ở trong, mỗi 15 phút", "How many were inside, each quarter of an hour";
    now: "bây giờ", "now";
    highest: "cao nhất", "highest";
    last_hour: "Giờ này", "This hour";
    changes: "Các lần đổi mức", "Changes of level";
    no_changes: "Chưa có lần nào trong 24 giờ qua.", "None in the last 24 hours.";
    time: "Lúc", "At";
    level: "Mức", "Level";
}

impl FlowWords {
    pub(crate) fn level(&self, level: Option<CrowdLevel>) -> Badge {
        let (word, tone) = match level {
            None => (self.level_unknown, Tone::Quiet),
            Some(CrowdLevel::Calm) => (self.level_calm, Tone::Good),
            Some(CrowdLevel::Busy) => (self.level_busy, Tone::Busy),
            Some(CrowdLevel::Crowded) => (self.level_crowded, Tone::Warn),
            Some(CrowdLevel::Full) => (self.level_full, Tone::Bad),
        };
        Badge { word, tone }
    }

    pub(crate) fn warning(&self, level: Option<CrowdLevel>) -> Option<&'static str> {
        match level? {
            CrowdLevel::Crowded => Some(self.warn_crowded),
            CrowdLevel::Full => Some(self.warn_full),
            CrowdLevel::Calm | CrowdLevel::Busy => None,
        }
    }

    pub(crate) fn source(&self, source: FlowSource) -> &'static str {
        match source {
            FlowSource::Gate => self.by_gates,
            FlowSource::Line => self.by_lines,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_is_missing_and_vietnamese_is_composed() {
        for (key, vi, en) in ALL {
            assert!(!vi.trim().is_empty() && !en.trim().is_empty(), "{key}");
            assert!(en.chars().all(|c| c.is_ascii() || c == '–'), "{key}: {en}");
            let has_marks = vi.chars().any(|c| ('\u{300}'..='\u{36f}').contains(&c));
            assert!(!has_marks, "{key}");
        }
    }
}
