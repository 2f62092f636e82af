//! `drumbeat forget`: nothing tells any more who somebody was.

use clap::Args;

use crate::cli::control::ControlArgs;
use crate::cli::hand::Orders;
use crate::model::hand::Order;

/// Forgets somebody who left.
///
/// Their name and address are cut from the table beside the ledger, in which they are a number everywhere else; the counts
/// that leaders see stay as they were, and `verify` still passes. Whoever is still in the roster or the configuration cannot
/// be forgotten. Asked of the running daemon. Backups made before still hold the name: remove them when their time is over.
#[derive(Debug, Args)]
pub struct Forget {
    /// Who: their address, an alias, or a part of the name
    #[arg(value_name = "PERSON")]
    person: String,
    #[command(flatten)]
    control: ControlArgs,
}

impl Orders for Forget {
    fn order(&self) -> (Order, &ControlArgs) {
        (Order::Forget { who: self.person.clone() }, &self.control)
    }
}
