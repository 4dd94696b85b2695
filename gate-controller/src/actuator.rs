//! What moves a barrier: which commands a device obeys, and the dialects of devices that do not
//! speak our topics.

pub(crate) mod admission;
pub(crate) mod hearing;
pub(crate) mod memory;

pub use hearing::RefusedCounts;
pub use memory::MemoryError;
