//! Developer commands: `cargo xtask tidy`.
fn main() {}
