//! The program: parses arguments, runs, returns the exit code.

fn main() {}
