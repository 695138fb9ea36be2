//! The laws of a lattice, over all types: they make a column's type independent of any order.

use super::ColumnType::{self, *};

const TYPES: [ColumnType; 10] = [
    None, Boolean, Bigint, Double, Numeric, Date, Timestamp, Time, Interval, Text,
];

#[test]
fn join_is_idempotent_and_commutative() {
    for a in TYPES {
        assert_eq!(a.join(a), a);
        for b in TYPES {
            assert_eq!(a.join(b), b.join(a), "{a:?} {b:?}");
        }
    }
}

#[test]
fn join_is_associative() {
    for a in TYPES {
        for b in TYPES {
            for c in TYPES {
                assert_eq!(a.join(b).join(c), a.join(b.join(c)), "{a:?} {b:?} {c:?}");
            }
        }
    }
}

#[test]
fn join_is_the_narrowest_type_that_holds_both() {
    for a in TYPES {
        for b in TYPES {
            let join = a.join(b);
            assert!(join.holds(a) && join.holds(b));
            for upper in TYPES
                .into_iter()
                .filter(|upper| upper.holds(a) && upper.holds(b))
            {
                assert!(
                    upper.holds(join),
                    "{upper:?} holds {a:?} and {b:?}, not {join:?}"
                );
            }
        }
    }
}

#[test]
fn holds_is_an_order() {
    for a in TYPES {
        assert!(a.holds(a) && a.holds(None) && Text.holds(a));
        for b in TYPES {
            assert!(a == b || !(a.holds(b) && b.holds(a)), "{a:?} {b:?}");
            for c in TYPES {
                assert!(
                    !(a.holds(b) && b.holds(c)) || a.holds(c),
                    "{a:?} {b:?} {c:?}"
                );
            }
        }
    }
}

#[test]
fn the_chains() {
    for chain in [
        &[Boolean][..],
        &[Bigint, Double, Numeric],
        &[Date, Timestamp],
        &[Time, Interval],
    ] {
        assert!(chain.is_sorted_by(|a, b| b.holds(*a)));
        for other in TYPES
            .into_iter()
            .filter(|other| !chain.contains(other) && *other != None)
        {
            assert_eq!(chain[0].join(other), Text, "{chain:?} {other:?}");
        }
    }
}

#[test]
fn display_names_lead_back() {
    for t in TYPES.into_iter().filter(|t| *t != None) {
        assert_eq!(ColumnType::from_display_name(t.display_name()), Some(t));
    }
    assert_eq!(ColumnType::from_display_name("numeric(12,2)"), Option::None);
}
