//! Conversations.

use super::super::mime::{Entity, Mail, Person};
use super::{ADMIN, ALICE, BOB};

const NORA: Person = ("Nora Lindqvist", "nora@lindqvist.example");
const JAMES: Person = ("James O'Neill", "james@oneill-joinery.example");

pub(super) fn mails() -> Vec<Mail> {
    let mut mails = kitchen();
    mails.extend(release());
    mails.extend(lunch());
    mails.extend(choir());
    mails
}

fn kitchen() -> Vec<Mail> {
    let first = Mail::new(
        JAMES,
        &[ALICE],
        1,
        "kitchen-1",
        "Your kitchen: measurements",
        Entity::text(
            "Dear Ms Arden,\n\nthank you for having us yesterday. We measured 3.42 m along the window side,\n\
             2.10 m on the left, and the ceiling is at 2.58 m. The wall on the right is out of\nplumb by 14 mm, \
             which we can hide behind the tall unit.\n\nOne question: do you keep the gas connection, or shall it \
             be capped?\n\nKind regards\nJames O'Neill\n-- \nO'Neill Joinery\n",
        ),
    );
    let second = Mail::new(
        ALICE,
        &[JAMES, BOB],
        5,
        "kitchen-2",
        "Re: Your kitchen: measurements",
        Entity::text(
            "Dear Mr O'Neill,\n\n> do you keep the gas connection, or shall it be capped?\n\nPlease cap it, we go for \
             induction. Bob (in copy) has the plan of the wiring\nand can send it to you.\n\nBest\nAlice Arden\n",
        ),
    )
    .answering(&first);
    let third = Mail::new(
        JAMES,
        &[ALICE, BOB],
        22,
        "kitchen-3",
        "Re: Your kitchen: measurements",
        Entity::text(
            "Good morning both,\n\n> Please cap it, we go for induction.\n\nThen we need a 32 A line of its own to the \
             hob. Is there a free slot in the board?\n\nJames\n",
        ),
    )
    .answering(&second);
    let fourth = Mail::new(
        BOB,
        &[ALICE],
        24,
        "kitchen-4",
        "Re: Your kitchen: measurements",
        Entity::text(
            "There are two free slots, I looked this morning. I will answer him tonight with a\nphoto of the \
             board.\n\nAnd: can we please talk about the orange tiles?\n\nB.\n",
        ),
    )
    .answering(&third);
    let fifth = Mail::new(
        ALICE,
        &[BOB],
        25,
        "kitchen-5",
        "Re: Your kitchen: measurements",
        Entity::text("The orange tiles stay. :-)\n"),
    )
    .answering(&fourth);
    vec![first, second, third, fourth, fifth]
}

fn release() -> Vec<Mail> {
    let first = Mail::new(
        BOB,
        &[ALICE],
        30,
        "release-1",
        "Release 2.4: what is left",
        Entity::text(
            "Hi Alice,\n\nfor Friday we still miss:\n\n  1. the migration note for people who skip 2.3\n  2. the two \
             screenshots for the front page\n  3. somebody who tests the installer on a fresh machine\n\nI take 1 and \
             3. Can you do the screenshots?\n\nBob\n",
        ),
    )
    .copied_to(&[ADMIN]);
    let second = Mail::new(
        ALICE,
        &[BOB],
        31,
        "release-2",
        "Re: Release 2.4: what is left",
        Entity::multipart(
            "alternative",
            &[
                Entity::text(
                    "Screenshots: yes, tomorrow before noon.\n\nOne more: the changelog says \"varius fixes\".\n",
                ),
                Entity::html(
                    "<p>Screenshots: <b>yes</b>, tomorrow before noon.</p>\n<p>One more: the changelog says \
                     <code>varius fixes</code>.</p>\n",
                ),
            ],
        ),
    )
    .copied_to(&[ADMIN])
    .answering(&first);
    let third = Mail::new(
        BOB,
        &[ALICE],
        33,
        "release-3",
        "Re: Release 2.4: what is left",
        Entity::text("Fixed. Various is the new varius.\n"),
    )
    .copied_to(&[ADMIN])
    .answering(&second);
    let side = Mail::new(
        ALICE,
        &[BOB],
        34,
        "release-4",
        "Re: Release 2.4: what is left",
        Entity::text("About 3: I have an old laptop here that nobody needs. Shall I wipe it for the test?\n"),
    )
    .answering(&first);
    vec![first, second, third, side]
}

fn lunch() -> Vec<Mail> {
    let first = Mail::new(
        ALICE,
        &[BOB],
        50,
        "lunch-1",
        "Lunch on Thursday?",
        Entity::text("The new place at the canal opens on Thursday. 12:30?\n"),
    );
    let second =
        Mail::new(BOB, &[ALICE], 51, "lunch-2", "Re: Lunch on Thursday?", Entity::text("In. Table for two?\n"))
            .answering(&first);
    let third = Mail::new(
        ALICE,
        &[BOB],
        52,
        "lunch-3",
        "Re: Lunch on Thursday?",
        Entity::text("Four. Nora and her brother come too.\n"),
    )
    .answering(&second);
    vec![first, second, third]
}

fn choir() -> Vec<Mail> {
    let first = Mail::new(
        NORA,
        &[ALICE, BOB],
        60,
        "choir-1",
        "Rehearsal plan for December",
        Entity::written(
            "text/plain; format=flowed",
            "Dear all, \n\nthe hall is ours on 3, 10 and 17 December from 19:30. On the 17th we sing with the \n\
             orchestra, so please be there at 19:00 and bring the black folders. \n\nSopranos: bars 41 to 58 once more \
             at home, please. \n\nNora\n",
        ),
    );
    let second = Mail::new(
        BOB,
        &[NORA, ALICE],
        62,
        "choir-2",
        "Re: Rehearsal plan for December",
        Entity::text("I am away on the 10th, Alice sings my part. She can reach the low D. Honestly.\n"),
    )
    .answering(&first);
    vec![first, second]
}
