//! The first mail a person gets: who switched this on, what it reads, what it will do, whom to ask.

use super::Desk;
use crate::model::policy::Mode;
use crate::tell::body::Body;

pub(super) fn body(desk: &Desk<'_>, mode: Mode, is_manager: bool, is_rep: bool) -> Body {
    let mut body = Body::default();
    body.para(desk.greeting());
    body.lead("Drumbeat is a program that keeps 1-on-1s from falling through. It now looks after yours.");
    let reply_to = &desk.ctx.voice.reply_to;
    body.para(if reply_to.is_empty() {
        "Your organisation switched it on.".to_owned()
    } else {
        format!(
            "Your organisation switched it on; {reply_to} runs it. Ask there whatever you want to know: \
                 replies to this mail go to a person."
        )
    });
    body.heading("What it reads").list(vec![
        "From calendars: when events are, who takes part, and who said yes or no.".to_owned(),
        "Titles only to recognise a 1-on-1. Those of your other meetings are not kept and never shown."
            .to_owned(),
        "What you say or write in a 1-on-1 is never read, kept or reported. Leaders see counts.".to_owned(),
    ]);
    body.heading("What it does").list(what_it_does(desk, mode, is_manager, is_rep));
    body.heading("What you can do").list(vec![
        "Nothing special. Move a 1-on-1 as you always do: within the same week, no mail comes of it."
            .to_owned(),
        "If you make a time of your own, it always wins over one that Drumbeat booked.".to_owned(),
        "If it gets something wrong, reply. It is likely a rule that can be changed.".to_owned(),
    ]);
    body
}

fn what_it_does(desk: &Desk<'_>, mode: Mode, is_manager: bool, is_rep: bool) -> Vec<String> {
    let mut lines = Vec::new();
    match mode {
        Mode::Observe => lines.push(
            "For now it only looks and counts. It books nothing and asks nobody; leaders get a weekly report.".to_owned(),
        ),
        Mode::Propose if is_manager => lines.push(
            "When a 1-on-1 with one of your reports falls out and nobody moves it, you get one mail with times \
             in the same week at which you are both free."
                .to_owned(),
        ),
        Mode::Auto if is_manager => lines.push(
            "When a 1-on-1 with one of your reports falls out and nobody moves it, it books another time in the \
             same week and tells you both."
                .to_owned(),
        ),
        Mode::Propose | Mode::Auto => {}
    }
    if is_manager && mode == Mode::Propose {
        lines.push(if desk.has_links() {
            "You choose with one click. Each mail says what happens if you do not answer, and when."
                .to_owned()
        } else {
            "You choose by making the event, or by reply. It books nothing by itself.".to_owned()
        });
    }
    if is_manager && mode == Mode::Auto && desk.has_links() {
        lines.push("Each such mail has an undo link.".to_owned());
    }
    if is_rep && mode != Mode::Observe {
        lines.push(
            "When your own 1-on-1 falls out, another time in the same week is looked for. You get an invitation \
             like any other, and may decline it like any other."
                .to_owned(),
        );
    }
    if mode != Mode::Observe {
        lines.push(
            "When no time can be found, it tells the manager first, and later the manager's manager."
                .to_owned(),
        );
    }
    lines
}
