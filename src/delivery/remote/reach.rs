//! Reaching a destination: its hosts one after the other, their addresses, TLS as each must have it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::Inner;
use super::connection::{Call, Connection, Trouble};
use super::hosts::{self, Host};
use super::route::{Hop, Target, TlsRule};
use super::tls::{self, Policy, PolicyKind, TlsFailure, TlsOutcome};
use crate::log::{Event, Kind, Level};
use crate::protocol::smtp::client::{Credentials, Terms, Tls, answer};

impl Inner {
    /// A connection to the destination; `required` when its TLS must be authenticated (RFC 8689).
    ///
    /// # Errors
    /// The answer for the recipients: `4…` when some host may take the message later.
    pub(super) async fn reach(&self, hop: &Hop, required: bool) -> Result<Connection, String> {
        let (dns, settings) = (&*self.parts.resolver, self.parts.settings.get());
        let found = hosts::hosts(dns, &hop.target, settings.port, &self.parts.hostname).await?;
        let sts = self.sts(hop).await;
        let mut refusal: Option<String> = None;
        for host in &found.hosts {
            let policy = async {
                let addresses = hosts::addresses(dns, host, settings.addresses).await?;
                let known = tls::Known {
                    rule: hop.rule,
                    host: &host.name,
                    port: host.port,
                    secure: found.secure && addresses.secure,
                    sts: sts.clone(),
                    dane: settings.dane,
                    required,
                };
                let policy = tls::of_host(dns, known).await.map_err(|(failure, why)| {
                    let kind = if sts.is_some() { PolicyKind::Sts } else { PolicyKind::Tlsa };
                    self.note(hop, host, (kind, Vec::new()), (None, None), Some(failure));
                    answer(451, "4.7.5", &why)
                })?;
                Ok::<_, String>((addresses, policy))
            };
            let outcome = match policy.await {
                Ok((addresses, policy)) => self.reach_host(hop, host, &addresses.list, &policy).await,
                Err(answer) => Err(answer),
            };
            match outcome {
                Ok(connection) => return Ok(connection),
                // Hope is worth more than a refusal.
                Err(answer) if refusal.as_ref().is_none_or(|first| first.starts_with('5')) => refusal = Some(answer),
                Err(_) => {}
            }
        }
        Err(refusal.unwrap_or_else(|| answer(451, "4.4.4", "there is no host to go to")))
    }

    /// What the domain says by MTA-STS, when that is asked for.
    async fn sts(&self, hop: &Hop) -> Option<Arc<tls::StsRules>> {
        let Target::Exchangers(domain) = &hop.target else { return None };
        let settings = self.parts.settings.get();
        if hop.rule != TlsRule::Auto || !settings.mta_sts {
            return None;
        }
        let sts = tls::Sts {
            dns: &*self.parts.resolver,
            store: &self.parts.store,
            configs: &self.configs,
            settings: &settings,
            failures: &self.fetch_failures,
            now: self.parts.clock.now(),
        };
        let (rules, failure) = sts.rules(domain).await;
        if let Some(failure) = failure {
            let host = Host { name: format!("mta-sts.{domain}"), literal: None, port: settings.mta_sts_port };
            self.note(hop, &host, (PolicyKind::Sts, Vec::new()), (None, None), Some(failure));
        }
        rules
    }

    async fn reach_host(
        &self,
        hop: &Hop,
        host: &Host,
        addresses: &[IpAddr],
        policy: &Policy,
    ) -> Result<Connection, String> {
        let mut refusal = answer(451, "4.4.4", &format!("{} has no address to go to", host.name));
        for address in addresses {
            let mut outcome = self.call(hop, host, *address, policy).await;
            if let Err(Trouble { tls: Some(_), .. }) = &outcome
                && *policy == Policy::IfOffered
                && !hop.implicit_tls
            {
                outcome = self.call(hop, host, *address, &Policy::Off).await;
            }
            match outcome {
                Ok(connection) if connection.server_name().eq_ignore_ascii_case(&self.parts.hostname) => {
                    tokio::spawn(connection.quit());
                    refusal = answer(554, "5.4.6", &format!("mail for {} comes back to this host", hop.queue));
                }
                Ok(connection) => return Ok(connection),
                Err(trouble) => refusal = trouble.answer,
            }
        }
        Err(refusal)
    }

    async fn call(&self, hop: &Hop, host: &Host, address: IpAddr, policy: &Policy) -> Result<Connection, Trouble> {
        let settings = self.parts.settings.get();
        let tls = match policy {
            Policy::Off => Tls::Off,
            _ if hop.implicit_tls => Tls::Implicit,
            Policy::IfOffered => Tls::IfOffered,
            _ => Tls::Required,
        };
        let credentials = hop.login.clone().map(|(user, password)| Credentials { user, password });
        let hello = Some(&settings.hello).filter(|name| !name.is_empty()).unwrap_or(&self.parts.hostname).clone();
        let terms = Terms { hello, tls, credentials, patience: super::patience(&settings) };
        let source = settings.source_addresses.iter().find(|source| source.is_ipv4() == address.is_ipv4());
        let call = Call {
            host: host.name.clone(),
            address: (address, host.port).into(),
            source: source.copied(),
            policy: policy.clone(),
            config: self.configs.of(policy),
            terms: Arc::new(terms),
            connect_patience: Duration::from_secs(settings.connect_seconds.max(1)),
            piece_patience: Duration::from_secs(settings.piece_seconds.max(1)),
        };
        let outcome = Connection::open(call).await;
        let described = (policy.kind(), policy.lines());
        match &outcome {
            Ok(connection) if connection.tls.is_some() => {
                self.note(hop, host, described, (Some(address), connection.source), None);
            }
            Err(Trouble { tls: Some(failure), source, .. }) => {
                self.note(hop, host, described, (Some(address), *source), Some(*failure));
            }
            _ => {}
        }
        outcome
    }

    /// Remembers what came of TLS, for reports and the log.
    fn note(
        &self,
        hop: &Hop,
        host: &Host,
        (policy, policy_lines): (PolicyKind, Vec<String>),
        (address, source): (Option<IpAddr>, Option<IpAddr>),
        failure: Option<TlsFailure>,
    ) {
        if let Some(failure) = failure {
            let event = Event::new(Kind::Delivery, Level::Warning, "TLS to another server failed")
                .with("destination", hop.queue.clone())
                .with("host", host.name.clone())
                .with("policy", policy.name())
                .with("failure", failure.name());
            self.parts.log.write(event);
        }
        if let (Some(outcomes), Target::Exchangers(domain)) = (&self.parts.tls_outcomes, &hop.target) {
            let (domain, host) = (domain.clone(), host.name.clone());
            outcomes.note(TlsOutcome { domain, policy, policy_lines, host, address, source, failure });
        }
    }
}
