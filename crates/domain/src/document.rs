//! What stands on documents that people show: read by content, shown only in part.

mod card;
mod number;

pub use card::{BirthDate, CardDoubt, CitizenCard, Day, NotACard, Sex};
pub use number::{CitizenNumber, InvalidNumber, Registered};
