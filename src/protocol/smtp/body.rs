//! Message bytes on the wire: dot-stuffing undone (RFC 5321 §4.5.2), line ends checked. The hot path:
//! works in runs found by `memchr`, and copies each byte once.

use memchr::memchr_iter;

/// Undoes dot-stuffing and finds the end, which is CRLF.CRLF and nothing else.
#[derive(Debug)]
pub struct Unstuffer {
    line_begins: bool,
    line_ends: LineEnds,
}

/// How far [`Unstuffer::next`] came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unstuffed {
    /// Bytes done with. What is left (`\r`, `.` or `.\r`) makes sense only with what follows.
    pub taken: usize,
    /// The message has ended.
    pub ended: bool,
}

impl Unstuffer {
    /// At the first byte after the DATA command.
    pub fn new() -> Unstuffer {
        Unstuffer { line_begins: true, line_ends: LineEnds::default() }
    }

    /// Reads on in `bytes` and writes the message's own bytes to `message`, if it is wanted.
    pub fn next(&mut self, bytes: &[u8], mut message: Option<&mut Vec<u8>>) -> Unstuffed {
        let mut copied = 0;
        let mut copy = |from: usize, until: usize| {
            if let Some(message) = &mut message {
                message.extend_from_slice(&bytes[from..until]);
            }
        };
        let first = self.line_begins.then_some(0);
        let lines = memchr_iter(b'\n', bytes).filter(|end| bytes[..*end].ends_with(b"\r")).map(|end| end + 1);
        for begin in first.into_iter().chain(lines) {
            match &bytes[begin..] {
                [b'.', b'\r', b'\n', ..] => {
                    copy(copied, begin);
                    return self.stop(bytes, begin + 3, true);
                }
                [b'.'] | [b'.', b'\r'] => {
                    copy(copied, begin);
                    return self.stop(bytes, begin, false);
                }
                [b'.', ..] => {
                    copy(copied, begin);
                    copied = begin + 1;
                }
                _ => {}
            }
        }
        // A CR waits for the byte that shows whether it is a bare one.
        let until = bytes.len() - usize::from(bytes.ends_with(b"\r"));
        copy(copied, until);
        self.stop(bytes, until, false)
    }

    /// Has a bare CR or LF been seen?
    pub fn is_broken(&self) -> bool {
        self.line_ends.are_broken()
    }

    fn stop(&mut self, bytes: &[u8], taken: usize, ended: bool) -> Unstuffed {
        self.line_ends.hear(&bytes[..taken]);
        if taken > 0 {
            self.line_begins = bytes[..taken].ends_with(b"\r\n");
        }
        Unstuffed { taken, ended }
    }
}

/// Sees whether all line ends are CRLF. A message with another one means different things to
/// different servers, which is how messages are smuggled.
#[derive(Debug, Clone, Copy, Default)]
pub struct LineEnds {
    after_cr: bool,
    broken: bool,
}

impl LineEnds {
    /// Hears the next bytes.
    pub fn hear(&mut self, bytes: &[u8]) {
        let Some(last) = bytes.last() else { return };
        let mut line_feeds = 0;
        for end in memchr_iter(b'\n', bytes) {
            line_feeds += 1;
            let after_cr = if end == 0 { self.after_cr } else { bytes[end - 1] == b'\r' };
            self.broken |= !after_cr;
        }
        // Each LF has its CR; as many CRs as LFs means that each CR has its LF.
        let open = *last == b'\r';
        let returns = memchr_iter(b'\r', bytes).count() + usize::from(self.after_cr);
        self.broken |= returns != line_feeds + usize::from(open);
        self.after_cr = open;
    }

    /// Has a bare CR or LF been seen?
    pub fn are_broken(self) -> bool {
        self.broken
    }

    /// Has a bare CR or LF been seen, now that no byte follows?
    pub fn are_broken_at_end(self) -> bool {
        self.broken || self.after_cr
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Feeds `wire` as the drive loop does: what was not taken comes again with more.
    fn unstuff(wire: &[u8], cuts: &[usize]) -> Option<(Vec<u8>, bool, usize)> {
        let (mut unstuffer, mut message, mut begin) = (Unstuffer::new(), Vec::new(), 0);
        for cut in cuts.iter().copied().chain([wire.len()]) {
            let result = unstuffer.next(&wire[begin..cut.max(begin)], Some(&mut message));
            begin += result.taken;
            if result.ended {
                return Some((message, unstuffer.is_broken(), begin));
            }
        }
        None
    }

    /// RFC 5321 §4.5.2 said byte by byte.
    fn naive(wire: &[u8]) -> Option<(Vec<u8>, bool, usize)> {
        let (mut message, mut broken, mut at) = (Vec::new(), false, 0);
        while at < wire.len() {
            let line_begins = at == 0 || wire[..at].ends_with(b"\r\n");
            if line_begins && wire[at..].starts_with(b".\r\n") {
                return Some((message, broken, at + 3));
            }
            broken |= wire[at] == b'\n' && (at == 0 || wire[at - 1] != b'\r');
            broken |= wire[at] == b'\r' && wire.get(at + 1) != Some(&b'\n');
            if !(line_begins && wire[at] == b'.') {
                message.push(wire[at]);
            }
            at += 1;
        }
        None
    }

    fn check(wire: &[u8], expected: Option<(&[u8], bool)>) {
        for cut in 0..=wire.len() {
            for second in cut..=wire.len() {
                let got = unstuff(wire, &[cut, second]);
                let got = got.as_ref().map(|(message, broken, _)| (message.as_slice(), *broken));
                assert_eq!(got, expected, "{:?} cut at {cut}, {second}", wire.escape_ascii().to_string());
            }
        }
    }

    #[test]
    fn ends_and_dots() {
        check(b".\r\n", Some((b"", false)));
        check(b"a\r\n.\r\n", Some((b"a\r\n", false)));
        check(b"..\r\n.\r\n", Some((b".\r\n", false)));
        check(b".a\r\n..b\r\n.\r\n", Some((b"a\r\n.b\r\n", false)));
        check(b"\r\n\r\n.\r\nQUIT\r\n", Some((b"\r\n\r\n", false)));
        check(b"a\r\n.", None);
        check(b"a\r\n.\r", None);
        check(b"a.\r\n", None);
    }

    #[test]
    fn what_looks_like_an_end_is_none() {
        for not_an_end in
            ["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r", "\r.\r\n", "\n.\r", "\r\r\n.\r\r\n", "\r\n.\r\r\n"]
        {
            let wire = format!("a{not_an_end}b\r\n.\r\n");
            let expected = naive(wire.as_bytes()).expect("ends");
            assert!(expected.1, "{not_an_end:?}");
            assert_eq!(expected.2, wire.len(), "{not_an_end:?}");
            check(wire.as_bytes(), Some((&expected.0, true)));
        }
    }

    proptest! {
        #[test]
        fn as_the_naive_model_at_every_split(wire in "[a.\r\n]{0,40}", split in any::<prop::sample::Index>()) {
            let mut wire = wire.into_bytes();
            wire.extend_from_slice(b"\r\n.\r\n");
            let cut = split.index(wire.len());
            prop_assert_eq!(unstuff(&wire, &[cut]), naive(&wire));
            let each: Vec<usize> = (0..wire.len()).collect();
            prop_assert_eq!(unstuff(&wire, &each), naive(&wire));
        }

        #[test]
        fn stuffing_comes_back(lines in prop::collection::vec("[.a-c]{0,5}", 0..8), split in any::<prop::sample::Index>()) {
            let message: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
            let stuffed: String = lines.iter().map(|line| {
                format!("{}{line}\r\n", if line.starts_with('.') { "." } else { "" })
            }).collect();
            let wire = stuffed + ".\r\n";
            let back = unstuff(wire.as_bytes(), &[split.index(wire.len())]);
            prop_assert_eq!(back, Some((message.into_bytes(), false, wire.len())));
        }

        #[test]
        fn line_ends_do_not_depend_on_cuts(bytes in "[a\r\n]{0,30}", split in any::<prop::sample::Index>()) {
            let bytes = bytes.as_bytes();
            let cut = split.index(bytes.len() + 1);
            let mut ends = LineEnds::default();
            ends.hear(&bytes[..cut]);
            ends.hear(&bytes[cut..]);
            let naive = (0..bytes.len()).any(|at| match bytes[at] {
                b'\n' => at == 0 || bytes[at - 1] != b'\r',
                b'\r' => bytes.get(at + 1) != Some(&b'\n'),
                _ => false,
            });
            prop_assert_eq!(ends.are_broken_at_end(), naive);
        }
    }
}
