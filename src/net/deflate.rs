//! DEFLATE on both ways of a connection (RFC 1951), as IMAP's COMPRESS asks for it (RFC 4978). What a client's
//! bytes grow to is inflated only as far as its [`Input`] has room, so a bomb costs no memory. Does no I/O.

use std::io;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::Input;

/// How hard we compress: mail's text shrinks to a third, at a cost that a small machine does not notice.
const LEVEL: u32 = 4;

/// Bytes inflated at once.
const PIECE_BYTES: usize = 8 * 1024;

/// Both ways of one connection.
pub(super) struct Deflate {
    inflate: Decompress,
    /// Made when something is said, and given back when the connection rests: it takes 310 KB, the other way 32.
    deflate: Option<Box<Compress>>,
    /// Heard and not yet inflated, from `taken` on.
    heard: Vec<u8>,
    taken: usize,
}

/// The client has sent what is not DEFLATE.
#[derive(Debug)]
struct Garbled;

impl Deflate {
    /// Both ways begin now; `heard` came already.
    pub(super) fn new(heard: &[u8]) -> Deflate {
        Deflate { inflate: Decompress::new(false), deflate: None, heard: heard.to_vec(), taken: 0 }
    }

    /// What to send for these bytes, up to a point at which the client can read all of them.
    pub(super) fn deflate(&mut self, bytes: &[u8]) -> Vec<u8> {
        let deflate = self.deflate.get_or_insert_with(|| Box::new(Compress::new(Compression::new(LEVEL), false)));
        let (start, mut packed) = (deflate.total_in(), Vec::with_capacity(bytes.len() / 2 + PIECE_BYTES));
        loop {
            let done = (deflate.total_in() - start) as usize;
            let status = deflate.compress_vec(&bytes[done..], &mut packed, FlushCompress::Sync);
            status.expect("a stream that is never finished takes all bytes");
            // Room that is left means that nothing is held back.
            if packed.len() < packed.capacity() {
                return packed;
            }
            packed.reserve(PIECE_BYTES);
        }
    }

    /// Takes bytes as they were sent.
    pub(super) fn hear(&mut self, bytes: &[u8]) {
        self.heard.drain(..self.taken);
        self.taken = 0;
        self.heard.extend_from_slice(bytes);
    }

    /// Inflates into `input` as much as it has room for. Says whether anything came of it: bytes, or the end.
    ///
    /// # Errors
    /// When the bytes are not DEFLATE ([`is_garbled`]).
    pub(super) fn inflate(&mut self, input: &mut Input) -> io::Result<bool> {
        let (mut piece, mut any) = ([0; PIECE_BYTES], false);
        loop {
            let (room, before) = (input.room().min(PIECE_BYTES), (self.inflate.total_in(), self.inflate.total_out()));
            let (packed, room) = (&self.heard[self.taken..], &mut piece[..room]);
            let status = self.inflate.decompress(packed, room, FlushDecompress::None);
            let status = status.map_err(|_| io::Error::other(Garbled))?;
            let taken = (self.inflate.total_in() - before.0) as usize;
            let made = (self.inflate.total_out() - before.1) as usize;
            self.taken += taken;
            any |= made > 0;
            input.push(&piece[..made]);
            if status == Status::StreamEnd {
                // The client has finished its stream: nothing can follow.
                input.close();
                return Ok(true);
            }
            if taken == 0 && made == 0 {
                self.forget();
                return Ok(any);
            }
        }
    }

    /// Is there anything to be given back?
    pub(super) fn is_tense(&self) -> bool {
        self.deflate.is_some()
    }

    /// Gives back what a connection at rest does not need. What is said next begins without knowing what was said
    /// before; the client does not notice, but for some bytes more.
    pub(super) fn relax(&mut self) {
        self.deflate = None;
    }

    fn forget(&mut self) {
        if self.taken == self.heard.len() {
            (self.heard, self.taken) = (Vec::new(), 0);
        }
    }
}

/// Is this the error of [`Deflate::inflate`]?
pub(super) fn is_garbled(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Garbled>())
}

impl std::fmt::Display for Garbled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the client's bytes are not DEFLATE")
    }
}

impl std::error::Error for Garbled {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::net::INPUT_BYTES_MAX;

    /// All that comes out of these bytes, taken as a session takes it, and the most that waited at once.
    fn inflated(packed: &[u8], step: usize) -> io::Result<(Vec<u8>, usize)> {
        let (mut deflate, mut input, mut out, mut waited) = (Deflate::new(b""), Input::default(), Vec::new(), 0);
        for piece in packed.chunks(step) {
            deflate.hear(piece);
            while deflate.inflate(&mut input)? && !input.is_closed() {
                waited = waited.max(input.bytes().len());
                out.extend_from_slice(input.bytes());
                input.take(input.bytes().len());
            }
        }
        out.extend_from_slice(input.bytes());
        Ok((out, waited))
    }

    proptest! {
        #[test]
        fn what_is_said_is_heard(
            said in prop::collection::vec(prop::collection::vec(0u8..4, 0..30_000), 1..6),
            relaxes in prop::collection::vec(any::<bool>(), 6),
            step in 1usize..5_000,
        ) {
            let (mut deflate, mut packed) = (Deflate::new(b""), Vec::new());
            for (bytes, relaxes) in said.iter().zip(relaxes) {
                packed.extend(deflate.deflate(bytes));
                prop_assert_eq!(&inflated(&packed, step).expect("well-formed").0[..], &said.concat()[..inflated_len(&said, bytes)]);
                if relaxes {
                    deflate.relax();
                }
            }
        }

        #[test]
        fn no_bytes_do_harm(noise in prop::collection::vec(any::<u8>(), 0..400), step in 1usize..50) {
            if let Ok((_, waited)) = inflated(&noise, step) {
                prop_assert!(waited <= INPUT_BYTES_MAX);
            }
        }
    }

    /// Bytes said up to and with `last`.
    fn inflated_len(said: &[Vec<u8>], last: &Vec<u8>) -> usize {
        said.iter().take_while(|bytes| !std::ptr::eq(*bytes, last)).map(Vec::len).sum::<usize>() + last.len()
    }

    #[test]
    fn a_bomb_is_inflated_in_pieces() {
        let bomb = Deflate::new(b"").deflate(&vec![0; 50 << 20]);
        assert!(bomb.len() < 1 << 20);
        let (out, waited) = inflated(&bomb, bomb.len()).expect("well-formed");
        assert_eq!((out.len(), waited), (50 << 20, INPUT_BYTES_MAX));
    }

    #[test]
    fn what_is_not_deflate_is_told() {
        let error = inflated(b"a NOOP\r\n", 100).expect_err("a stored block whose lengths differ");
        assert!(is_garbled(&error));
        assert!(!is_garbled(&io::Error::from(io::ErrorKind::InvalidData)));
    }

    #[test]
    fn the_end_of_a_stream_is_the_end() {
        let mut finished = Vec::with_capacity(100);
        let mut compress = Compress::new(Compression::fast(), false);
        compress.compress_vec(b"a NOOP\r\n", &mut finished, FlushCompress::Finish).expect("small");
        let (mut deflate, mut input) = (Deflate::new(&finished), Input::default());
        assert!(deflate.inflate(&mut input).expect("well-formed"));
        assert_eq!((input.bytes(), input.is_closed()), (&b"a NOOP\r\n"[..], true));
    }
}
