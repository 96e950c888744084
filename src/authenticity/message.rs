//! What a message itself says of where it comes from: its DKIM signatures (RFC 6376, RFC 8301, RFC 8463), the chain of
//! those that passed it on (ARC, RFC 8617), and what the domain of its author asks for (DMARC, RFC 9989).

use std::sync::Arc;

use mail_auth::crypto::Algorithm;
use mail_auth::dkim::{DkimError, VerifySignature as _};
use mail_auth::dmarc::Policy;
use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::spf::verify::SpfParameters;
use mail_auth::{
    AuthenticatedMessage, AuthenticationResults, DkimOutput, DmarcOutput, DmarcResult, Parameters, SpfOutput,
    headers::HeaderWriter as _,
};
use tokio::time::Instant;

use super::ask::{Texts, ask_all};
use super::checks::Tools;
use super::finding::{Finding, of_signature};
use super::findings::{Dmarc, Findings, Outcome, Signature};
use super::known::Known;
use super::sender::{Client, SenderFindings};
use super::settings::{AuthenticitySettings, Mode};
use super::{at_once, forged};
use crate::message::headers;
use crate::work;

/// Most header fields of a message whose signatures are checked: what is signed is looked for among them.
const FIELDS_MAX: usize = 1000;

/// Most fields that one signature may name.
const NAMES_MAX: usize = 200;

/// As much of a header as is read on an async worker, in bytes: some tens of microseconds.
const HEADER_AT_ONCE_MAX: usize = 16 * 1024;

/// Most rounds of questions that a message leads to: its keys and policies, and those of other signers' domains.
const ROUNDS_MAX: usize = 12;

/// Checks a whole message. Computes on the rayon pool; returns the message, without results that somebody else wrote
/// in our name.
pub(super) async fn check(
    tools: Arc<Tools>,
    client: Arc<Client>,
    sender: Arc<SenderFindings>,
    mut message: Vec<u8>,
    end: Instant,
) -> (Vec<u8>, Findings) {
    let mut known = known_of_header(&tools, &client, &sender, &message, end).await;
    for round in 0.. {
        let (tools_there, client, sender) = (Arc::clone(&tools), Arc::clone(&client), Arc::clone(&sender));
        let (checked, knew, findings) = work::compute(move || {
            let findings = evaluate(&tools_there, &client, &sender, &message, &known);
            // Names that are known by then, but failed, are no reason to ask again.
            let done = round == ROUNDS_MAX || !known.has_missing();
            let message = if done { forged::without(message, &tools_there.hostname) } else { message };
            (message, known, done.then_some(findings))
        })
        .await;
        (message, known) = (checked, knew);
        if let Some(findings) = findings {
            return (message, findings);
        }
        known = ask_all(&tools.resolver, Texts::ByName, known, end).await;
    }
    unreachable!("the loop ends at its limit")
}

/// What the DNS says of the names in the header: the keys of its signatures and the policies of its author's domain.
/// Mostly that is all, and the body, where the time goes, is read once.
async fn known_of_header(
    tools: &Tools,
    client: &Client,
    sender: &SenderFindings,
    message: &[u8],
    end: Instant,
) -> Known {
    let mut known = Known::new(client.address);
    let settings = tools.settings.get();
    let begun = message.get(..HEADER_AT_ONCE_MAX).unwrap_or(message);
    let Some(mut header) = AuthenticatedMessage::parse(&begun[..headers::length(begun)]) else { return known };
    let bounded = limit(&mut header, &settings);
    if settings.dkim != Mode::Off || settings.dmarc != Mode::Off {
        header.dkim_signatures().iter().for_each(|signature| known.want_text(signature.header.domain_key()));
    }
    if settings.arc != Mode::Off && bounded {
        let newest = header.arc_message_signatures().iter().rev().take(settings.signatures_max);
        newest.for_each(|signature| known.want_text(signature.header.domain_key()));
    }
    for _ in 0..ROUNDS_MAX {
        if settings.dmarc != Mode::Off {
            dmarc(tools, client, sender, &header, &[], &known);
        }
        if !known.has_missing() {
            break;
        }
        known = ask_all(&tools.resolver, Texts::ByName, known, end).await;
    }
    known
}

/// All that is to be said of a message as far as the DNS is known.
pub(super) fn evaluate(
    tools: &Tools,
    client: &Client,
    sender: &SenderFindings,
    bytes: &[u8],
    known: &Known,
) -> Findings {
    let (settings, library) = (&*tools.settings.get(), &tools.library);
    let mut results = AuthenticationResults::new(&tools.hostname);
    write_sender(&mut results, tools, client, sender);
    let mut findings = Findings::of_sender(settings, sender);
    // Without any field there is nobody who could be the author.
    let Some(mut message) = AuthenticatedMessage::parse(bytes) else {
        return findings.written(results.to_header());
    };
    let bounded = limit(&mut message, settings);
    let dkim = match settings.dkim == Mode::Off && settings.dmarc == Mode::Off {
        true => Vec::new(),
        false => at_once(library.verify_dkim(Parameters::new(&message).with_cache(known))),
    };
    results.set_dkim_results(&dkim, message.first_from_address());
    findings.checks.extend(dkim.iter().map(Finding::dkim));
    findings.add_signatures(settings, dkim.iter().filter_map(signature).collect());
    if settings.arc != Mode::Off && bounded && !message.arc_message_signatures().is_empty() {
        let arc = at_once(library.verify_arc(Parameters::new(&message).with_cache(known)));
        results.set_arc_result(&arc, client.address);
        findings.checks.push(Finding::arc(&arc));
    }
    if settings.dmarc != Mode::Off {
        let dmarc = dmarc(tools, client, sender, &message, &dkim, known);
        results.set_dmarc_result(&dmarc);
        findings.checks.push(Finding::dmarc(&dmarc));
        findings.add_dmarc(settings, outcome(&dmarc), has_several_authors(&message));
        findings.dmarc = Some(described(&dmarc, &message));
    }
    findings.written(results.to_header())
}

fn dmarc(
    tools: &Tools,
    client: &Client,
    sender: &SenderFindings,
    message: &AuthenticatedMessage<'_>,
    dkim: &[DkimOutput<'_>],
    known: &Known,
) -> DmarcOutput {
    let nothing = SpfOutput::default();
    let spf = sender.spf.as_ref().unwrap_or(&nothing);
    let parameters = DmarcParameters::new(message, dkim, client.domain(), spf);
    at_once(tools.library.verify_dmarc(Parameters::new(parameters).with_cache(known)))
}

/// What is known of a message that could not be held.
pub(super) fn evaluate_sender(tools: &Tools, client: &Client, sender: &SenderFindings) -> Findings {
    let mut results = AuthenticationResults::new(&tools.hostname);
    write_sender(&mut results, tools, client, sender);
    let settings = tools.settings.get();
    let mut findings = Findings::of_sender(&settings, sender);
    findings.add_unchecked(&settings);
    findings.written(results.to_header())
}

fn write_sender(results: &mut AuthenticationResults<'_>, tools: &Tools, client: &Client, sender: &SenderFindings) {
    if let Some(iprev) = &sender.iprev {
        results.set_iprev_result(iprev, client.address);
    }
    if let Some(hello) = &sender.hello {
        results.set_spf_result(hello, &SpfParameters::helo(client.address, &client.hello, &tools.hostname));
    }
    if let Some(spf) = sender.spf.as_ref().filter(|_| !client.reverse_path.is_empty() || sender.hello.is_none()) {
        let parameters = SpfParameters::mail_from(client.address, &client.hello, &tools.hostname, &client.reverse_path);
        results.set_spf_result(spf, &parameters);
    }
}

/// Leaves only as many signatures as may cost something, and none that RFC 8301 forbids. False when the header is too
/// long for any.
fn limit(message: &mut AuthenticatedMessage<'_>, settings: &AuthenticitySettings) -> bool {
    let bounded = message.headers().len() <= FIELDS_MAX;
    let mut room = if bounded { settings.signatures_max } else { 0 };
    message.retain_dkim_signatures(|signature| {
        let weak = signature.a == Algorithm::RsaSha1 || signature.h.len() > NAMES_MAX;
        if weak || room == 0 {
            return Err(DkimError::UnsupportedAlgorithm);
        }
        room -= 1;
        Ok(())
    });
    bounded
}

fn signature(output: &DkimOutput<'_>) -> Option<Signature> {
    let signature = output.signature()?;
    let (result, _) = of_signature(output.result());
    Some(Signature { domain: signature.d.to_lowercase(), selector: signature.s.clone(), result })
}

fn outcome(dmarc: &DmarcOutput) -> Outcome {
    match (dmarc.result(), dmarc.policy()) {
        (DmarcResult::Fail(_), Policy::Reject) => Outcome::Refuse,
        (DmarcResult::Fail(_), Policy::Quarantine) => Outcome::Junk,
        _ => Outcome::Welcome,
    }
}

/// Authors of different domains: no one policy applies, which who forges one of them may count on (RFC 9989 §10.3).
fn has_several_authors(message: &AuthenticatedMessage<'_>) -> bool {
    let mut domains = message.from_addresses().iter().filter_map(|address| Some(address.rsplit_once('@')?.1));
    let first = domains.next();
    domains.any(|domain| Some(domain) != first)
}

fn described(dmarc: &DmarcOutput, message: &AuthenticatedMessage<'_>) -> Dmarc {
    let author = message.first_from_address().rsplit_once('@').map_or("", |(_, domain)| domain);
    let record = dmarc.record();
    Dmarc {
        author: if dmarc.domain().is_empty() { author.to_owned() } else { dmarc.domain().to_owned() },
        result: match dmarc.result() {
            DmarcResult::Pass => "pass",
            DmarcResult::Fail(_) => "fail",
            DmarcResult::TempError(_) => "temperror",
            DmarcResult::PermError(_) => "permerror",
            DmarcResult::None => "none",
        },
        aligned_dkim: *dmarc.dkim_result() == DmarcResult::Pass,
        aligned_spf: *dmarc.spf_result() == DmarcResult::Pass,
        policy: dmarc.policy(),
        record: record.cloned(),
    }
}
