//! Sizes as people write them.

/// A size in bytes as a person writes it: `1048576`, `500M`, `2G`, `1.5 GB`; powers of 1024.
pub fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_uppercase();
    let digits_end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits_end);
    let shift = match unit.trim().trim_end_matches('B').trim_end_matches('I') {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        _ => return None,
    };
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(1 << shift);
    }
    let bytes = number.parse::<f64>().ok()? * (1u64 << shift) as f64;
    (bytes.is_finite() && bytes < u64::MAX as f64).then_some(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let check = |text, expected| assert_eq!(parse_size(text), expected, "{text}");
        check("0", Some(0));
        check("1048576", Some(1 << 20));
        check("500M", Some(500 << 20));
        check("2g", Some(2 << 30));
        check("2 GB", Some(2 << 30));
        check("2GiB", Some(2 << 30));
        check("1.5G", Some(3 << 29));
        check("-1", None);
        check("many", None);
        check("5X", None);
        check("", None);
        check("99999999999T", None);
    }
}
