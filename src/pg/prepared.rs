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

/// A plan is made anew after so many uses: one that was made when the audit tables
/// were small is not the best for ever.
const USES: u32 = 500;

struct Kept {
    statement: Rc<OwnedPreparedStatement>,
    types: Vec<u32>,
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
    let known = KEPT.with_borrow_mut(|kept| {
        let found = kept.get_mut(sql)?;
        found.uses += 1;
        (found.types == types && found.uses < USES).then(|| Rc::clone(&found.statement))
    });
    if known.is_some() {
        return Ok(known);
    }
    let oids: Vec<PgOid> = args.iter().map(|arg| PgOid::from(arg.oid())).collect();
    let statement = Rc::new(client.prepare_mut(sql, &oids)?.keep());
    let new = Kept {
        statement: Rc::clone(&statement),
        types,
        uses: 0,
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
