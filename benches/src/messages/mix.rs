//! How many messages of which size.

use std::str::FromStr;

/// Sizes and their shares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mix(Vec<Share>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Share {
    percent: u64,
    bytes: u64,
}

impl Mix {
    /// The nominal size of message `index`, bytes. The shares are exact in each hundred messages.
    pub fn bytes(&self, index: u64) -> u64 {
        // 61 and 100 have no common divisor, so each hundred visits every place once, well mixed.
        let mut place = index % 100 * 61 % 100;
        for share in &self.0 {
            if place < share.percent {
                return share.bytes;
            }
            place -= share.percent;
        }
        0
    }
}

impl FromStr for Mix {
    type Err = String;

    /// Reads `70:4k,25:40k,5:400k`: percent and size, in bytes or with `k` or `m`.
    fn from_str(text: &str) -> Result<Mix, String> {
        let shares = text.split(',').map(share).collect::<Result<Vec<Share>, String>>()?;
        match shares.iter().map(|share| share.percent).sum() {
            100 => Ok(Mix(shares)),
            sum => Err(format!("the shares add up to {sum}, not to 100")),
        }
    }
}

fn share(text: &str) -> Result<Share, String> {
    let wrong = || format!("{text:?} is not PERCENT:SIZE, as in 70:4k");
    let (percent, size) = text.split_once(':').ok_or_else(wrong)?;
    let percent = percent.parse().ok().filter(|percent| *percent <= 100).ok_or_else(wrong)?;
    Ok(Share { percent, bytes: bytes(size).ok_or_else(wrong)? })
}

fn bytes(text: &str) -> Option<u64> {
    let (number, unit) = match text.as_bytes().last()? {
        b'k' | b'K' => (&text[..text.len() - 1], 1 << 10),
        b'm' | b'M' => (&text[..text.len() - 1], 1 << 20),
        _ => (text, 1),
    };
    number.parse::<u64>().ok()?.checked_mul(unit).filter(|bytes| *bytes <= 1 << 30)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&[(u64, u64)], &str>) {
        let shares = |list: &[(u64, u64)]| list.iter().map(|&(percent, bytes)| Share { percent, bytes }).collect();
        assert_eq!(text.parse(), expected.map(|list| Mix(shares(list))).map_err(str::to_owned), "{text}");
    }

    #[test]
    fn a_mix_is_read() {
        check("100:4k", Ok(&[(100, 4096)]));
        check("70:4k,25:40K,5:1m", Ok(&[(70, 4096), (25, 40960), (5, 1 << 20)]));
        check("99:0,1:512", Ok(&[(99, 0), (1, 512)]));
        check("70:4k", Err("the shares add up to 70, not to 100"));
        check("100", Err("\"100\" is not PERCENT:SIZE, as in 70:4k"));
        check("", Err("\"\" is not PERCENT:SIZE, as in 70:4k"));
        check("100:", Err("\"100:\" is not PERCENT:SIZE, as in 70:4k"));
        check("100:k", Err("\"100:k\" is not PERCENT:SIZE, as in 70:4k"));
        check("100:4g", Err("\"100:4g\" is not PERCENT:SIZE, as in 70:4k"));
        check("-1:4k,101:4k", Err("\"-1:4k\" is not PERCENT:SIZE, as in 70:4k"));
        check("100:99999999999999999999m", Err("\"100:99999999999999999999m\" is not PERCENT:SIZE, as in 70:4k"));
    }

    #[test]
    fn each_hundred_has_the_shares() {
        let mix: Mix = "70:4k,25:40k,5:400k".parse().unwrap();
        for hundred in [0, 1, 77] {
            let sizes: Vec<u64> = (hundred * 100..hundred * 100 + 100).map(|index| mix.bytes(index)).collect();
            let count = |bytes| sizes.iter().filter(|size| **size == bytes).count();
            assert_eq!([count(4 << 10), count(40 << 10), count(400 << 10)], [70, 25, 5]);
        }
    }
}
