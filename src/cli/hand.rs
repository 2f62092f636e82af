//! What those who run Drumbeat say to the running daemon: one command for each order.

use chrono::NaiveDate;
use clap::{Args, Subcommand};

use super::control::ControlArgs;
use super::env::Env;
use crate::model::hand::Order;
use crate::model::time::Week;
use crate::model::zone::Zones;

/// A command that is an order to the running daemon.
pub trait Orders {
    /// The order, and which daemon gets it.
    fn order(&self) -> (Order, &ControlArgs);

    /// Gives it and prints what came of it; `false`: it was refused.
    fn run(&self, zones: &Zones, env: &Env) -> anyhow::Result<bool> {
        let (order, control) = self.order();
        control.ask(&order, env, zones)
    }
}

/// A person's week, and why something is said of it.
#[derive(Debug, Clone, Args)]
struct OfWeek {
    /// Whose: an address, an alias, or a part of a name
    #[arg(value_name = "PERSON")]
    person: String,
    /// Which week, such as 2026-W47 [default: this one]
    #[arg(long)]
    week: Option<Week>,
    /// Why, for the ledger: one line, nothing that may have to be forgotten
    #[arg(long, value_name = "REASON")]
    why: String,
}

/// Tells how the running daemon is.
///
/// Mode, sources, recognition, what is being mended, mails that wait, and what wakes it next. Read from the daemon itself,
/// so it also shows that the daemon answers.
#[derive(Debug, Args)]
pub struct Status {
    /// As JSON, for scripts
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    control: ControlArgs,
}

impl Orders for Status {
    fn order(&self) -> (Order, &ControlArgs) {
        (Order::Status { json: self.json }, &self.control)
    }
}

/// Stops every effect at once.
///
/// Nothing is booked and no mail goes out, alerts to ops included; links in mails answer that Drumbeat is paused. Calendars
/// are read and judged as before. It stays so over restarts, until `drumbeat resume`.
#[derive(Debug, Args)]
pub struct Pause {
    /// Why, for the ledger
    #[arg(long, value_name = "REASON")]
    why: Option<String>,
    #[command(flatten)]
    control: ControlArgs,
}

impl Orders for Pause {
    fn order(&self) -> (Order, &ControlArgs) {
        (Order::Pause { why: self.why.clone() }, &self.control)
    }
}

/// Goes on after a pause.
///
/// Mails whose reason is gone are dropped; proposals that ran out meanwhile are made again, since nobody could answer.
#[derive(Debug, Args)]
pub struct Resume {
    /// Why, for the ledger
    #[arg(long, value_name = "REASON")]
    why: Option<String>,
    #[command(flatten)]
    control: ControlArgs,
}

impl Orders for Resume {
    fn order(&self) -> (Order, &ControlArgs) {
        (Order::Resume { why: self.why.clone() }, &self.control)
    }
}

/// Excuses a rep's week.
///
/// What does not take place in it counts as excused instead of missed, and what is being mended is called off. Works for the
/// two weeks before this one, too.
#[derive(Debug, Args)]
pub struct Excuse {
    #[command(flatten)]
    of: OfWeek,
    #[command(flatten)]
    control: ControlArgs,
}

impl Orders for Excuse {
    fn order(&self) -> (Order, &ControlArgs) {
        let OfWeek { person, week, why } = self.of.clone();
        (Order::Excuse { who: person, week, why }, &self.control)
    }
}

/// Says that a 1-on-1 took place, or did not.
///
/// Counts before what the calendars and the two themselves say. About a rep's newest 1-on-1 that has begun, or the one of a
/// day.
#[derive(Debug, Args)]
pub struct Held {
    /// Whose: an address, an alias, or a part of a name
    #[arg(value_name = "PERSON")]
    person: String,
    /// The day on which it was to begin, such as 2026-11-24
    #[arg(long, value_name = "DATE")]
    on: Option<NaiveDate>,
    /// It did not take place
    #[arg(long)]
    not: bool,
    /// Why, for the ledger: one line, nothing that may have to be forgotten
    #[arg(long, value_name = "REASON")]
    why: String,
    #[command(flatten)]
    control: ControlArgs,
}

impl Orders for Held {
    fn order(&self) -> (Order, &ControlArgs) {
        let (who, why) = (self.person.clone(), self.why.clone());
        (Order::Held { who, on: self.on, held: !self.not, why }, &self.control)
    }
}

/// Leaves somebody's 1-on-1s of a week alone.
///
/// Nothing is proposed, booked, escalated or asked about them; what becomes of them is counted as always. Of a manager, it is
/// about all who report to them.
#[derive(Debug, Args)]
pub struct Mute {
    #[command(flatten)]
    of: OfWeek,
    /// Look after them again
    #[arg(long)]
    undo: bool,
    #[command(flatten)]
    control: ControlArgs,
}

impl Orders for Mute {
    fn order(&self) -> (Order, &ControlArgs) {
        let OfWeek { person, week, why } = self.of.clone();
        (Order::Mute { who: person, week, muted: !self.undo, why }, &self.control)
    }
}

/// Shows, then sends, everybody's first mail.
///
/// It says who switched Drumbeat on, what it reads and whom to ask. Without --send it is only shown: a manager's and a rep's
/// in full, and who would get one. Whoever is not written to so gets it before their first other mail.
#[derive(Debug, Args)]
pub struct Welcome {
    /// A manager: them and those who report to them [default: everybody in the pilot]
    #[arg(long, value_name = "PERSON")]
    team: Option<String>,
    /// Send it
    #[arg(long)]
    send: bool,
    #[command(flatten)]
    control: ControlArgs,
}

impl Orders for Welcome {
    fn order(&self) -> (Order, &ControlArgs) {
        (Order::Welcome { team: self.team.clone(), send: self.send }, &self.control)
    }
}

/// Shows calendars and how they are, or has one believed.
#[derive(Debug, Args)]
pub struct Source {
    #[command(subcommand)]
    what: SourceCommand,
}

#[derive(Debug, Subcommand)]
enum SourceCommand {
    /// Lists the calendars that are not well, with reasons
    List {
        /// All of them
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        control: ControlArgs,
    },
    /// Has the present answer of a suspect calendar believed
    ///
    /// A calendar that suddenly is empty, another one, or has lost much is not believed: nobody is told of a cancellation on
    /// its account. Where it is right all the same, this says so.
    Accept {
        /// The calendar: its owner's address, #2 behind it for a second one
        #[arg(value_name = "ADDRESS")]
        calendar: String,
        /// Why, for the ledger
        #[arg(long, value_name = "REASON")]
        why: Option<String>,
        #[command(flatten)]
        control: ControlArgs,
    },
}

impl Orders for Source {
    fn order(&self) -> (Order, &ControlArgs) {
        match &self.what {
            SourceCommand::List { all, control } => (Order::Sources { all: *all }, control),
            SourceCommand::Accept { calendar, why, control } => {
                (Order::Accept { calendar: calendar.clone(), why: why.clone() }, control)
            }
        }
    }
}
