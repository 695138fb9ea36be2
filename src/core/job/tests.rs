use super::*;

const ALL: [State; 10] = [
    State::Queued,
    State::Running,
    State::Paused(Reason::User),
    State::Paused(Reason::Interval),
    State::Paused(Reason::Window),
    State::Paused(Reason::Error),
    State::Done,
    State::DoneWithFailures,
    State::Failed,
    State::Cancelled,
];

#[test]
fn words_are_read_back() {
    for state in ALL {
        let reason = state.reason().map(Reason::word);
        assert_eq!(State::parse(state.word(), reason), Some(state));
    }
    assert_eq!(State::parse("interrupted", None), None);
}

/// The whole table, so that no transition changes unseen.
#[test]
fn transitions() {
    let next = |state: State, wish, owned| match state.after(wish, owned) {
        Ok(next) => next.word(),
        Err(report) => report.sqlstate,
    };
    let table: Vec<[&str; 6]> = ALL
        .iter()
        .map(|state| {
            let mut row = [""; 6];
            for (at, wish) in [Wish::Pause, Wish::Resume, Wish::Cancel].iter().enumerate() {
                row[2 * at] = next(*state, *wish, true);
                row[2 * at + 1] = next(*state, *wish, false);
            }
            row
        })
        .collect();
    let refused = "55000";
    let over = [refused; 6];
    assert_eq!(
        table,
        [
            [
                "paused",
                "paused",
                refused,
                "queued",
                "cancelled",
                "cancelled"
            ],
            [
                "paused",
                "paused",
                refused,
                "queued",
                "cancelled",
                "cancelled"
            ],
            [
                refused,
                refused,
                "running",
                "queued",
                "cancelled",
                "cancelled"
            ],
            [
                "paused",
                "paused",
                "running",
                "queued",
                "cancelled",
                "cancelled"
            ],
            [
                "paused",
                "paused",
                "running",
                "queued",
                "cancelled",
                "cancelled"
            ],
            [
                refused,
                refused,
                "running",
                "queued",
                "cancelled",
                "cancelled"
            ],
            over,
            over,
            [refused, refused, "running", "queued", refused, refused],
            over,
        ]
    );
}

#[test]
fn a_job_without_an_owner_is_interrupted() {
    let shown = |state: State| (state.shown(true), state.shown(false));
    assert_eq!(shown(State::Running), ("running", "interrupted"));
    assert_eq!(
        shown(State::Paused(Reason::Window)),
        ("paused", "interrupted")
    );
    assert_eq!(shown(State::Paused(Reason::User)), ("paused", "paused"));
    assert_eq!(shown(State::Queued), ("queued", "queued"));
    assert_eq!(shown(State::Done), ("done", "done"));
}

#[test]
fn a_refusal_says_what_it_is_and_what_helps() {
    let report = State::Done.after(Wish::Resume, false).err();
    let report = report.map(|r| (r.message, r.hint.unwrap_or_default()));
    let (message, hint) = report.unwrap_or_default();
    assert_eq!(message, "cannot resume a job that is done");
    assert!(hint.contains("start_import"), "{hint}");
}
