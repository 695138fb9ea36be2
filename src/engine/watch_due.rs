//! What the launcher's scout does about watched folders: starts the looks that are due.

use crate::pg::error::Failure;
use crate::pg::worker::transaction;
use crate::pg::{jobs, launch, launcher, transaction, watches};
use pgdatahub_core::watch::back_off;

/// Starts them. Never fails: what goes wrong is in the log.
pub fn look() {
    let due = transaction(|| match jobs::exist() && transaction::writable() {
        true => watches::due(),
        false => Ok(Vec::new()),
    });
    let due = due.unwrap_or_else(|failure| {
        launcher::warn(&failure);
        Vec::new()
    });
    for watch_id in due {
        if let Err(failure) = transaction(|| begin(watch_id)) {
            launcher::warn(&failure);
        }
    }
}

/// Starts a look, and puts the next one off before it is known what comes of this one: a worker
/// that cannot connect, or brings itself down, backs off like any failure.
fn begin(watch_id: i64) -> Result<(), Failure> {
    if !jobs::exist() {
        return Ok(());
    }
    // Being looked at, or ended by a person just now.
    let Some(watch) = watches::lock_due(watch_id)? else {
        return Ok(());
    };
    if !watch.is_here {
        return watches::disable(
            watch_id,
            "restored from another cluster; pgdatahub.watch_folder confirms it",
        );
    }
    let seconds = back_off(watch.every, watch.failures);
    let put_off = || watches::put_off(watch_id, seconds);
    match jobs::role(&watch.owner)? {
        // No slot: it stays due.
        Some((role, true)) if !launch::watch_now(watch_id, role) => Ok(()),
        Some((_, true)) => put_off(),
        Some((_, false)) => {
            put_off()?;
            let message = format!("role \"{}\" is not permitted to log in", watch.owner);
            watches::failed(watch_id, seconds, &message)
        }
        None => watches::disable(
            watch_id,
            &format!("role \"{}\" does not exist any more", watch.owner),
        ),
    }
}
