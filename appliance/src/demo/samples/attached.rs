//! Messages that bring something along: pictures, documents, recordings, other messages.

use super::super::files;
use super::super::mime::{Entity, Mail, Person};
use super::{ALICE, BOB};

const NORA: Person = ("Nora Lindqvist", "nora@lindqvist.example");
const PRINTER: Person = ("Hofmann & Sons, Printers", "office@hofmann-print.example");

/// Size of the recording in bytes.
const RECORDING_BYTES: usize = 5 << 20;

pub(super) fn mails() -> Vec<Mail> {
    vec![picture(), inline_picture(), invoice(), figures(), recording(), umlaut_file(), forwarded()]
}

fn picture() -> Mail {
    let text = Entity::text("Taken from the balcony last night. No filter!\n\nNora\n");
    let content = Entity::multipart("mixed", &[text, Entity::file("image/png", "sunset.png", &files::png())]);
    Mail::new(NORA, &[ALICE, BOB], 40, "sunset", "That sunset", content)
}

fn inline_picture() -> Mail {
    let html = "<html><body><h1>Save the date</h1>\n<p><img src=\"cid:sunset@lindqvist.example\" alt=\"A sunset over \
                hills\" width=\"240\"></p>\n<p>We open our garden on <b>12 June</b>.</p></body></html>\n";
    let related = Entity::multipart(
        "related",
        &[Entity::html(html), Entity::inline_image("image/png", "sunset@lindqvist.example", &files::png())],
    );
    let text = Entity::text("Save the date: we open our garden on 12 June.\n");
    let content = Entity::multipart("alternative", &[text, related]);
    Mail::new(NORA, &[ALICE], 91, "garden", "Save the date: open garden", content)
}

fn invoice() -> Mail {
    let pdf = files::pdf(&[
        "Hofmann & Sons, Printers",
        "",
        "Invoice 2026-1107",
        "",
        "500 flyers A5, both sides, matt         84.00",
        "1 roll-up banner                        96.50",
        "Sum                                    180.50",
        "",
        "Payable within 14 days. Thank you!",
    ]);
    let text = "Dear Ms Arden,\n\nplease find our invoice 2026-1107 attached. It is due in 14 days.\n\nYours sincerely\n\
                Hofmann & Sons\n";
    let content = Entity::multipart(
        "mixed",
        &[Entity::text(text), Entity::file("application/pdf", "invoice-2026-1107.pdf", &pdf)],
    );
    Mail::new(PRINTER, &[ALICE], 96, "invoice-2026-1107", "Invoice 2026-1107", content)
}

fn figures() -> Mail {
    let csv = "month,visitors,orders\n2026-08,18233,412\n2026-09,20117,455\n2026-10,19876,471\n";
    let notes = "September is the record. The dip in October is the broken form.\n";
    let content = Entity::multipart(
        "mixed",
        &[
            Entity::text("The figures for the meeting, with two words about October.\n\nBob\n"),
            Entity::file("text/csv", "figures.csv", csv.as_bytes()),
            Entity::file("text/plain; charset=utf-8", "notes.txt", notes.as_bytes()),
        ],
    );
    Mail::new(BOB, &[ALICE], 98, "figures", "Figures August to October", content)
}

fn recording() -> Mail {
    let content = Entity::multipart(
        "mixed",
        &[
            Entity::text("Half a minute of yesterday's rehearsal. It is a bit large, sorry.\n\nNora\n"),
            Entity::file("audio/wav", "rehearsal.wav", &files::wav(RECORDING_BYTES)),
        ],
    );
    Mail::new(NORA, &[ALICE, BOB], 110, "recording", "Recording of the rehearsal (5 MB)", content)
}

fn umlaut_file() -> Mail {
    let list = "Äpfel\nBirnen\nKäse\nBrötchen\n";
    let content = Entity::multipart(
        "mixed",
        &[
            Entity::text("Für Samstag. Danke!\n"),
            Entity::file("text/plain; charset=utf-8", "Einkaufsliste für Größere.txt", list.as_bytes()),
        ],
    );
    Mail::new(ALICE, &[BOB], 112, "shopping", "Einkaufsliste", content)
}

fn forwarded() -> Mail {
    let original = invoice().text();
    let content = Entity::multipart(
        "mixed",
        &[Entity::text("Can you pay this one? It is on the shared account.\n\nA.\n"), Entity::message(&original)],
    );
    Mail::new(ALICE, &[BOB], 115, "forward", "Fwd: Invoice 2026-1107", content)
}
