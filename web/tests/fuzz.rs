//! Replays what fuzzing begins with and what it has found, without a fuzzer.

#[path = "../../fuzz/drivers/callers.rs"]
mod callers;
#[path = "../../fuzz/drivers/replay.rs"]
mod replay;

#[test]
fn callers() {
    replay::replay("callers", callers::run);
}
