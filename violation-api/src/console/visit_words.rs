//! What the pages about visitors and documents say.

use super::{Lang, words::words};
use crate::visit::{VisitState, VisitStep};
use domain::Assurance;

words! { Words;
    visitors_today: "Khách hôm nay", "Visitors today";
    visitors_of: "Khách ngày", "Visitors of";
    expected: "Sắp đến", "Expected";
    here: "Đang ở trong", "Here now";
    overdue: "Quá giờ", "Overdue";
    gone: "Đã về", "Gone";
    waits: "Chờ duyệt", "To approve";
    all: "Tất cả", "All";
    search: "Tìm tên, công ty, biển số, người đón", "Search name, company, plate, host";
    find: "Tìm", "Find";
    none_today: "Không có khách nào.", "No visitors.";
    none_found: "Không tìm thấy khách nào.", "No visitor was found.";
    csv: "Tải CSV", "Download CSV";
    links: "Link mời khách", "Invitation links";
    add: "Thêm khách vãng lai", "Register a walk-in";
    name: "Họ và tên", "Name";
    company: "Công ty", "Company";
    phone: "Điện thoại", "Telephone";
    host: "Người đón", "Host";
    purpose: "Việc", "Purpose";
    plate: "Biển số xe", "Number plate";
    optional: "không bắt buộc", "optional";
    day: "Ngày", "Day";
    from: "Từ", "From";
    until: "Đến", "Until";
    uses: "Số lần vào", "Entries";
    once: "Một lần", "Once";
    often: "Nhiều lần trong thời gian trên", "As often as wanted in that time";
    register: "Đăng ký và làm thẻ", "Register and make a pass";
    approve: "Duyệt", "Approve";
    check_in: "Cho vào", "Check in";
    check_out: "Cho ra", "Check out";
    cancel: "Hủy lượt khách", "Cancel the visit";
    call_back: "Thu hồi thẻ", "Call the pass back";
    time: "Giờ", "Time";
    state: "Trạng thái", "State";
    visitor: "Khách", "Visitor";
    pass: "Thẻ khách", "Visitor pass";
    pass_none: "Không có thẻ.", "There is no pass.";
    pass_called_back: "Thẻ đã bị thu hồi.", "The pass has been called back.";
    pass_over: "Thẻ đã hết hạn.", "The pass has expired.";
    pass_unknown: "Thẻ không có trong danh sách.", "The pass is not on the list.";
    pass_not_yet: "Thẻ chưa đến giờ dùng.", "The pass is not valid yet.";
    pass_valid: "Thẻ thật, còn hạn.", "The pass is genuine and valid.";
    pass_picture: "Tải ảnh", "Download the picture";
    print: "In", "Print";
    came_in: "Vào", "Came in";
    left: "Ra", "Left";
    by_gate: "qua cổng", "by gate";
    history: "Diễn biến", "History";
    assurance: "Mức bảo đảm", "Assurance";
    document: "Giấy tờ", "Document";
    document_which: "Giấy tờ đã xem", "Document that was seen";
    seen_none: "Không xem giấy tờ", "No document was looked at";
    seen_by_guard: "Bảo vệ đã xem tận mắt", "The guard has looked at it";
    seen_now: "Vừa đọc", "Just read";
    gate: "Cổng", "Gate";
    gate_any: "Bàn bảo vệ", "The desk";
    erase: "Xóa thông tin cá nhân", "Erase personal data";
    erase_note:
        "Khách có quyền yêu cầu xóa. Tên, điện thoại, biển số và giấy tờ bị xóa; thẻ bị thu hồi.",
        "Visitors may ask for it. Name, telephone, plate and document go; the pass is called back.";
    erased: "Thông tin cá nhân đã được xóa.", "Personal data has been erased.";
    erased_name: "(đã xóa)", "(erased)";
    kept_note: "Thông tin cá nhân tự xóa sau số ngày:",
        "Personal data goes by itself after so many days:";
    refused: "Không làm được với lượt khách này lúc này. Hãy tải lại trang.",
        "That cannot be done with this visit now. Reload the page.";
    link_new: "Tạo link mới", "Make a new link";
    link_of: "Link cho", "Link for";
    link_once:
        "Gửi địa chỉ này cho người đón. Địa chỉ chỉ hiện một lần; ai có nó đều đăng ký được.",
        "Send this address to the host. It is shown once; whoever has it can announce visitors.";
    link_max: "Số khách tối đa", "Visitors at most";
    link_used: "Đã dùng", "Used";
    link_ends: "Hết hạn", "Expires";
    link_none: "Không có link nào còn dùng được.", "No link is in use.";
    link_call_back: "Thu hồi link", "Call the link back";
    made_by: "Người tạo", "Made by";
    announce_title: "Đăng ký vào thăm", "Announce your visit";
    announce_host: "Người đón bạn", "Your host";
    announce_send: "Gửi đăng ký", "Send";
    announce_note:
        "Thông tin chỉ dùng để đón bạn và bị xóa sau chuyến thăm, chậm nhất sau số ngày:",
        "The data serves your visit alone and is erased after it, in so many days at most:";
    ticket_title: "Chuyến thăm của bạn", "Your visit";
    ticket_wait: "Đăng ký đã gửi. Bảo vệ sẽ duyệt; mở lại địa chỉ này để lấy thẻ.",
        "Sent. The guard will approve it; open this address again for your pass.";
    ticket_show: "Đưa mã này trước camera của cổng.", "Show this code to the camera at the gate.";
    ticket_keep: "Hãy lưu địa chỉ của trang này.", "Keep the address of this page.";
    ticket_cancel: "Tôi không đến nữa", "I am not coming";
    ticket_in: "Bạn đang ở trong.", "You are on the site.";
    ticket_over: "Chuyến thăm đã kết thúc.", "The visit is over.";
    ticket_cancelled: "Chuyến thăm đã bị hủy.", "The visit has been cancelled.";
    dead_title: "Link không dùng được", "This link cannot be used";
    dead_note: "Link sai, đã hết hạn hoặc đã dùng đủ. Hãy hỏi người mời bạn.",
        "It is wrong, has expired or is used up. Ask whoever invited you.";
    busy_note: "Đang có quá nhiều yêu cầu. Hãy thử lại sau một phút.",
        "There are too many requests. Try again in a minute.";
    bad_name: "Hãy ghi họ tên, không quá 80 ký tự.", "Write a name of at most 80 characters.";
    bad_host: "Hãy ghi người đón, không quá 80 ký tự.",
        "Write the host, at most 80 characters.";
    bad_text: "Một ô có ký tự lạ hoặc dài quá 80 ký tự.",
        "A field has strange characters or more than 80 of them.";
    bad_phone: "Số điện thoại chỉ gồm chữ số, dấu + và khoảng trắng.",
        "A telephone number has digits, + and spaces.";
    bad_plate: "Biển số không đúng; ví dụ 30F-256.58.", "The plate is wrong; write 30F-256.58.";
    bad_time: "Giờ không đúng: phải còn ở phía trước, giờ đến trước giờ về, trong 31 ngày tới.",
        "The time is wrong: it must not be over, end after it begins, and be within 31 days.";
    bad_max: "Số khách từ 1 đến 50.", "1 to 50 visitors.";
    documents: "Đọc giấy tờ", "Read a document";
    documents_at: "Đọc giấy tờ tại", "Read a document at";
    photo: "Chụp hoặc chọn ảnh có mã QR", "Take or choose a photo with the QR code";
    photo_send: "Đọc ảnh", "Read the photo";
    photo_note: "Ảnh JPEG hoặc PNG, tối đa 8 MB. Ảnh không được lưu.",
        "JPEG or PNG, 8 MB at most. The photo is not stored.";
    scan: "Hoặc quét bằng máy đọc mã, hay dán nội dung mã",
        "Or scan with a code reader, or paste the text of the code";
    scan_send: "Đọc", "Read";
    shown_last: "Giấy tờ vừa xuất trình", "Document shown last";
    shown_none: "Chưa có giấy tờ nào trong 10 phút qua.",
        "No document in the last ten minutes.";
    card: "Căn cước", "Citizen's card";
    card_proves:
        "Mã QR của căn cước không có chữ ký: ai cũng in được. Hãy so mặt với ảnh trên thẻ.",
        "The card's QR code is not signed: anybody can print one. Compare the face with the card.";
    chip_proves: "Chip đã được kiểm tra: thẻ là thật. Hãy so mặt với người cầm thẻ.",
        "The chip was checked: the card is genuine. Compare the face with whoever holds it.";
    vneid_proves: "VNeID đã xác nhận.", "VNeID has confirmed it.";
    pass_proves: "Thẻ do địa điểm này ký. Nó không nói ai đang cầm.",
        "This site has signed the pass. It does not say who holds it.";
    forged: "Thẻ giả hoặc của nơi khác. Không cho vào bằng thẻ này.",
        "Forged, or of another site. Let nobody in by it.";
    unverified: "chưa được xác thực", "unverified";
    told_gate: "Cổng đã được báo.", "The gate has been told.";
    not_told_gate: "Không báo được cho cổng: mất kết nối với máy chủ tin nhắn. Hãy đọc lại.",
        "The gate was not told: the message broker is away. Read it again.";
    no_code: "Không thấy mã QR trong ảnh. Hãy chụp gần hơn, đủ sáng, không lóa.",
        "No QR code in the photo. Go nearer, with light and without glare.";
    foreign_code: "Mã QR này không phải thẻ khách hay căn cước.",
        "This QR code is neither a visitor pass nor a citizen's card.";
    photo_missing: "Hãy chọn một ảnh.", "Choose a photo.";
    photo_large: "Ảnh lớn hơn 8 MB hoặc có quá nhiều điểm ảnh.",
        "The photo has more than 8 MB or too many pixels.";
    photo_kind: "Chỉ đọc được ảnh JPEG hoặc PNG.", "Only JPEG and PNG photos can be read.";
    photo_damaged: "Ảnh bị hỏng. Hãy chụp lại.", "The photo is damaged. Take another.";
    keys_note: "Phím: / tìm, n thêm khách, ↑ ↓ chọn khách, Enter mở.",
        "Keys: / search, n register, up and down choose a visitor, Enter opens.";
}

impl Words {
    fn is_vietnamese(&self) -> bool {
        self.lang == Lang::Vietnamese
    }

    pub(crate) fn state_word(&self, state: VisitState) -> &'static str {
        let (vi, en) = match state {
            VisitState::Invited => ("Chờ duyệt", "To approve"),
            VisitState::Registered => ("Sắp đến", "Expected"),
            VisitState::CheckedIn => ("Đang ở trong", "Here"),
            VisitState::CheckedOut => ("Đã về", "Gone"),
            VisitState::Cancelled => ("Đã hủy", "Cancelled"),
            VisitState::DidNotCome => ("Không đến", "Did not come"),
        };
        if self.is_vietnamese() { vi } else { en }
    }

    pub(crate) fn step_word(&self, step: VisitStep) -> &'static str {
        let (vi, en) = match step {
            VisitStep::Announce => ("Khách tự đăng ký", "Announced"),
            VisitStep::Register => ("Được duyệt, có thẻ", "Registered, with a pass"),
            VisitStep::CheckIn => ("Vào", "Came in"),
            VisitStep::CheckOut => ("Ra", "Left"),
            VisitStep::Cancel => ("Hủy", "Cancelled"),
            VisitStep::GiveUp => ("Hết giờ, không đến", "Did not come in time"),
        };
        if self.is_vietnamese() { vi } else { en }
    }

    pub(crate) fn assurance_word(&self, assurance: Assurance) -> &'static str {
        let (vi, en) = match assurance {
            Assurance::QrText => ("mã QR, chưa được xác thực", "QR code, unverified"),
            Assurance::Plate => ("biển số", "number plate"),
            Assurance::Pass => ("thẻ khách của địa điểm", "pass of this site"),
            Assurance::Face => ("khuôn mặt", "face"),
            Assurance::Chip => ("chip đã kiểm tra", "chip, checked"),
            Assurance::Vneid => ("VNeID xác nhận", "confirmed by VNeID"),
            Assurance::Human => ("bảo vệ đã xem", "seen by the guard"),
        };
        if self.is_vietnamese() { vi } else { en }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_is_missing_in_either_language() {
        for (key, vi, en) in ALL {
            assert!(!vi.trim().is_empty() && en.is_ascii(), "{key}: {en}");
            let has_marks = vi.chars().any(|c| ('\u{300}'..='\u{36f}').contains(&c));
            assert!(!has_marks, "{key}");
        }
    }
}
