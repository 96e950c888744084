//! What can be said of a message before it has come: SPF of its reverse-path and of the client's greeting (RFC 7208),
//! and whether the client's name leads back to it (iprev, RFC 8601 §3).

use std::net::IpAddr;
use std::sync::Arc;

use mail_auth::spf::verify::SpfParameters;
use mail_auth::{IprevOutput, IprevResult, Parameters, SpfOutput, SpfResult};
use tokio::time::Instant;

use super::ask::{Texts, ask_all};
use super::at_once;
use super::checks::Tools;
use super::known::{Known, temporary};
use super::settings::Mode;
use crate::dns::{Family, Fault};

/// Most names of a client that are followed (RFC 8601 §3).
const NAMES_MAX: usize = 5;

/// Most questions one after the other that an SPF record may lead to. RFC 7208 §4.6.4 allows ten terms that ask, each
/// of which may name ten hosts.
const ROUNDS_MAX: usize = 120;

/// Most questions of a record that may be answered with nothing (RFC 7208 §4.6.4).
const VOID_MAX: usize = 2;

/// Who delivers a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its address.
    pub address: IpAddr,
    /// What it said with EHLO or HELO.
    pub hello: String,
    /// The reverse-path, empty for `<>`.
    pub reverse_path: String,
}

impl Client {
    /// The domain that SPF speaks for: the reverse-path's, or that of the greeting (RFC 7208 §2.4).
    pub fn domain(&self) -> &str {
        self.reverse_path.rsplit_once('@').map_or(&self.hello, |(_, domain)| domain)
    }
}

/// What was found.
#[derive(Debug, Clone)]
pub(super) struct SenderFindings {
    pub iprev: Option<IprevOutput>,
    /// Of the greeting, when it is a name.
    pub hello: Option<SpfOutput>,
    /// Of the reverse-path; for `<>` that of the greeting.
    pub spf: Option<SpfOutput>,
}

/// Finds out.
pub(super) async fn look(tools: Arc<Tools>, client: Arc<Client>, end: Instant) -> SenderFindings {
    let settings = tools.settings.get();
    let iprev = match settings.iprev {
        Mode::Off => None,
        _ => Some(iprev(&tools, client.address).await),
    };
    if settings.spf == Mode::Off && settings.dmarc == Mode::Off {
        return SenderFindings { iprev, hello: None, spf: None };
    }
    let hello = match client.hello.contains('[') {
        true => None,
        false => Some(spf(&tools, &client, true, end).await),
    };
    let spf = match (&hello, client.reverse_path.is_empty()) {
        (Some(hello), true) => hello.clone(),
        _ => spf(&tools, &client, false, end).await,
    };
    SenderFindings { iprev, hello, spf: Some(spf) }
}

/// SPF of the greeting or of the reverse-path.
pub(super) async fn spf(tools: &Arc<Tools>, client: &Client, of_hello: bool, end: Instant) -> SpfOutput {
    let mut known = Known::new(client.address);
    for round in 0.. {
        let found = evaluate(tools, client, of_hello, &known);
        let (missing, fault, voids) = (known.has_missing(), known.take_fault(), known.take_voids());
        if fault && !missing {
            return found.with_result(SpfResult::TempError);
        }
        if !missing {
            return if voids > VOID_MAX { found.with_result(SpfResult::PermError) } else { found };
        }
        if round == ROUNDS_MAX {
            return found.with_result(SpfResult::PermError);
        }
        known = ask_all(&tools.resolver, Texts::Spf, known, end).await;
    }
    unreachable!("the loop ends at its limit")
}

fn evaluate(tools: &Tools, client: &Client, of_hello: bool, known: &Known) -> SpfOutput {
    let parameters = match of_hello {
        true => SpfParameters::helo(client.address, &client.hello, &tools.hostname),
        false => SpfParameters::mail_from(client.address, &client.hello, &tools.hostname, &client.reverse_path),
    };
    at_once(tools.library.check_host(Parameters::new(parameters).with_cache(known)))
}

async fn iprev(tools: &Tools, client: IpAddr) -> IprevOutput {
    let names = match tools.resolver.ptr(client).await {
        Ok(answer) => answer.records,
        Err(fault) => return IprevOutput { result: failure(&fault), ptr: None },
    };
    let family = if client.is_ipv4() { Family::V4 } else { Family::V6 };
    let mut result = IprevResult::Fail(mail_auth::Error::NotAligned);
    for name in names.iter().take(NAMES_MAX) {
        match tools.resolver.addresses(name, family).await {
            Ok(answer) if answer.records.contains(&client) => {
                result = IprevResult::Pass;
                break;
            }
            Ok(_) => {}
            Err(fault) => result = failure(&fault),
        }
    }
    IprevOutput { result, ptr: Some(names.into_iter().map(String::into_boxed_str).collect()) }
}

fn failure(fault: &Fault) -> IprevResult {
    match fault.is_absence() {
        true => IprevResult::PermError(super::known::absent(fault).into()),
        false => IprevResult::TempError(temporary(&fault.to_string())),
    }
}
