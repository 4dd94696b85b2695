//! What the public is told of the cameras: Vietnamese and English side by side, on one sheet.
//!
//! Only what the site file says is told. Nothing here is personal, and it is not audited: anybody
//! may read it.

use super::{Frame, Lang, render};
use crate::{app::App, http::problem::Problem, profile::NoticePlan};
use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, Uri},
    response::Html,
};
use std::sync::Arc;

/// One question and its answer, in one language.
struct Entry {
    question: &'static str,
    answers: Vec<String>,
}

struct Side {
    lang: &'static str,
    title: &'static str,
    entries: Vec<Entry>,
}

#[derive(Template)]
#[template(path = "notice.html")]
struct NoticePage {
    frame: Frame,
    sides: Vec<Side>,
    url: Option<String>,
    /// What to do when the site file has no such section.
    missing: Option<&'static str>,
}

/// Vietnamese or English.
struct Tongue(Lang);

impl Tongue {
    fn say(&self, vi: &'static str, en: &'static str) -> &'static str {
        match self.0 {
            Lang::Vietnamese => vi,
            Lang::English => en,
        }
    }

    fn controller(&self, notice: &NoticePlan) -> Entry {
        Entry {
            question: self.say("Đơn vị vận hành", "Who operates them"),
            answers: std::iter::once(&notice.controller)
                .chain(&notice.address)
                .cloned()
                .collect(),
        }
    }

    fn purpose(&self, notice: &NoticePlan) -> Entry {
        let purpose = match self.0 {
            Lang::Vietnamese => &notice.purpose_vi,
            Lang::English => &notice.purpose_en,
        };
        Entry {
            question: self.say("Mục đích", "What for"),
            answers: vec![purpose.clone()],
        }
    }

    fn sees(&self, notice: &NoticePlan) -> Entry {
        let sees = notice.sees;
        let lines = [
            (
                sees.people || sees.vehicles,
                self.say(
                    "Hình ảnh trong tầm nhìn của camera.",
                    "Pictures of what is in view of the cameras.",
                ),
            ),
            (
                sees.counting,
                self.say(
                    "Đếm số người và xe ra vào; con số không gắn với cá nhân nào.",
                    "People and vehicles are counted; the numbers belong to nobody.",
                ),
            ),
            (
                sees.plates,
                self.say("Đọc biển số xe.", "Number plates of vehicles are read."),
            ),
            (
                sees.documents,
                self.say(
                    "Đọc mã QR của giấy vào cổng và thẻ căn cước khi được xuất trình.",
                    "QR codes of passes and citizens' cards are read when they are shown.",
                ),
            ),
        ];
        Entry {
            question: self.say("Camera ghi nhận gì", "What is seen and counted"),
            answers: lines
                .into_iter()
                .filter(|(is_so, _)| *is_so)
                .map(|(_, text)| text.to_owned())
                .collect(),
        }
    }

    fn faces(&self, notice: &NoticePlan) -> Entry {
        let sees = notice.sees;
        let mut answers = Vec::new();
        if sees.faces {
            answers.push(self.say(
                "Chỉ nhận diện khuôn mặt của người đã đăng ký và đồng ý.",
                "Only faces of people who have enrolled and agreed are recognised.",
            ));
            answers.push(self.say(
                "Khuôn mặt của người chưa đăng ký không được nhận diện, và mẫu khuôn mặt của họ \
                 không được lưu.",
                "Faces of people who have not enrolled are not recognised, and no face template \
                 of theirs is stored.",
            ));
        } else {
            answers.push(self.say(
                "Không nhận diện khuôn mặt và không lưu mẫu khuôn mặt của ai.",
                "Faces are not recognised, and nobody's face template is stored.",
            ));
        }
        if sees.watch_list {
            // Then the sentence above would not be the whole truth.
            answers.clear();
            answers.push(self.say(
                "Nhận diện khuôn mặt của người đã đăng ký và đồng ý, và so khớp với danh sách \
                 theo yêu cầu của cơ quan có thẩm quyền. Mẫu khuôn mặt của những người khác không \
                 được lưu.",
                "Faces of people who have enrolled and agreed are recognised, and faces are \
                 compared with a list on the order of an authority. No face template of anybody \
                 else is stored.",
            ));
        }
        Entry {
            question: self.say("Khuôn mặt", "Faces"),
            answers: answers.into_iter().map(str::to_owned).collect(),
        }
    }

    fn kept(&self, notice: &NoticePlan) -> Option<Entry> {
        let days = notice.pictures_kept_days?;
        Some(Entry {
            question: self.say("Lưu trong bao lâu", "How long pictures are kept"),
            answers: vec![match self.0 {
                Lang::Vietnamese => {
                    format!("{days} ngày, trừ khi cần lâu hơn để giải quyết một vụ việc.")
                }
                Lang::English if days == 1 => {
                    "1 day, unless an incident needs them longer.".to_owned()
                }
                Lang::English => format!("{days} days, unless an incident needs them longer."),
            }],
        })
    }

    fn rights(&self, notice: &NoticePlan) -> Entry {
        let law = self.say(
            "Theo Luật Bảo vệ dữ liệu cá nhân số 91/2025/QH15, quý vị có quyền được biết, xem, \
             chỉnh sửa, yêu cầu xóa hoặc hạn chế xử lý dữ liệu của mình, phản đối và khiếu nại.",
            "Under the Law on Personal Data Protection No. 91/2025/QH15 you may know of, see, \
             correct, have erased or restrict what is kept about you, object and complain.",
        );
        let contact = self.say("Liên hệ:", "Contact:");
        Entry {
            question: self.say("Quyền của quý vị và liên hệ", "Your rights and contact"),
            answers: vec![law.to_owned(), format!("{contact} {}", notice.contact)],
        }
    }

    fn side(&self, notice: &NoticePlan) -> Side {
        let entries = [
            Some(self.controller(notice)),
            Some(self.purpose(notice)),
            Some(self.sees(notice)),
            Some(self.faces(notice)),
            self.kept(notice),
            Some(self.rights(notice)),
        ];
        let entries = entries.into_iter().flatten();
        Side {
            lang: self.0.code(),
            title: self.say("Khu vực có camera", "Cameras in operation"),
            entries: entries.filter(|entry| !entry.answers.is_empty()).collect(),
        }
    }
}

pub(crate) async fn get_notice(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Html<String>, Problem> {
    let lang = Lang::of_request(uri.query(), &headers);
    let notice = app.profile.notice.as_ref();
    let sides = notice.map(|notice| {
        [Lang::Vietnamese, Lang::English]
            .map(|lang| Tongue(lang).side(notice))
            .into()
    });
    render(&NoticePage {
        frame: Frame::new(&app, lang, "/notice"),
        url: notice.and_then(|notice| notice.url.clone()),
        missing: notice.is_none().then(|| {
            Tongue(lang).say(
                "Tệp cấu hình của địa điểm chưa có mục [notice], nên chưa có gì để công bố.",
                "The site file has no section [notice], so there is nothing to publish.",
            )
        }),
        sides: sides.unwrap_or_default(),
    })
}
