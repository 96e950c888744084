#![no_main]

#[path = "../drivers/text_filter.rs"]
mod driver;

libfuzzer_sys::fuzz_target!(|data: &[u8]| driver::run(data));
