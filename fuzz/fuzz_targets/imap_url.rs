#![no_main]

#[path = "../drivers/imap_url.rs"]
mod driver;

libfuzzer_sys::fuzz_target!(|data: &[u8]| driver::run(data));
