//! What the guard's screens say.

use super::{Lang, words::words};

words! { LaneWords;
    title: "Làn", "Lane";
    all_lanes: "Các làn", "All lanes";
    no_lanes: "Chưa có cổng nào.", "No gate yet.";
    history: "Lịch sử cổng", "Gate history";
    on_duty: "Đang trực", "On duty";
    sign_on: "Nhận ca trực", "Sign on";
    sign_off: "Giao ca", "Sign off";
    your_name: "Họ tên người trực", "Your name";
    name_hint: "Mọi lệnh mở, cho vào, từ chối đều ghi tên này.",
        "Every order to open, admit or refuse is kept with this name.";
    nobody: "Chưa có ai nhận ca trên máy này. Hãy nhập họ tên để ra lệnh cho cổng.",
        "Nobody has signed on at this screen. Give your name to order the gate.";
    live: "Hình trực tiếp", "Live picture";
    no_camera: "Làn này không có camera", "This lane has no camera";
    silent_since: "Camera im lặng, hình dưới đây là cũ. Tin cuối lúc",
        "The camera is silent, this picture is old. Last heard";
    never_heard: "Camera chưa báo về lần nào.", "The camera has never reported.";
    now: "Đang ở cổng", "At the gate now";
    nobody_there: "Không có ai đợi.", "Nobody is waiting.";
    more_waiting: "Cũng đang ở làn này", "Also in this lane";
    arrived: "đến lúc", "arrived";
    why: "Vì sao", "Why";
    settled_at: "dừng ở bước", "settled at";
    by_person: "Người quyết định", "Decided by";
    proof: "Căn cứ", "Rests on";
    answer_before: "Trả lời trước", "Answer before";
    then_default: "sau đó làn tự xử lý như đã cài đặt",
        "after that the lane does what it is set to";
    admit: "Cho vào", "Admit";
    refuse: "Từ chối", "Refuse";
    admit_reason: "Lý do cho vào", "Reason to admit";
    refuse_reason: "Lý do từ chối", "Reason to refuse";
    against: "Đang bị từ chối: chỉ cho vào khi có lý do riêng.",
        "Turned away: to be let in only for a reason of its own.";
    admitted_already: "Đã được cho vào.", "Let in already.";
    refused_already: "Đã bị từ chối. Vẫn có thể cho vào.",
        "Turned away. It can still be let in.";
    manual: "Mở tay", "By hand";
    open: "Mở một lần", "Open once";
    hold: "Giữ mở", "Hold open";
    release: "Thôi giữ", "Release";
    reason: "Lý do", "Reason";
    other_reason: "Lý do khác", "Another reason";
    order_it: "Ra lệnh", "Order";
    alarms: "Báo động", "Alarms";
    no_alarms: "Không có báo động.", "No alarms.";
    is_on: "đang báo", "on";
    until: "đến", "until";
    acknowledge: "Đã biết", "Noted";
    acknowledged: "Đã biết:", "Noted by";
    recent: "Lượt gần đây", "Last passages";
    no_recent: "Chưa có lượt nào.", "No passage yet.";
    orders: "Lệnh gần đây", "Last orders";
    no_orders: "Chưa có lệnh nào.", "No order yet.";
    handle: "Xử lý", "Handle";
    keys: "Phím tắt", "Keys";
    keys_on: "Dùng phím tắt", "Use the keys";
    keys_help: "Phím chữ mở lựa chọn, phím số chọn lý do và ra lệnh. Esc đóng lại.",
        "A letter opens the choice, a digit picks the reason and gives the order. Esc closes it.";
    key_note: "Đã biết báo động đầu tiên", "Note the first alarm";
    key_admit: "C", "A";
    key_refuse: "T", "R";
    key_open: "M", "O";
    key_hold: "G", "H";
    key_release: "D", "L";
    key_alarm: "B", "N";
    broker_lost: "Máy chủ mất kết nối với cổng: lệnh sẽ không gửi được.",
        "The server has lost the gates: no order can be sent.";
    gate_down: "Bộ điều khiển cổng không chạy: lệnh sẽ không được thi hành. Mở bằng tay tại chỗ.",
        "The gate's controller does not run: orders will not be obeyed. Open it on the spot.";
    barrier_silent: "Thanh chắn không báo về: lệnh có thể không được thi hành.",
        "The barrier is not heard from: orders may not be obeyed.";
    barrier_fault: "Thanh chắn báo hỏng: lệnh mở sẽ bị từ chối.",
        "The barrier says that it is broken: it will refuse to open.";
    pipeline_down: "Camera không được phân tích: không ai được nhận ra. Hãy mở tay.",
        "Nothing is recognised: the cameras' program does not run. Open by hand.";
    site_wide: "Toàn khu", "Whole site";
    mode: "Chế độ", "Mode";
    mode_now: "Chế độ hiện nay", "Mode in force";
    zones: "Khu vực", "Zones";
    count_zone: "Đếm lại", "Counted";
    forgive_zone: "Xóa ghi nhận bên trong", "Forget who is inside";
    vehicles: "Xe", "Vehicles";
    people: "Người", "People";
    sent: "Đã gửi lệnh.", "The order was sent.";
    not_sent: "KHÔNG GỬI ĐƯỢC: cổng không nhận được lệnh này, và lệnh sẽ không gửi lại. \
        Hãy xem cổng rồi ra lệnh mới.",
        "NOT SENT: the gate has not got this order, and it will not be sent later. \
        Look at the gate, then give a new one.";
    being_sent: "Lệnh đang được gửi.", "The order is being sent.";
    refused_no_name: "Chưa nhận ca: hãy nhập họ tên trước khi ra lệnh.",
        "Nobody has signed on: give your name before you order anything.";
    refused_bad_name: "Họ tên cần 2 đến 48 chữ, không có ký hiệu lạ.",
        "A name has 2 to 48 letters, and no other signs.";
    refused_over: "Không ra lệnh: xe hoặc người trên màn hình đã đi rồi.",
        "Nothing was ordered: whoever was on the screen has gone.";
    refused_changed: "Không ra lệnh: kết luận vừa thay đổi. Hãy xem lại rồi quyết định.",
        "Nothing was ordered: the answer has just changed. Look again, then decide.";
    refused_let_in: "Không ra lệnh: đã được cho vào rồi.",
        "Nothing was ordered: it has been let in already.";
    refused_answered: "Không ra lệnh: đã có câu trả lời rồi.",
        "Nothing was ordered: it has been answered already.";
    refused_reason: "Không ra lệnh: hãy chọn lý do. Lý do khác cần vài chữ, tối đa 200.",
        "Nothing was ordered: choose a reason. Another reason needs a few words, 200 at most.";
    refused_unavailable: "Máy chủ này không có khóa để ra lệnh.",
        "This server has no key for orders.";
    refused_other: "Không ra lệnh được. Hãy thử lại.", "Nothing was ordered. Try again.";
}
