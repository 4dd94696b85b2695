//! Plates against their truth: folders of pictures, comparison, figures, and pages of misreads.

pub mod chains;
pub mod chart;
pub mod figures;
pub mod generated;
pub mod page;
pub mod passes;
pub mod pp_ocr;
pub mod reliability;
pub mod results;
pub mod run;
pub mod set;
pub mod text;
pub mod view;
