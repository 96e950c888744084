#![no_main]

#[path = "../drivers/managesieve.rs"]
mod driver;
#[path = "../drivers/wire.rs"]
mod wire;

libfuzzer_sys::fuzz_target!(|data: &[u8]| driver::run(data));
