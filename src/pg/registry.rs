//! etl_tables and etl_columns: which tables are managed, and which header goes where.

use super::catalog::{self, TableName};
use super::error::Failure;
use super::identity::{as_owner, current_role};
use super::restored::{Ambiguous, Restored};
use super::{report, restored, spi};
use pgdatahub_core::columns::{Assigned, Remembered};
use pgrx::pg_sys;

/// A managed table.
#[derive(Debug, Clone)]
pub struct Managed {
    pub name: TableName,
    /// The name that the record has for it still, where a rename was not followed yet (a plan follows none).
    pub recorded: TableName,
    /// None: it was dropped by hand.
    pub oid: Option<pg_sys::Oid>,
}

pub fn system() -> String {
    // SAFETY: reads the control data in shared memory.
    unsafe { pg_sys::GetSystemIdentifier() }.to_string()
}

/// This database's oid: after a restore another database may have its name.
fn database() -> String {
    // SAFETY: reads this backend's database.
    unsafe { pg_sys::MyDatabaseId }.to_u32().to_string()
}

/// Follows ALTER TABLE … RENAME and SET SCHEMA: the audit keeps the table's
/// present name. Oids recorded in another cluster or database, or of a table
/// that was rebuilt under its name, are resolved anew; what has not the two
/// columns of ours is not the table that was.
///
/// # Errors
/// SPI's own.
pub fn follow_renames() -> Result<(), Failure> {
    follow_oids()?;
    let found = restored::find(&system(), &database())?;
    for Restored { recorded, name, .. } in &found.restored {
        as_owner(|| rename(recorded, name))?;
        report::notice(format!(
            "table {} is {} here, which holds its rows",
            recorded.display(),
            name.display()
        ));
    }
    if !found.restored.is_empty() {
        // Their oids.
        follow_oids()?;
    }
    for Ambiguous { recorded, names } in &found.ambiguous {
        let names: Vec<String> = names.iter().map(TableName::display).collect();
        report::warning(
            format!("table {} is not here under its name, and more than one may be it", recorded.display()),
            Some(format!("Rows of its imports are in {}. It counts as dropped.", names.join(", "))),
            Some("If one of them is it, roll back, give it that name with ALTER TABLE … RENAME TO, and import; a rename after that is followed.".into()),
        );
    }
    Ok(())
}

/// What [`follow_renames`] does where the oids on record hold.
fn follow_oids() -> Result<(), Failure> {
    as_owner(|| {
        let (system, database) = (system(), database());
        spi::execute(
            &format!(
                "UPDATE pgdatahub.etl_tables t SET cached_oid = c.oid::int8, cached_database = $2, cached_system = $1 \
                   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                  WHERE n.nspname = t.table_schema AND c.relname = t.table_name AND t.dropped_at IS NULL \
                    AND ((t.cached_system, t.cached_database) IS DISTINCT FROM ($1, $2) \
                         OR NOT EXISTS (SELECT FROM pg_class o WHERE o.oid = t.cached_oid::oid)) AND {OURS}"
            ),
            &[system.as_str().into(), database.as_str().into()],
        )?;
        let moved = spi::rows(
            "SELECT t.table_schema, t.table_name, n.nspname::text, c.relname::text FROM pgdatahub.etl_tables t \
               JOIN pg_class c ON c.oid = t.cached_oid::oid JOIN pg_namespace n ON n.oid = c.relnamespace \
              WHERE t.cached_system = $1 AND t.cached_database = $2 AND t.dropped_at IS NULL \
                AND (n.nspname::text, c.relname::text) IS DISTINCT FROM (t.table_schema, t.table_name)",
            &[system.as_str().into(), database.as_str().into()],
            |row| {
                let name = |schema, table| TableName {
                    schema: row.text(schema),
                    table: row.text(table),
                };
                (name(1, 2), name(3, 4))
            },
        )?;
        for (recorded, name) in &moved {
            rename(recorded, name)?;
        }
        Ok(())
    })
}

/// Writes a table's new name wherever the record has the one before; as the owner.
fn rename(recorded: &TableName, name: &TableName) -> Result<(), Failure> {
    for table in [
        "etl_tables",
        "etl_columns",
        "etl_imports",
        "etl_schema_changes",
        "etl_run_files",
    ] {
        spi::execute(
            &format!(
                "UPDATE pgdatahub.{table} SET table_schema = $3, table_name = $4 WHERE table_schema = $1 AND table_name = $2"
            ),
            &[
                recorded.schema.as_str().into(),
                recorded.table.as_str().into(),
                name.schema.as_str().into(),
                name.table.as_str().into(),
            ],
        )?;
    }
    Ok(())
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

/// The headers a table remembers, and its provisional columns.
///
/// # Errors
/// SPI's own.
pub fn remembered(name: &TableName) -> Result<(Vec<Remembered>, Vec<String>), Failure> {
    let rows = as_owner(|| {
        spi::rows(
            "SELECT header, occurrence, column_name, provisional FROM pgdatahub.etl_columns \
              WHERE table_schema = $1 AND table_name = $2 ORDER BY remembered_at, header, occurrence",
            &[name.schema.as_str().into(), name.table.as_str().into()],
            |row| {
                let occurrence = row.value::<i32>(2).unwrap_or(1).unsigned_abs();
                let remembered = Remembered {
                    header: row.text(1),
                    occurrence,
                    column: row.text(3),
                };
                (remembered, row.value::<bool>(4).unwrap_or(false))
            },
        )
    })?;
    let provisional = rows
        .iter()
        .filter(|(_, p)| *p)
        .map(|(r, _)| r.column.clone())
        .collect();
    Ok((rows.into_iter().map(|(r, _)| r).collect(), provisional))
}

/// Remembers the new headers among `assigned`, and those that the configuration has moved.
///
/// # Errors
/// SPI's own.
pub fn remember(name: &TableName, assigned: &[Assigned]) -> Result<(), Failure> {
    let new: Vec<&Assigned> = assigned.iter().filter(|a| a.new_header).collect();
    if new.is_empty() {
        return Ok(());
    }
    let headers: Vec<&str> = new.iter().map(|a| a.header.as_str()).collect();
    let occurrences: Vec<i32> = new.iter().map(|a| a.occurrence as i32).collect();
    let columns: Vec<&str> = new.iter().map(|a| a.column.as_str()).collect();
    as_owner(|| {
        spi::execute(
            "INSERT INTO pgdatahub.etl_columns (table_schema, table_name, header, occurrence, column_name) \
             SELECT $1, $2, r.h, r.o, r.c FROM unnest($3::text[], $4::int4[], $5::text[]) AS r(h, o, c) \
             ON CONFLICT (table_schema, table_name, md5(header), occurrence) DO UPDATE SET column_name = excluded.column_name, provisional = false",
            &[
                name.schema.as_str().into(),
                name.table.as_str().into(),
                headers.into(),
                occurrences.into(),
                columns.into(),
            ],
        )
        .map(|_| ())
    })
}

/// Sets or clears the provisional flag of columns.
///
/// # Errors
/// SPI's own.
pub fn set_provisional(
    name: &TableName,
    columns: &[&str],
    provisional: bool,
) -> Result<(), Failure> {
    if columns.is_empty() {
        return Ok(());
    }
    as_owner(|| {
        spi::execute(
            "UPDATE pgdatahub.etl_columns SET provisional = $4 \
              WHERE table_schema = $1 AND table_name = $2 AND column_name = ANY ($3::text[])",
            &[
                name.schema.as_str().into(),
                name.table.as_str().into(),
                columns.to_vec().into(),
                provisional.into(),
            ],
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
