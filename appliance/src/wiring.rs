//! The wiring: which services there are, and what each of them uses of the house. Adding a protocol is
//! one line in [`services`].

use std::net::SocketAddr;
use std::sync::Arc;

use mailstead_core::archive;
use mailstead_core::authenticity::{Checks, Signers, Tallies};
use mailstead_core::bell::Bell;
use mailstead_core::delivery::{self, Delivery, remote};
use mailstead_core::dns::Resolver;
use mailstead_core::intake::Intake;
use mailstead_core::net::{Encryption, LineService, Net, Protocol};
use mailstead_core::people::People;
use mailstead_core::protocol::{imap, managesieve, pop3, smtp};
use mailstead_core::reminders::Reminders;
use mailstead_core::reports::{self, Reports};
use mailstead_core::service::Service;
use mailstead_storage::Store;
use mailstead_web::WebService;

use crate::config::Config;

/// What the services are made of.
pub struct Parts {
    /// Tells when something has changed.
    pub bell: Bell,
    /// What is kept.
    pub store: Store,
    /// Who has mail here.
    pub people: People,
    /// The way in.
    pub intake: Intake,
    /// Checks what comes in.
    pub checks: Checks,
    /// Signs what goes out.
    pub signers: Signers,
    /// Counts for reports to others.
    pub tallies: Tallies,
    /// What all listeners share: clock, log, sessions, certificate, limits.
    pub net: Net,
    /// Asks the DNS.
    pub resolver: Arc<dyn Resolver>,
}

/// The services of the box, in the order in which they are listed and started.
pub fn services(config: &Config, parts: &Parts, delivery: &Delivery, web: &Arc<WebService>) -> Vec<Arc<dyn Service>> {
    let maildrops = pop3::Maildrops::default();
    let mut services: Vec<Arc<dyn Service>> = vec![
        smtp(config, parts, smtp::Service::Smtp, &config.smtp),
        smtp(config, parts, smtp::Service::Submission, &config.submission),
        smtp(config, parts, smtp::Service::Submissions, &config.submissions),
        imap(config, parts, imap::Service::Imap, &config.imap),
        imap(config, parts, imap::Service::Imaps, &config.imaps),
        pop3(config, parts, pop3::Service::Pop3, &config.pop3, &maildrops),
        pop3(config, parts, pop3::Service::Pop3s, &config.pop3s, &maildrops),
        sieve(config, parts),
        Arc::new(delivery.clone()),
        web.clone(),
    ];
    if config.authenticity.dmarc_reports || config.authenticity.tls_reports {
        services.push(Arc::new(reports(config, parts)));
    }
    services
}

/// Letters before passwords end.
pub fn reminders(web: &mailstead_web::House, parts: &Parts) -> Reminders {
    Reminders {
        store: parts.store.clone(),
        people: parts.people.clone(),
        intake: parts.intake.clone(),
        clock: parts.net.clock.clone(),
        log: parts.net.log.clone(),
        hostname: web.hostname.to_string(),
    }
}

/// Keeps the archive.
pub fn archive_keeper(parts: &Parts) -> archive::Keeper {
    let (clock, log) = (parts.net.clock.clone(), parts.net.log.clone());
    archive::Keeper { store: parts.store.clone(), clock, log }
}

/// Reports to other servers.
fn reports(config: &Config, parts: &Parts) -> Reports {
    Reports::new(reports::Parts {
        store: parts.store.clone(),
        tallies: parts.tallies.clone(),
        resolver: Arc::clone(&parts.resolver),
        intake: parts.intake.clone(),
        clock: parts.net.clock.clone(),
        log: parts.net.log.clone(),
        hostname: config.top.hostname.clone(),
    })
}

/// The way out of the spool. It works while its service is stopped, too.
///
/// # Errors
/// A sentence: trusted certificates that cannot be read.
pub fn delivery(config: &Config, parts: &Parts) -> Result<Delivery, String> {
    Ok(Delivery::new(delivery::Parts {
        remote: remote(config, parts)?,
        store: parts.store.clone(),
        people: parts.people.clone(),
        intake: parts.intake.clone(),
        guard: parts.net.guard.clone(),
        bell: parts.bell.clone(),
        clock: parts.net.clock.clone(),
        log: parts.net.log.clone(),
        settings: config.delivery.clone(),
        hostname: config.top.hostname.clone(),
    }))
}

/// The way to other servers.
/// Signs what goes out.
fn signer(parts: &Parts) -> Arc<dyn remote::Signer> {
    Arc::new(delivery::Signing::new(parts.store.clone(), parts.signers.clone()))
}

fn remote(config: &Config, parts: &Parts) -> Result<remote::Remote, String> {
    remote::Remote::open(remote::Parts {
        store: parts.store.clone(),
        resolver: parts.resolver.clone(),
        signer: config.authenticity.sign.then(|| signer(parts)),
        tls_outcomes: config.authenticity.tls_reports.then(|| Arc::new(parts.tallies.clone()) as _),
        clock: parts.net.clock.clone(),
        log: parts.net.log.clone(),
        settings: config.delivery.clone(),
        hostname: config.top.hostname.clone(),
    })
}

fn smtp(config: &Config, parts: &Parts, service: smtp::Service, settings: &smtp::SmtpSettings) -> Arc<dyn Service> {
    let house = smtp::House {
        people: parts.people.clone(),
        intake: parts.intake.clone(),
        guard: parts.net.guard.clone(),
        store: parts.store.clone(),
        log: parts.net.log.clone(),
        clock: parts.net.clock.clone(),
        checks: Some(parts.checks.clone()),
    };
    let rules = smtp::Rules {
        service,
        hostname: config.top.hostname.clone(),
        message_bytes_max: config.limits.message_bytes_max,
        settings: settings.clone(),
    };
    line(parts, smtp::Smtp::new(rules, house), &settings.listen, service.encryption())
}

fn imap(config: &Config, parts: &Parts, service: imap::Service, settings: &imap::ImapSettings) -> Arc<dyn Service> {
    let house = imap::House {
        people: parts.people.clone(),
        intake: parts.intake.clone(),
        store: parts.store.clone(),
        bell: parts.bell.clone(),
        log: parts.net.log.clone(),
        clock: parts.net.clock.clone(),
    };
    let message_bytes_max = config.limits.message_bytes_max;
    let rules = imap::Rules { service, settings: settings.clone(), message_bytes_max };
    line(parts, imap::Imap::new(rules, house), &settings.listen, service.encryption())
}

fn pop3(
    config: &Config,
    parts: &Parts,
    service: pop3::Service,
    settings: &pop3::Pop3Settings,
    maildrops: &pop3::Maildrops,
) -> Arc<dyn Service> {
    let house = pop3::House {
        store: parts.store.clone(),
        people: parts.people.clone(),
        maildrops: maildrops.clone(),
        log: parts.net.log.clone(),
        hostname: config.top.hostname.as_str().into(),
    };
    line(parts, pop3::Pop3::new(service, settings.clone(), house), &settings.listen, service.encryption())
}

fn sieve(config: &Config, parts: &Parts) -> Arc<dyn Service> {
    let house = managesieve::House {
        store: parts.store.clone(),
        people: parts.people.clone(),
        log: parts.net.log.clone(),
        hostname: config.top.hostname.as_str().into(),
    };
    let protocol = managesieve::ManageSieve::new(config.sieve.clone(), house);
    line(parts, protocol, &config.sieve.listen, managesieve::ENCRYPTION)
}

fn line<P: Protocol>(parts: &Parts, protocol: P, listen: &[SocketAddr], encryption: Encryption) -> Arc<dyn Service> {
    Arc::new(LineService::new(protocol, listen.to_vec(), encryption, parts.net.clone()))
}
