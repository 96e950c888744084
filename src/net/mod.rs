//! Between sockets and sessions: listeners, TLS and certificates, compression, connection limits, and the only
//! loop that joins a socket to a session ([`drive`]). Knows no protocol.

mod deflate;
mod drive;
mod input;
mod listen;
mod session;
mod stream;
pub mod tls;

pub use input::{INPUT_BYTES_MAX, Input};
pub use listen::{Encryption, Limits, LineService, Net, Protocol, everywhere};
pub use session::{Answers, Goodbye, OUTPUT_BYTES, Peer, Session, Status, Turn};
