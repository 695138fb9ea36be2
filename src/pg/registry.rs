//! etl_tables and etl_columns: which tables are managed, and which header goes where.
//!
//! A managed table is known by its name on record ([`lookup`]), which follows renames ([`follow_renames`]); what it
//! remembers of headers is in [`headers`].

mod headers;
mod renames;

pub use headers::{remember, remembered, set_provisional};
pub use renames::follow_renames;

use super::catalog::{self, TableName};
use super::error::Failure;
use super::identity::{as_owner, current_role};
use super::{restored, spi};
use pgrx::pg_sys;
use renames::follow_oids;

/// A managed table.
#[derive(Debug, Clone)]
pub struct Managed {
    pub name: TableName,
    /// The name that the record has for it still, where a rename was not followed yet (a plan follows none).
    pub recorded: TableName,
    /// None: it was dropped by hand.
    pub oid: Option<pg_sys::Oid>,
}

/// What tells this cluster from another that a dump may be restored into.
pub fn system() -> String {
    // SAFETY: reads the control data in shared memory.
    unsafe { pg_sys::GetSystemIdentifier() }.to_string()
}

/// This database's oid: after a restore another database may have its name.
fn database() -> String {
    // SAFETY: reads this backend's database.
    unsafe { pg_sys::MyDatabaseId }.to_u32().to_string()
}

/// The managed table that imports address as `target`, or that is so named.
///
/// # Errors
/// SPI's own.
pub fn lookup(target: &TableName) -> Result<Option<Managed>, Failure> {
    let condition = "(present_schema = $1 AND present_name = $2) OR (target_schema = $1 AND target_name = $2) \
         ORDER BY (present_schema = $1 AND present_name = $2) DESC LIMIT 1";
    if let Some(found) = as_recorded(target)? {
        return Ok(found);
    }
    let found = one(condition, &target.schema, &target.table)?;
    match &found {
        // Renamed this very moment, perhaps, by another session. A plan follows no rename.
        Some(known)
            if !spi::is_reading() && (known.oid.is_none() || known.name != known.recorded) =>
        {
            follow_oids()?;
            one(condition, &target.schema, &target.table)
        }
        // A plan has not looked yet.
        Some(known) if known.oid.is_none() => {
            let mut all = restored::find(&system(), &database())?.restored;
            all.retain(|restored| restored.recorded == known.recorded);
            Ok(match all.pop() {
                None => found,
                Some(restored) => Some(Managed {
                    name: restored.name,
                    recorded: restored.recorded,
                    oid: Some(restored.oid),
                }),
            })
        }
        _ => Ok(found),
    }
}

/// [`lookup`] where the record is up to date, as it is for nearly every file: one look into an index.
/// `None` where more has to be asked; `Some(None)` where no table is so addressed or named.
fn as_recorded(target: &TableName) -> Result<Option<Option<Managed>>, Failure> {
    let (system, database) = (system(), database());
    let named = catalog::find(target)?.map(|oid| i64::from(oid.to_u32()));
    let rows = as_owner(|| {
        spi::rows(
            "SELECT t.table_schema, t.table_name, t.cached_oid, \
                    t.cached_system = $3 AND t.cached_database = $4 AND t.dropped_at IS NULL \
               FROM pgdatahub.etl_tables t \
              WHERE (t.table_schema = $1 AND t.table_name = $2) OR (t.target_schema = $1 AND t.target_name = $2) \
                 OR t.cached_oid = $5",
            &[
                target.schema.as_str().into(),
                target.table.as_str().into(),
                system.as_str().into(),
                database.as_str().into(),
                named.into(),
            ],
            |row| {
                let name = TableName {
                    schema: row.text(1),
                    table: row.text(2),
                };
                let oid = row.value::<i64>(3).and_then(|oid| u32::try_from(oid).ok());
                (name, oid, row.value::<bool>(4).unwrap_or(false))
            },
        )
    })?;
    let [(name, Some(oid), true)] = rows.as_slice() else {
        return Ok(rows.is_empty().then_some(None));
    };
    let oid = pg_sys::Oid::from(*oid);
    Ok((catalog::find(name)? == Some(oid)).then(|| {
        Some(Managed {
            name: name.clone(),
            recorded: name.clone(),
            oid: Some(oid),
        })
    }))
}

/// The managed table that a folder feeds.
///
/// # Errors
/// SPI's own.
pub fn fed_by(folder: &str, schema: &str) -> Result<Option<Managed>, Failure> {
    one(
        "folder = $1 AND dropped_at IS NULL ORDER BY present_schema = $2 DESC, managed_since LIMIT 1",
        folder,
        schema,
    )
}

fn one(condition: &str, first: &str, second: &str) -> Result<Option<Managed>, Failure> {
    let (system, database) = (system(), database());
    let args = [
        first.into(),
        second.into(),
        system.as_str().into(),
        database.as_str().into(),
    ];
    let sql = format!(
        "SELECT present_schema, present_name, table_schema, table_name, present_oid FROM ({PRESENT} AND {OURS}) r ON true) p WHERE {condition}"
    );
    let found = as_owner(|| {
        spi::first(&sql, &args, |row| {
            let name = |schema, table| TableName {
                schema: row.text(schema),
                table: row.text(table),
            };
            (name(1, 2), name(3, 4), row.value::<i64>(5))
        })
    })?;
    let Some((name, recorded, known)) = found else {
        return Ok(None);
    };
    // Another table of that name is a stranger's.
    let oid = catalog::find(&name)?.filter(|oid| known == Some(i64::from(oid.to_u32())));
    Ok(Some(Managed {
        name,
        recorded,
        oid,
    }))
}

/// Managed tables with the name and oid they have now, as [`follow_renames`] would record them; to be closed with [`OURS`].
const PRESENT: &str = "SELECT t.*, coalesce(n.nspname::text, t.table_schema) AS present_schema, \
            coalesce(k.relname::text, t.table_name) AS present_name, coalesce(k.oid, r.oid)::int8 AS present_oid \
       FROM pgdatahub.etl_tables t \
       LEFT JOIN pg_class k ON k.oid = t.cached_oid::oid AND t.cached_system = $3 AND t.cached_database = $4 AND t.dropped_at IS NULL \
       LEFT JOIN pg_namespace n ON n.oid = k.relnamespace \
       LEFT JOIN LATERAL (SELECT c.oid FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace \
                           WHERE s.nspname = t.table_schema AND c.relname = t.table_name AND k.oid IS NULL AND t.dropped_at IS NULL";

/// Relation `c` has the two columns of ours: another may have a managed table's name by chance.
const OURS: &str = "2 = (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped \
                           AND (a.attname, a.atttypid) IN (('source_file', 'text'::regtype), ('load_timestamp', 'timestamptz'::regtype)))";

/// Makes a table managed, or managed again after it was dropped.
///
/// # Errors
/// SPI's own.
pub fn register(
    name: &TableName,
    target: &TableName,
    folder: Option<&str>,
    origin: &str,
    oid: pg_sys::Oid,
) -> Result<(), Failure> {
    let role = current_role();
    as_owner(|| {
        spi::execute(
            "INSERT INTO pgdatahub.etl_tables (table_schema, table_name, target_schema, target_name, folder, origin, managed_by, \
                                               cached_oid, cached_database, cached_system) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $10, $9) \
             ON CONFLICT (table_schema, table_name) DO UPDATE SET dropped_at = NULL, origin = excluded.origin, folder = excluded.folder, \
               managed_by = excluded.managed_by, managed_since = clock_timestamp(), cached_oid = excluded.cached_oid, \
               cached_database = excluded.cached_database, cached_system = excluded.cached_system",
            &[
                name.schema.as_str().into(),
                name.table.as_str().into(),
                target.schema.as_str().into(),
                target.table.as_str().into(),
                folder.into(),
                origin.into(),
                role.as_str().into(),
                i64::from(oid.to_u32()).into(),
                system().as_str().into(),
                database().as_str().into(),
            ],
        )
        .map(|_| ())
    })
}

/// A managed table is gone: its imports and changes count as reverted, its headers are forgotten.
///
/// # Errors
/// SPI's own.
pub fn mark_dropped(name: &TableName) -> Result<(), Failure> {
    let role = current_role();
    as_owner(|| {
        let key = [
            name.schema.as_str().into(),
            name.table.as_str().into(),
            role.as_str().into(),
        ];
        spi::execute(
            "UPDATE pgdatahub.etl_imports SET reverted_at = clock_timestamp(), reverted_by = $3, reverted_why = 'table dropped' \
              WHERE table_schema = $1 AND table_name = $2 AND reverted_at IS NULL",
            &key,
        )?;
        spi::execute(
            "UPDATE pgdatahub.etl_schema_changes SET reverted_at = clock_timestamp(), reverted_by = $3 \
              WHERE table_schema = $1 AND table_name = $2 AND reverted_at IS NULL",
            &key,
        )?;
        spi::execute(
            "DELETE FROM pgdatahub.etl_columns WHERE table_schema = $1 AND table_name = $2",
            &key[..2],
        )?;
        spi::execute(
            "UPDATE pgdatahub.etl_tables SET dropped_at = clock_timestamp() WHERE table_schema = $1 AND table_name = $2",
            &key[..2],
        )
        .map(|_| ())
    })
}

/// Other managed tables that hold the same bytes or the same path.
///
/// # Errors
/// SPI's own.
pub fn also_in(
    name: &TableName,
    source_file: &str,
    sha256: &str,
) -> Result<Option<String>, Failure> {
    as_owner(|| {
        Ok(spi::first(
            "SELECT format('%I.%I', i.table_schema, i.table_name) \
               FROM (SELECT b.* FROM pgdatahub.etl_imports b WHERE b.file_sha256 = $4 \
                     UNION ALL \
                     SELECT p.* FROM pgdatahub.etl_imports p WHERE md5(p.source_file) = md5($3) AND p.source_file = $3) i \
              WHERE i.reverted_at IS NULL AND (i.table_schema, i.table_name) IS DISTINCT FROM ($1, $2) LIMIT 1",
            &[name.schema.as_str().into(), name.table.as_str().into(), source_file.into(), sha256.into()],
            |row| row.value::<String>(1),
        )?
        .flatten())
    })
}
