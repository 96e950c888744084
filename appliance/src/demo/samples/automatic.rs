//! What programs send: newsletters, receipts, invitations, notifications.

use super::super::mime::{Entity, Mail, Person};
use super::{ADMIN, ALICE, BOB};

const SHOP: Person = ("Paper Boat Books", "orders@paperboat.example");
const LIST: Person = ("Chris via rust-gardeners", "rust-gardeners@lists.example");
const MONITOR: Person = ("Monitoring", "monitor@status.example");

pub(super) fn mails() -> Vec<Mail> {
    vec![newsletter(), receipt(), list_mail(), invitation(), bounce(), alarm(), no_subject(), long_subject()]
}

fn newsletter() -> Mail {
    let html = "<!doctype html>\n<html><head><style>h1 { color: #2f5d50 } td { padding: 4px 12px }</style></head>\n\
                <body><h1>The Slow Gazette</h1>\n<p>Number 214 &middot; November</p>\n<table>\n\
                <tr><td>1</td><td><a href=\"https://gazette.example/214/1\">Why letters take their time</a></td></tr>\n\
                <tr><td>2</td><td><a href=\"https://gazette.example/214/2\">A walk along the river</a></td></tr>\n\
                <tr><td>3</td><td><a href=\"https://gazette.example/214/3\">Soup for grey days</a></td></tr>\n\
                </table>\n<p><small><a href=\"https://gazette.example/leave\">Unsubscribe</a></small></p>\n\
                </body></html>\n";
    let text = "THE SLOW GAZETTE, number 214\n\n1. Why letters take their time\n2. A walk along the river\n\
                3. Soup for grey days\n\nUnsubscribe: https://gazette.example/leave\n";
    let content = Entity::multipart("alternative", &[Entity::text(text), Entity::html(html)]);
    let from = ("The Slow Gazette", "post@gazette.example");
    Mail::new(from, &[ALICE], 45, "gazette-214", "The Slow Gazette: soup for grey days", content).with_fields(
        "List-Unsubscribe: <https://gazette.example/leave>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\
         Precedence: bulk\r\n",
    )
}

fn receipt() -> Mail {
    let html = "<p>Thank you, Bob! We pack your order <b>#48213</b> today:</p>\n<ul><li>The Art of the Fugue, \
                score</li><li>A Field Guide to Clouds</li></ul>\n<p>Total: 41.80</p>\n";
    let text = "Thank you, Bob! We pack your order #48213 today:\n\n- The Art of the Fugue, score\n- A Field Guide to \
                Clouds\n\nTotal: 41.80\n";
    let content = Entity::multipart("alternative", &[Entity::text(text), Entity::html(html)]);
    Mail::new(SHOP, &[BOB], 55, "order-48213", "Your order #48213", content)
}

fn list_mail() -> Mail {
    let text = "Has anybody an opinion on the new borrow rules for wheelbarrows?\n\nMine left the shed mutably \
                twice this week.\n\nChris\n_______________________________________________\nrust-gardeners mailing \
                list\n";
    Mail::new(LIST, &[BOB], 66, "wheelbarrow", "[rust-gardeners] Borrowing wheelbarrows", Entity::text(text))
        .with_fields(
            "List-Id: Rust and other garden problems <rust-gardeners.lists.example>\r\n\
         List-Post: <mailto:rust-gardeners@lists.example>\r\n\
         List-Unsubscribe: <mailto:rust-gardeners-leave@lists.example>\r\n",
        )
}

fn invitation() -> Mail {
    let calendar = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Example//Demo//EN\nMETHOD:REQUEST\nBEGIN:VEVENT\n\
                    UID:planning-2026-12@example.test\nDTSTAMP:20261105T090000Z\nDTSTART:20261208T130000Z\n\
                    DTEND:20261208T143000Z\nSUMMARY:Planning for next year\nLOCATION:Second floor\n\
                    ORGANIZER;CN=Bob Brandt:mailto:bob@example.test\n\
                    ATTENDEE;CN=Alice Arden;RSVP=TRUE:mailto:alice@example.test\nEND:VEVENT\nEND:VCALENDAR\n";
    let content = Entity::multipart(
        "alternative",
        &[
            Entity::text("Planning for next year: 8 December, 13:00 to 14:30 UTC, second floor.\n"),
            Entity::written("text/calendar; method=REQUEST", calendar),
        ],
    );
    Mail::new(BOB, &[ALICE], 73, "planning", "Invitation: Planning for next year", content)
}

/// A delivery status notification (RFC 3461, 3464).
fn bounce() -> Mail {
    let status = "Reporting-MTA: dns; mx.faraway.example\nArrival-Date: Thu, 5 Nov 2026 10:12:00 +0000\n\n\
                  Final-Recipient: rfc822; pelle@faraway.example\nAction: failed\nStatus: 5.1.1\n\
                  Diagnostic-Code: smtp; 550 5.1.1 No such user here\n";
    let returned = "From: \"Alice Arden\" <alice@example.test>\nTo: pelle@faraway.example\nSubject: Hello again\n\
                    Date: Thu, 5 Nov 2026 10:11:58 +0000\nMessage-ID: <hello-again@example.test>\n\n";
    let content = Entity::multipart(
        "report; report-type=delivery-status",
        &[
            Entity::text("Your message to pelle@faraway.example could not be delivered: there is no such user.\n"),
            Entity::raw("message/delivery-status", status),
            Entity::raw("text/rfc822-headers", returned),
        ],
    );
    let from = ("Mail Delivery System", "mailer-daemon@faraway.example");
    Mail::new(from, &[ALICE], 75, "bounce-5511", "Undelivered Mail Returned to Sender", content)
        .with_fields("Auto-Submitted: auto-replied\r\n")
}

fn alarm() -> Mail {
    let text =
        "Host:    web-03\nCheck:   disk\nState:   WARNING\nValue:   83 % of / used\nSince:   2026-11-06 04:12 UTC\n";
    Mail::new(MONITOR, &[ADMIN], 92, "alarm-7", "WARNING: web-03 disk 83 %", Entity::text(text))
        .with_fields("Auto-Submitted: auto-generated\r\nX-Priority: 2\r\n")
}

fn no_subject() -> Mail {
    Mail::new(("", "grandma@arden.example"), &[ALICE], 101, "no-subject", "", Entity::text("did you get my mail\n"))
}

fn long_subject() -> Mail {
    let subject = "Minutes of the general assembly of the allotment garden association of 31 October, including the \
                   decision on the water tap near plot 17";
    let text = "The tap stays where it is (14 votes to 12, 3 abstentions).\n\nEverything else was postponed.\n";
    let from = ("Garden Association", "board@allotment.example");
    Mail::new(from, &[ALICE, BOB], 104, "assembly", subject, Entity::text(text))
}
