//! Slots and stretches of them: the integer time of a planning table.

use serde::{Deserialize, Serialize};

/// A number of slots since a table's origin; may be negative (a Monday in Auckland begins before slot 0).
pub type Slot = i32;

/// A half-open stretch of slots, `[start, end)`; written as an array of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stretch(pub Slot, pub Slot);

impl Stretch {
    /// Whether `other` lies wholly inside.
    pub fn covers(self, other: Stretch) -> bool {
        self.0 <= other.0 && other.1 <= self.1
    }

    /// Whether the two share a slot.
    pub fn overlaps(self, other: Stretch) -> bool {
        self.0 < other.1 && other.0 < self.1
    }

    /// With `by` slots more on either side.
    pub fn widened(self, by: Slot) -> Stretch {
        Stretch(self.0 - by, self.1 + by)
    }

    /// How many slots both share.
    pub fn shared(self, other: Stretch) -> Slot {
        (self.1.min(other.1) - self.0.max(other.0)).max(0)
    }
}

/// Sorts stretches and joins those that overlap or touch.
pub fn merged(mut stretches: Vec<Stretch>) -> Vec<Stretch> {
    stretches.sort_unstable();
    let mut out: Vec<Stretch> = Vec::with_capacity(stretches.len());
    for stretch in stretches {
        match out.last_mut() {
            Some(last) if stretch.0 <= last.1 => last.1 = last.1.max(stretch.1),
            _ => out.push(stretch),
        }
    }
    out
}

/// What is left of `from` outside `cuts`; both sorted and disjoint.
pub fn without(from: &[Stretch], cuts: &[Stretch]) -> Vec<Stretch> {
    let mut out = Vec::with_capacity(from.len() + cuts.len());
    for piece in from {
        let mut start = piece.0;
        let first = cuts.partition_point(|cut| cut.1 <= piece.0);
        for cut in cuts[first..].iter().take_while(|cut| cut.0 < piece.1) {
            if start < cut.0 {
                out.push(Stretch(start, cut.0));
            }
            start = start.max(cut.1);
        }
        if start < piece.1 {
            out.push(Stretch(start, piece.1));
        }
    }
    out
}

/// What both have; both sorted and disjoint.
pub fn common(one: &[Stretch], two: &[Stretch]) -> Vec<Stretch> {
    let mut out = Vec::new();
    for a in one {
        let first = two.partition_point(|b| b.1 <= a.0);
        out.extend(
            two[first..].iter().take_while(|b| b.0 < a.1).map(|b| Stretch(a.0.max(b.0), a.1.min(b.1))),
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_of_stretches() {
        fn check(cuts: &[Stretch], left: &[Stretch]) {
            let work = [Stretch(0, 10), Stretch(20, 30)];
            assert_eq!(without(&work, cuts), left, "without {cuts:?}");
            assert_eq!(common(&work, left), left, "what is left lies inside");
            assert_eq!(merged(left.iter().rev().copied().collect()), left);
        }
        check(&[], &[Stretch(0, 10), Stretch(20, 30)]);
        check(&[Stretch(-5, 40)], &[]);
        check(&[Stretch(2, 4), Stretch(8, 22)], &[Stretch(0, 2), Stretch(4, 8), Stretch(22, 30)]);
        check(&[Stretch(10, 20), Stretch(29, 31)], &[Stretch(0, 10), Stretch(20, 29)]);
        assert_eq!(merged(vec![Stretch(3, 5), Stretch(0, 3), Stretch(4, 9)]), [Stretch(0, 9)]);
        assert_eq!(Stretch(0, 4).shared(Stretch(2, 9)), 2);
        assert_eq!(Stretch(0, 4).shared(Stretch(6, 9)), 0);
    }
}
