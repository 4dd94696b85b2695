//! Why a picture is not good enough, in words that say what to do.

/// One thing that is wrong with a picture to enrol from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Refusal {
    /// No face was found.
    NoFace,
    /// More than one face.
    SeveralFaces {
        /// How many.
        n_faces: usize,
    },
    /// The face's eyes, nose and mouth were not found.
    NoLandmarks,
    /// Too few pixels.
    TooSmall {
        /// Pixels between the eyes.
        eye_distance_px: f32,
        /// What is needed.
        needed_px: f32,
    },
    /// A part of the face is outside the picture.
    CutOff,
    /// Turned to a side.
    TurnedAside {
        /// By so much.
        yaw_deg: f32,
    },
    /// Looks up or down.
    UpOrDown {
        /// By so much.
        pitch_deg: f32,
    },
    /// Tilted to a shoulder.
    Tilted {
        /// By so much.
        roll_deg: f32,
    },
    /// Too dark.
    TooDark {
        /// Mean, of 255.
        brightness: f32,
    },
    /// Too bright.
    TooBright {
        /// Mean, of 255.
        brightness: f32,
    },
    /// Lit from a side.
    UnevenLight {
        /// The difference of the halves by their sum.
        imbalance: f32,
    },
    /// Not sharp.
    Blurred {
        /// As measured.
        sharpness: f32,
        /// What is needed.
        needed: f32,
    },
    /// Liveness takes it for a picture of a picture.
    NotLive,
    /// Liveness could not be judged.
    LivenessUnknown,
    /// Not the person of the other pictures.
    SomebodyElse {
        /// To the nearest of the other pictures.
        similarity: f32,
        /// What counts as the same person.
        needed: f32,
    },
    /// Once more the same picture.
    SamePicture {
        /// The first of them, counted from 1.
        n_first: usize,
    },
    /// The models gave no template.
    NoTemplate,
}

impl Refusal {
    /// A name for programs, which never changes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoFace => "no-face",
            Self::SeveralFaces { .. } => "several-faces",
            Self::NoLandmarks => "no-landmarks",
            Self::TooSmall { .. } => "too-small",
            Self::CutOff => "cut-off",
            Self::TurnedAside { .. } => "turned-aside",
            Self::UpOrDown { .. } => "up-or-down",
            Self::Tilted { .. } => "tilted",
            Self::TooDark { .. } => "too-dark",
            Self::TooBright { .. } => "too-bright",
            Self::UnevenLight { .. } => "uneven-light",
            Self::Blurred { .. } => "blurred",
            Self::NotLive => "not-live",
            Self::LivenessUnknown => "liveness-unknown",
            Self::SomebodyElse { .. } => "somebody-else",
            Self::SamePicture { .. } => "same-picture",
            Self::NoTemplate => "no-template",
        }
    }

    /// In Vietnamese: what is wrong, and what to do.
    pub fn vi(&self) -> String {
        match *self {
            Self::NoFace => "không thấy khuôn mặt; hãy nhìn thẳng vào máy ảnh".to_owned(),
            Self::SeveralFaces { n_faces } => {
                format!("có {n_faces} khuôn mặt; chỉ một người trong ảnh")
            }
            Self::NoLandmarks => "không rõ mắt, mũi, miệng; bỏ khẩu trang, kính râm".to_owned(),
            Self::TooSmall {
                eye_distance_px,
                needed_px,
            } => format!(
                "khuôn mặt quá nhỏ: hai mắt cách nhau {eye_distance_px:.0} điểm ảnh, cần \
                 {needed_px:.0}; hãy lại gần hơn"
            ),
            Self::CutOff => "khuôn mặt bị cắt ở mép ảnh; hãy đứng giữa khung hình".to_owned(),
            Self::TurnedAside { yaw_deg } => {
                format!("mặt quay sang bên {:.0}°; hãy nhìn thẳng", yaw_deg.abs())
            }
            Self::UpOrDown { pitch_deg } if pitch_deg < 0.0 => {
                format!("mặt ngửa lên {:.0}°; hãy hạ cằm xuống", -pitch_deg)
            }
            Self::UpOrDown { pitch_deg } => {
                format!("mặt cúi xuống {pitch_deg:.0}°; hãy ngẩng đầu lên")
            }
            Self::Tilted { roll_deg } => {
                format!("đầu nghiêng {:.0}°; hãy giữ đầu thẳng", roll_deg.abs())
            }
            Self::TooDark { brightness } => {
                format!("quá tối (độ sáng {brightness:.0}/255); hãy thêm ánh sáng phía trước")
            }
            Self::TooBright { brightness } => {
                format!("quá sáng (độ sáng {brightness:.0}/255); hãy giảm ánh sáng")
            }
            Self::UnevenLight { .. } => {
                "ánh sáng lệch một bên mặt; hãy quay mặt về phía nguồn sáng".to_owned()
            }
            Self::Blurred { .. } => "ảnh bị mờ; hãy đứng yên và lấy nét lại".to_owned(),
            Self::NotLive => {
                "giống ảnh chụp lại từ giấy hoặc màn hình; hãy chụp trực tiếp người thật".to_owned()
            }
            Self::LivenessUnknown => "không kiểm tra được người thật; hãy chụp lại".to_owned(),
            Self::SomebodyElse { similarity, needed } => format!(
                "không giống người trong các ảnh khác ({similarity:.2}, cần {needed:.2}); hãy dùng \
                 ảnh của cùng một người"
            ),
            Self::SamePicture { n_first } => {
                format!("trùng với ảnh thứ {n_first}; hãy dùng các ảnh khác nhau")
            }
            Self::NoTemplate => "không tạo được mẫu khuôn mặt; hãy chụp lại".to_owned(),
        }
    }

    /// In English: what is wrong, and what to do.
    pub fn en(&self) -> String {
        match *self {
            Self::NoFace => "no face was found; look into the camera".to_owned(),
            Self::SeveralFaces { n_faces } => {
                format!("{n_faces} faces; let one person be in the picture")
            }
            Self::NoLandmarks => {
                "eyes, nose or mouth cannot be made out; take off a mask or sunglasses".to_owned()
            }
            Self::TooSmall {
                eye_distance_px,
                needed_px,
            } => format!(
                "the face is too small: {eye_distance_px:.0} pixels between the eyes, \
                 {needed_px:.0} are needed; come nearer"
            ),
            Self::CutOff => "the picture's edge cuts the face off; stand in the middle".to_owned(),
            Self::TurnedAside { yaw_deg } => {
                format!(
                    "turned {:.0}° to a side; look straight ahead",
                    yaw_deg.abs()
                )
            }
            Self::UpOrDown { pitch_deg } if pitch_deg < 0.0 => {
                format!("looks up by {:.0}°; lower the chin", -pitch_deg)
            }
            Self::UpOrDown { pitch_deg } => {
                format!("looks down by {pitch_deg:.0}°; raise the head")
            }
            Self::Tilted { roll_deg } => {
                format!(
                    "the head is tilted by {:.0}°; hold it upright",
                    roll_deg.abs()
                )
            }
            Self::TooDark { brightness } => {
                format!("too dark (brightness {brightness:.0} of 255); add light from the front")
            }
            Self::TooBright { brightness } => {
                format!("too bright (brightness {brightness:.0} of 255); take light away")
            }
            Self::UnevenLight { .. } => {
                "lit from one side; turn the face towards the light".to_owned()
            }
            Self::Blurred { .. } => "not sharp; stand still and focus again".to_owned(),
            Self::NotLive => {
                "looks like a picture of a print or a screen; photograph the person herself"
                    .to_owned()
            }
            Self::LivenessUnknown => {
                "liveness could not be judged; take another picture".to_owned()
            }
            Self::SomebodyElse { similarity, needed } => format!(
                "does not resemble the other pictures ({similarity:.2}, {needed:.2} is needed); \
                 use pictures of one person"
            ),
            Self::SamePicture { n_first } => {
                format!("the same as picture {n_first}; use different ones")
            }
            Self::NoTemplate => "no template could be made; take another picture".to_owned(),
        }
    }
}
