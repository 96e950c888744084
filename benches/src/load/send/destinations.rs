//! Servers elsewhere, each an address of 127.2.0.0/16. Pure.

use std::net::Ipv4Addr;

use clap::Args;

/// How many there are.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Destinations")]
pub struct Destinations {
    /// How many servers the messages go to
    #[arg(long = "destinations", value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    pub count: u64,
    /// How many of them are dead: one half accepts and never greets, on the other nobody listens
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    pub dead: u64,
    /// Who of them gets the messages
    #[arg(skip)]
    pub whose: Whose,
}

/// Whose messages they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Whose {
    /// All destinations'
    #[default]
    All,
    /// Those of the dead
    Dead,
    /// Those of the living
    Living,
}

impl Destinations {
    /// The address of the server that message `number` goes to.
    pub fn address(&self, number: u64) -> Ipv4Addr {
        let place = self.place(number);
        Ipv4Addr::new(127, 2, (place / 250) as u8, (place % 250 + 1) as u8)
    }

    fn place(&self, number: u64) -> u64 {
        match self.whose {
            Whose::All => number % self.count,
            Whose::Dead => number % self.dead.max(1),
            Whose::Living => self.dead + number % (self.count - self.dead).max(1),
        }
    }

    /// The recipient of message `number`.
    pub fn recipient(&self, number: u64) -> String {
        format!("r{number}@[{}]", self.address(number))
    }

    /// Is the server of message `number` dead?
    pub fn is_dead(&self, number: u64) -> bool {
        self.place(number) < self.dead
    }

    /// How many of so many messages can arrive.
    pub fn living(&self, messages: u64) -> u64 {
        let dead_of_rest = (messages % self.count).min(self.dead);
        match self.whose {
            Whose::All => messages - messages / self.count * self.dead.min(self.count) - dead_of_rest,
            Whose::Dead => 0,
            Whose::Living => messages,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_living_are_those_that_are_not_dead() {
        for (count, dead, whose) in [
            (1, 0, Whose::All),
            (7, 2, Whose::All),
            (5, 5, Whose::All),
            (300, 50, Whose::All),
            (7, 2, Whose::Dead),
            (7, 2, Whose::Living),
        ] {
            let destinations = Destinations { count, dead, whose };
            for messages in [0, 1, 6, 7, 20, 999] {
                let living = (0..messages).filter(|number| !destinations.is_dead(*number)).count();
                assert_eq!(destinations.living(messages), living as u64, "{count} {dead} {whose:?} {messages}");
            }
        }
    }

    #[test]
    fn each_has_an_address_of_its_own() {
        let destinations = Destinations { count: 1000, dead: 0, whose: Whose::All };
        assert_eq!(destinations.recipient(1999), "r1999@[127.2.3.250]");
        let all: std::collections::HashSet<_> = (0..1000).map(|number| destinations.address(number)).collect();
        assert_eq!(all.len(), 1000);
    }
}
