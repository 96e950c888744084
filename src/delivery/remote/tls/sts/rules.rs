//! The texts of MTA-STS (RFC 8461 §3): the TXT record and the policy. Pure.

/// Most `mx` lines of a policy.
const PATTERNS_MAX: usize = 256;

/// What a policy asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super::super) enum Mode {
    /// Nothing is sent to who does not fulfil it.
    Enforce,
    /// Failures are only reported.
    Testing,
    /// It is taken back.
    None,
}

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super::super) struct StsRules {
    pub mode: Mode,
    /// Seconds.
    pub max_age: u64,
    patterns: Vec<String>,
}

/// The id of the one STSv1 record among the texts (§3.1).
pub(super) fn record_id(texts: &[Vec<u8>]) -> Option<String> {
    let mut records = texts.iter().filter_map(|text| std::str::from_utf8(text).ok()).filter(|text| is_record(text));
    let record = records.next().filter(|_| records.next().is_none())?;
    let mut fields = record.split(';').filter_map(|field| field.trim().split_once('='));
    let (_, id) = fields.find(|(name, _)| name.trim() == "id")?;
    let id = id.trim();
    let well_formed = (1..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    well_formed.then(|| id.to_string())
}

fn is_record(text: &str) -> bool {
    text.split(';').next().is_some_and(|first| first.split('=').map(str::trim).eq(["v", "STSv1"]))
}

impl Mode {
    /// As policies write it.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Enforce => "enforce",
            Mode::Testing => "testing",
            Mode::None => "none",
        }
    }
}

impl StsRules {
    /// Reads a policy (§3.2). `None` when it is not one.
    pub fn parse(text: &str) -> Option<StsRules> {
        let (mut version, mut mode, mut max_age, mut patterns) = (false, None, None, Vec::new());
        for (name, value) in text.lines().filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            match name.trim() {
                "version" => version = value == "STSv1",
                "mode" if mode.is_none() => mode = Some(mode_of(value)?),
                "max_age" if max_age.is_none() => max_age = Some(value.parse().ok()?),
                "mx" if patterns.len() < PATTERNS_MAX => patterns.push(value.to_ascii_lowercase()),
                _ => {}
            }
        }
        let rules = StsRules { mode: mode?, max_age: max_age?, patterns };
        (version && (rules.mode == Mode::None || !rules.patterns.is_empty())).then_some(rules)
    }

    /// Is this host one of the domain's exchangers (§4.1)?
    pub fn allows(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.patterns.iter().any(|pattern| match pattern.strip_prefix("*.") {
            // The star stands for one label.
            Some(parent) => host.split_once('.').is_some_and(|(_, rest)| rest == parent),
            None => host == *pattern,
        })
    }

    /// The policy's lines, for reports.
    pub fn lines(&self) -> Vec<String> {
        let head = ["version: STSv1".to_string(), format!("mode: {}", self.mode.name())];
        let mx = self.patterns.iter().map(|pattern| format!("mx: {pattern}"));
        head.into_iter().chain(mx).chain([format!("max_age: {}", self.max_age)]).collect()
    }
}

fn mode_of(text: &str) -> Option<Mode> {
    match text {
        "enforce" => Some(Mode::Enforce),
        "testing" => Some(Mode::Testing),
        "none" => Some(Mode::None),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn records() {
        let check = |texts: &[&str], expected: Option<&str>| {
            let texts: Vec<_> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
            assert_eq!(record_id(&texts).as_deref(), expected, "{texts:?}");
        };
        check(&["v=STSv1; id=20160831085700Z;"], Some("20160831085700Z"));
        check(&["v=spf1 -all", "v=STSv1;id=1"], Some("1"));
        check(&["v=STSv1; id=1;", "v=STSv1; id=2;"], None);
        check(&["v=STSv1; id=;"], None);
        check(&["v=STSv1; id=a-b;"], None);
        check(&["v=STSv2; id=1;"], None);
        check(&["v=STSv1"], None);
        check(&[], None);
    }

    #[test]
    fn policies() {
        let text =
            "version: STSv1\r\nmode: enforce\r\nmx: mail.example.test\r\nmx: *.example.net\r\nmax_age: 604800\r\n";
        let rules = StsRules::parse(text).expect("a policy");
        assert_eq!((rules.mode, rules.max_age), (Mode::Enforce, 604_800));
        for (host, allowed) in [
            ("mail.example.test", true),
            ("MAIL.example.TEST", true),
            ("a.example.net", true),
            ("example.net", false),
            ("a.b.example.net", false),
            ("example.test", false),
        ] {
            assert_eq!(rules.allows(host), allowed, "{host}");
        }
        assert_eq!(StsRules::parse(&rules.lines().join("\n")), Some(rules));
        assert!(StsRules::parse("version: STSv1\nmode: none\nmax_age: 1\n").is_some());
        for wrong in [
            "",
            "mode: enforce\nmx: a\nmax_age: 1",
            "version: STSv1\nmode: enforce\nmax_age: 1",
            "version: STSv1\nmode: other\nmx: a\nmax_age: 1",
            "version: STSv1\nmode: enforce\nmx: a",
            "version: STSv1\nmode: enforce\nmx: a\nmax_age: -1",
        ] {
            assert_eq!(StsRules::parse(wrong), None, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "(version|mode|mx|max_age|: |\n|STSv1|;|=|\\PC){0,30}") {
            let _ = (StsRules::parse(&text), record_id(&[text.into_bytes()]));
        }
    }
}
