//! The wiring: which services there are, and what each of them uses of the house. Adding a protocol is
//! one line in [`services`].

use std::net::SocketAddr;
use std::sync::Arc;

use mailstead_core::archive;
use mailstead_core::authenticity::{Checks, Signers, Tallies};
use mailstead_core::bell::Bell;
use mailstead_core::delivery::{self, Delivery, DeliverySettings, remote};
use mailstead_core::dns::Resolver;
use mailstead_core::intake::Intake;
use mailstead_core::net::{Encryption, LineService, Net, Protocol};
use mailstead_core::people::People;
use mailstead_core::protocol::{imap, managesieve, pop3, smtp};
use mailstead_core::reminders::Reminders;
use mailstead_core::reports::{self, Reports};
use mailstead_core::search::Search;
use mailstead_core::service::Service;
use mailstead_core::settings::Live;
use mailstead_storage::Store;
use mailstead_web::WebService;

use crate::config::{Config, Followers};

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
    /// Finds words in messages.
    pub search: Search,
    /// Asks the DNS.
    pub resolver: Arc<dyn Resolver>,
}

/// The services of the box, in the order in which they are listed and started.
pub fn services(
    config: &Config,
    parts: &Parts,
    delivery: &Delivery,
    web: &Arc<WebService>,
    followers: &mut Followers,
) -> Vec<Arc<dyn Service>> {
    let maildrops = pop3::Maildrops::default();
    let mut wired = Wired { config, parts, followers };
    let mut services: Vec<Arc<dyn Service>> = vec![
        wired.smtp(smtp::Service::Smtp, |config| &config.smtp),
        wired.smtp(smtp::Service::Submission, |config| &config.submission),
        wired.smtp(smtp::Service::Submissions, |config| &config.submissions),
        wired.imap(imap::Service::Imap, |config| &config.imap),
        wired.imap(imap::Service::Imaps, |config| &config.imaps),
        wired.pop3(pop3::Service::Pop3, |config| &config.pop3, &maildrops),
        wired.pop3(pop3::Service::Pop3s, |config| &config.pop3s, &maildrops),
        wired.sieve(),
        Arc::new(delivery.clone()),
        Arc::new(parts.search.clone()),
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
pub fn delivery(config: &Config, parts: &Parts, followers: &mut Followers) -> Result<Delivery, String> {
    let settings = followers.live(config, |config| config.delivery.clone());
    Ok(Delivery::new(delivery::Parts {
        remote: remote(config, parts, &settings)?,
        store: parts.store.clone(),
        people: parts.people.clone(),
        intake: parts.intake.clone(),
        guard: parts.net.guard.clone(),
        bell: parts.bell.clone(),
        clock: parts.net.clock.clone(),
        log: parts.net.log.clone(),
        settings,
        hostname: config.top.hostname.clone(),
    }))
}

/// Signs what goes out.
fn signer(parts: &Parts) -> Arc<dyn remote::Signer> {
    Arc::new(delivery::Signing::new(parts.store.clone(), parts.signers.clone()))
}

/// The way to other servers.
fn remote(config: &Config, parts: &Parts, settings: &Live<DeliverySettings>) -> Result<remote::Remote, String> {
    remote::Remote::open(remote::Parts {
        store: parts.store.clone(),
        resolver: parts.resolver.clone(),
        signer: config.authenticity.sign.then(|| signer(parts)),
        tls_outcomes: config.authenticity.tls_reports.then(|| Arc::new(parts.tallies.clone()) as _),
        clock: parts.net.clock.clone(),
        log: parts.net.log.clone(),
        settings: settings.clone(),
        hostname: config.top.hostname.clone(),
    })
}

/// The line protocols' services, each of which follows its own table of the settings.
struct Wired<'a> {
    config: &'a Config,
    parts: &'a Parts,
    followers: &'a mut Followers,
}

impl Wired<'_> {
    fn smtp(&mut self, service: smtp::Service, settings: fn(&Config) -> &smtp::SmtpSettings) -> Arc<dyn Service> {
        let parts = self.parts;
        let house = smtp::House {
            people: parts.people.clone(),
            intake: parts.intake.clone(),
            guard: parts.net.guard.clone(),
            store: parts.store.clone(),
            log: parts.net.log.clone(),
            clock: parts.net.clock.clone(),
            checks: Some(parts.checks.clone()),
        };
        let rules = self.followers.live(self.config, move |config| smtp::Rules {
            service,
            hostname: config.top.hostname.clone(),
            message_bytes_max: config.limits.message_bytes_max,
            settings: settings(config).clone(),
        });
        self.line(smtp::Smtp::new(rules, house), move |config| settings(config).listen.clone(), service.encryption())
    }

    fn imap(&mut self, service: imap::Service, settings: fn(&Config) -> &imap::ImapSettings) -> Arc<dyn Service> {
        let parts = self.parts;
        let house = imap::House {
            people: parts.people.clone(),
            intake: parts.intake.clone(),
            store: parts.store.clone(),
            search: parts.search.clone(),
            bell: parts.bell.clone(),
            log: parts.net.log.clone(),
            clock: parts.net.clock.clone(),
        };
        let rules = self.followers.live(self.config, move |config| imap::Rules {
            service,
            settings: settings(config).clone(),
            message_bytes_max: config.limits.message_bytes_max,
        });
        self.line(imap::Imap::new(rules, house), move |config| settings(config).listen.clone(), service.encryption())
    }

    fn pop3(
        &mut self,
        service: pop3::Service,
        settings: fn(&Config) -> &pop3::Pop3Settings,
        maildrops: &pop3::Maildrops,
    ) -> Arc<dyn Service> {
        let house = pop3::House {
            store: self.parts.store.clone(),
            people: self.parts.people.clone(),
            maildrops: maildrops.clone(),
            log: self.parts.net.log.clone(),
            hostname: self.config.top.hostname.as_str().into(),
        };
        let live = self.followers.live(self.config, move |config| settings(config).clone());
        let protocol = pop3::Pop3::new(service, live, house);
        self.line(protocol, move |config| settings(config).listen.clone(), service.encryption())
    }

    fn sieve(&mut self) -> Arc<dyn Service> {
        let house = managesieve::House {
            store: self.parts.store.clone(),
            people: self.parts.people.clone(),
            log: self.parts.net.log.clone(),
            hostname: self.config.top.hostname.as_str().into(),
        };
        let live = self.followers.live(self.config, |config| config.sieve.clone());
        let protocol = managesieve::ManageSieve::new(live, house);
        self.line(protocol, |config| config.sieve.listen.clone(), managesieve::ENCRYPTION)
    }

    fn line<P: Protocol>(
        &mut self,
        protocol: P,
        listen: impl Fn(&Config) -> Vec<SocketAddr> + Send + Sync + 'static,
        encryption: Encryption,
    ) -> Arc<dyn Service> {
        let addresses = self.followers.live(self.config, listen);
        Arc::new(LineService::new(protocol, addresses, encryption, self.parts.net.clone()))
    }
}
