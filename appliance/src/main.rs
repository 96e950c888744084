//! `mailstead`: a complete mail server in one binary. This crate puts the rooms together, and the box
//! to the machine: command line, configuration, start and stop. It knows no protocol and no table.

mod cli;
mod client;
mod config;
mod demo;
mod house;
mod memory;
mod notify;
mod open_files;
mod signals;
mod wiring;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
