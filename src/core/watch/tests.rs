use super::*;
use proptest::prelude::*;

const SEEN: Seen = Seen {
    bytes: 10,
    mtime: 7,
};

fn known(state: State, due: bool) -> Known {
    Known {
        seen: SEEN,
        state,
        attempts: 0,
        due,
    }
}

#[test]
fn words_are_read_back() {
    for state in [State::Waiting, State::Submitted, State::Done, State::Failed] {
        assert_eq!(State::parse(state.word()), state);
    }
    assert_eq!(State::parse("unheard of"), State::Waiting);
}

#[test]
fn two_equal_looks() {
    assert_eq!(step(None, SEEN), Step::Note);
    assert_eq!(step(Some(&known(State::Waiting, true)), SEEN), Step::Submit);
    let grown = Seen { bytes: 11, ..SEEN };
    let touched = Seen { mtime: 8, ..SEEN };
    for other in [grown, touched] {
        for state in [State::Waiting, State::Submitted, State::Done, State::Failed] {
            assert_eq!(step(Some(&known(state, true)), other), Step::Note);
        }
    }
}

#[test]
fn what_is_in_or_in_hand_rests() {
    for state in [State::Submitted, State::Done] {
        assert_eq!(step(Some(&known(state, true)), SEEN), Step::Rest);
    }
    assert_eq!(step(Some(&known(State::Failed, false)), SEEN), Step::Rest);
    assert_eq!(step(Some(&known(State::Failed, true)), SEEN), Step::Submit);
}

#[test]
fn outcomes() {
    for status in ["imported", "replaced", "skipped"] {
        assert_eq!(State::after(Some(status)), State::Done);
    }
    for status in [Some("failed"), Some("not_tried"), None] {
        assert_eq!(State::after(status), State::Failed);
    }
}

#[test]
fn a_minute_doubles_up_to_a_day() {
    let waits: Vec<f64> = (0..5).map(|failures| back_off(60.0, failures)).collect();
    assert_eq!(waits, [60.0, 120.0, 240.0, 480.0, 960.0]);
    assert_eq!(back_off(60.0, 11), DAY);
    assert_eq!(back_off(60.0, u32::MAX), DAY);
    assert_eq!(back_off(DAY, 1), DAY);
}

proptest! {
    /// However a file grows, what is submitted was the same at the look before.
    #[test]
    fn never_while_it_changes(looks in prop::collection::vec((0i64..4, 0i64..3), 1..40)) {
        let mut before: Option<Known> = None;
        let mut last = None;
        for (bytes, mtime) in looks {
            let now = Seen { bytes, mtime };
            match step(before.as_ref(), now) {
                Step::Submit => {
                    prop_assert_eq!(last, Some(now));
                    before = before.map(|known| Known { state: State::Submitted, ..known });
                }
                Step::Note => {
                    prop_assert_ne!(last, Some(now));
                    before = Some(Known { seen: now, state: State::Waiting, attempts: 0, due: true });
                }
                Step::Rest => prop_assert_eq!(last, Some(now)),
            }
            last = Some(now);
        }
    }

    #[test]
    fn back_off_grows_and_is_bounded(every in 1.0f64..=DAY, failures in 0u32..2_000) {
        let wait = back_off(every, failures);
        prop_assert!(wait >= every && wait <= DAY);
        prop_assert!(back_off(every, failures + 1) >= wait);
    }
}
