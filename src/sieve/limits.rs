//! What one script may ask for. A script beyond a limit is refused when it is compiled, or ends with a fault when it runs.

/// Most bytes of a script.
pub use mailstead_storage::SCRIPT_BYTES_MAX;

/// Blocks, tests and lists inside each other.
pub const NESTING_MAX: usize = 32;
/// Actions one run may take (RFC 5228 §2.10.4).
pub const ACTIONS_MAX: usize = 32;
/// Addresses one run may redirect to (RFC 5228 §10).
pub const REDIRECTS_MAX: usize = 10;
/// Steps of one run: commands, tests, and the bytes they compare.
pub const STEPS_MAX: u64 = 20_000_000;
/// Variables one run may set (RFC 5229 §6 asks for 128).
pub const VARIABLES_MAX: usize = 128;
/// Most bytes of a variable's value, cut beyond it (RFC 5229 §6 asks for 4000 characters).
pub const VARIABLE_BYTES_MAX: usize = 16_000;
/// Most bytes of a text once its variables are filled in; cut beyond it.
pub const TEXT_BYTES_MAX: usize = 256 * 1024;
/// Fields one run may add or delete.
pub const EDITS_MAX: usize = 64;
/// Bytes of the body that tests look at.
pub const BODY_BYTES_MAX: u32 = 1 << 20;
/// Bytes of the header that tests look at.
pub const HEADER_BYTES_MAX: u32 = 256 * 1024;
/// Most bytes of a text that a script gives to a mailbox's name, an address or a handle.
pub const NAME_BYTES_MAX: usize = 1000;
