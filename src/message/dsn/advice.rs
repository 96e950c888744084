//! What a status code means to a person, and what to do (RFC 3463).

/// A sentence or two for a failure with this status code.
pub fn for_failure(status: &str) -> &'static str {
    let mut parts = status.split('.').skip(1);
    match (parts.next().unwrap_or(""), parts.next().unwrap_or("")) {
        ("1", "1" | "3" | "6") => {
            "There is no such address. Check it for typing errors, or ask the recipient for the right one."
        }
        ("1", "2") | ("1", "10") | ("4", "4") => {
            "The domain of this address does not exist or takes no mail. Check it for typing errors."
        }
        ("1", "7" | "8") => "The recipient's server does not accept your address as sender.",
        ("2", "1") => "The mailbox is closed. Reach the recipient in another way.",
        ("2", "2") => "The mailbox is full. Reach the recipient in another way, or send the message again later.",
        ("2", "3") | ("3", "4") => {
            "The message is too big. Send it without its attachments, or ask the recipient how to send them."
        }
        ("4", "6") => {
            "The message went in circles between servers. The administrator of the recipient's domain can mend this."
        }
        ("4", _) => {
            "The recipient's server could not be reached in time. Send the message again later, or reach the recipient in another way."
        }
        ("6", _) => "The recipient's server does not take messages of this form.",
        ("7", _) => {
            "The recipient's server refused the message by its rules. Ask the recipient, or the administrator there, to let it in."
        }
        _ => "It will not be tried again. If the reason below does not help, show this message to your administrator.",
    }
}

#[cfg(test)]
mod tests {
    use super::for_failure;

    #[test]
    fn advice() {
        let check = |status: &str, start: &str| assert!(for_failure(status).contains(start), "{status}");
        check("5.1.1", "typing errors");
        check("5.2.2", "full");
        check("4.4.7", "in time");
        check("5.4.6", "circles");
        check("5.7.1", "rules");
        check("5.0.0", "not be tried again");
        check("", "not be tried again");
        check("5.99", "not be tried again");
    }
}
