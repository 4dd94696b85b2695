//! The program `gac`.
fn main() {}
