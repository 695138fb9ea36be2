//! Statements that are parsed and planned once a session and not once a file.
//!
//! An import of one small file runs some thirty statements of ours, most of them
//! over a row or two: parsing and planning was most of what they cost. PostgreSQL
//! itself sees to it that a kept plan is made anew when a table, a function or the
//! search_path it was made under has changed.

use pgrx::datum::DatumWithOid;
use pgrx::pg_sys::PgOid;
use pgrx::spi::{OwnedPreparedStatement, SpiClient, SpiResult};
use std::cell::RefCell;
use std::collections::HashMap;
use std::mem::ManuallyDrop;
use std::rc::Rc;

/// Most statements kept. Those with a name of a user's table in them are many in
/// a session that imports into many tables; all are forgotten when there are so many.
const MOST: usize = 200;

/// A plan is made anew after so many uses, then after four times as many, and so on up to
/// [`MOST_USES`]: one that was made when the audit tables were small is not the best for ever,
/// and a first import makes them grow fast.
const FIRST_USES: u32 = 16;

const MOST_USES: u32 = 512;

struct Kept {
    statement: Rc<OwnedPreparedStatement>,
    types: Vec<u32>,
    /// Uses that are left to it.
    left: u32,
    /// And that it had at first.
    uses: u32,
}

thread_local! {
    // Never dropped: freeing a plan calls into PostgreSQL, which a process that ends has taken down.
    static KEPT: RefCell<ManuallyDrop<HashMap<String, Kept>>> =
        RefCell::new(ManuallyDrop::new(HashMap::new()));
}

/// The statement ready to be run with these arguments; none for DDL and the like,
/// which is run once.
///
/// # Errors
/// SPI's own; PostgreSQL's are raised.
pub fn statement(
    client: &SpiClient<'_>,
    sql: &str,
    args: &[DatumWithOid<'_>],
) -> SpiResult<Option<Rc<OwnedPreparedStatement>>> {
    if !["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH "]
        .iter()
        .any(|verb| sql.starts_with(verb))
    {
        return Ok(None);
    }
    let types: Vec<u32> = args.iter().map(|arg| arg.oid().to_u32()).collect();
    let mut uses = FIRST_USES;
    let known = KEPT.with_borrow_mut(|kept| {
        let found = kept.get_mut(sql)?;
        if found.types == types && found.left > 0 {
            found.left -= 1;
            return Some(Rc::clone(&found.statement));
        }
        uses = (found.uses * 4).min(MOST_USES);
        None
    });
    if known.is_some() {
        return Ok(known);
    }
    let oids: Vec<PgOid> = args.iter().map(|arg| PgOid::from(arg.oid())).collect();
    let statement = Rc::new(client.prepare_mut(sql, &oids)?.keep());
    let new = Kept {
        statement: Rc::clone(&statement),
        types,
        left: uses,
        uses,
    };
    // What falls out is freed after the borrow ends: freeing calls into PostgreSQL.
    let forgotten = KEPT.with_borrow_mut(|kept| {
        let all = match kept.len() >= MOST {
            true => std::mem::take(&mut **kept),
            false => HashMap::new(),
        };
        (all, kept.insert(sql.to_owned(), new))
    });
    drop(forgotten);
    Ok(Some(statement))
}
