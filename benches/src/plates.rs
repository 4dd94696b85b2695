//! Plates against their truth: folders of pictures, comparison, figures, and a page of misreads.

pub mod figures;
pub mod page;
pub mod results;
pub mod set;
pub mod text;
pub mod view;
