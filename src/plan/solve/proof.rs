//! What the bounds at the root of a component rest on, by name, for [`crate::plan::bound`] to compute them again.

use super::component::Outcome;
use super::model::Part;
use super::relax::{Dual, UNIT};
use crate::plan::bound::{Certificate, Multipliers};

/// The certificate of a component.
pub(super) fn certificate(part: &Part, outcome: &Outcome) -> Certificate {
    let bounds = &outcome.component;
    let named = |dual: &Dual| {
        let rows = part.rows.iter().zip(&dual.rows).filter(|(_, multiplier)| **multiplier != 0);
        Multipliers {
            unit: UNIT,
            rows: rows.map(|(row, multiplier)| (row.name, *multiplier)).collect(),
            count: dual.count,
        }
    };
    Certificate {
        first: bounds.first,
        sessions: part.sessions.clone(),
        groups: part.groups.clone(),
        placed: bounds.count_bound,
        count: outcome.count.as_ref().map(named),
        cost: outcome.cost.as_ref().map(named),
    }
}
