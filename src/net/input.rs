//! Bytes heard and not yet understood.

/// Most bytes that wait in an [`Input`]. A session that needs more for one line takes what there is
/// and remembers that the line is too long.
pub const INPUT_BYTES_MAX: usize = 64 * 1024;

/// The bytes that a session has not yet taken.
#[derive(Debug, Default)]
pub struct Input {
    bytes: Vec<u8>,
    taken: usize,
    closed: bool,
}

impl Input {
    /// What is there to be understood.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[self.taken..]
    }

    /// Takes the first `count` bytes: they are understood.
    ///
    /// # Panics
    /// When there are fewer.
    pub fn take(&mut self, count: usize) {
        assert!(count <= self.bytes.len() - self.taken, "took more than there is");
        self.taken += count;
        if self.taken == self.bytes.len() {
            self.bytes.clear();
            self.taken = 0;
        }
    }

    /// Has the client closed its end? What it sent before is still in `bytes`.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Hears more.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.taken > 0 {
            self.bytes.drain(..self.taken);
            self.taken = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Room for more bytes before it is full.
    pub fn room(&self) -> usize {
        INPUT_BYTES_MAX.saturating_sub(self.bytes.len() - self.taken)
    }

    /// The client has closed its end.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// Throws everything away.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.taken = 0;
    }

    /// Gives memory back when nothing waits.
    pub fn relax(&mut self) {
        if self.bytes.is_empty() {
            self.bytes = Vec::new();
        }
    }
}
