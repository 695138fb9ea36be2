//! What depends on a table or a column, in words: named before it is dropped. What stands in
//! the way of retyping is [`super::blockers`].

use super::catalog::TableName;
use super::error::Failure;
use super::spi;
use pgrx::pg_sys::Oid;

/// A view is called by its own name, not by its rule's.
const DESCRIPTION: &str = "CASE WHEN r.oid IS NULL THEN pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) \
     ELSE pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, r.ev_class, 0) END";

/// Parts of the table itself: its constraints, defaults, policies, triggers, rules, partitions' links.
const OWN_PART: &str = "(d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid OPERATOR(pg_catalog.=) $1) \
     OR EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_constraint'::pg_catalog.regclass \
                   AND k.oid OPERATOR(pg_catalog.=) d.objid AND k.conrelid OPERATOR(pg_catalog.=) $1) \
     OR EXISTS (SELECT FROM pg_catalog.pg_attrdef f WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_attrdef'::pg_catalog.regclass \
                   AND f.oid OPERATOR(pg_catalog.=) d.objid AND f.adrelid OPERATOR(pg_catalog.=) $1) \
     OR EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_policy'::pg_catalog.regclass \
                   AND p.oid OPERATOR(pg_catalog.=) d.objid AND p.polrelid OPERATOR(pg_catalog.=) $1) \
     OR EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_trigger'::pg_catalog.regclass \
                   AND t.oid OPERATOR(pg_catalog.=) d.objid AND t.tgrelid OPERATOR(pg_catalog.=) $1) \
     OR r.ev_class OPERATOR(pg_catalog.=) $1";

const RULE: &str = "LEFT JOIN pg_catalog.pg_rewrite r ON d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_rewrite'::pg_catalog.regclass \
     AND r.oid OPERATOR(pg_catalog.=) d.objid";

/// What DROP TABLE without CASCADE would stop at: views, foreign keys, functions, child tables.
///
/// # Errors
/// SPI's own.
pub fn of_table(oid: Oid) -> Result<Vec<String>, Failure> {
    spi::rows(
        &format!(
            "SELECT DISTINCT {DESCRIPTION} FROM pg_catalog.pg_depend d {RULE} \
               JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) $1 \
               LEFT JOIN pg_catalog.pg_type y ON y.oid OPERATOR(pg_catalog.=) c.reltype \
              WHERE d.deptype OPERATOR(pg_catalog.=) 'n' \
                AND ((d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid OPERATOR(pg_catalog.=) $1) \
                  OR (d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_type'::pg_catalog.regclass \
                      AND d.refobjid OPERATOR(pg_catalog.=) ANY (ARRAY[c.reltype, y.typarray]))) \
                AND (({OWN_PART}) IS NOT TRUE) ORDER BY 1"
        ),
        &[oid.into()],
        |row| row.text(1),
    )
}

/// What stands in the way of dropping a column. Indexes and constraints would go silently
/// with it, so they count too.
///
/// # Errors
/// SPI's own.
pub fn of_column(oid: Oid, column: &str) -> Result<Vec<String>, Failure> {
    // Its own default, sequence and NOT NULL are the column's own; a partition key is no pg_depend entry of another object.
    let mut found = spi::rows(
        &format!(
            "SELECT DISTINCT {DESCRIPTION} FROM pg_catalog.pg_depend d {RULE} \
               JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) d.refobjid AND a.attnum OPERATOR(pg_catalog.=) d.refobjsubid \
              WHERE d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid OPERATOR(pg_catalog.=) $1 \
                AND a.attname OPERATOR(pg_catalog.=) ($2)::pg_catalog.name \
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_attrdef f WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_attrdef'::pg_catalog.regclass \
                                   AND f.oid OPERATOR(pg_catalog.=) d.objid AND f.adrelid OPERATOR(pg_catalog.=) $1 AND f.adnum OPERATOR(pg_catalog.=) a.attnum) \
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_class s WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass \
                                   AND s.oid OPERATOR(pg_catalog.=) d.objid AND s.relkind OPERATOR(pg_catalog.=) 'S') \
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_constraint'::pg_catalog.regclass \
                                   AND k.oid OPERATOR(pg_catalog.=) d.objid AND k.contype OPERATOR(pg_catalog.=) 'n') ORDER BY 1"
        ),
        &[oid.into(), column.into()],
        |row| row.text(1),
    )?;
    found.extend(structure(oid, column)?);
    Ok(found)
}

/// A column that the table's place in a partition tree or inheritance needs.
fn structure(oid: Oid, column: &str) -> Result<Option<String>, Failure> {
    Ok(spi::first(
        "SELECT CASE WHEN a.attinhcount OPERATOR(pg_catalog.>) 0 THEN 'the parent table it is inherited from' \
                     WHEN EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass \
                           AND d.objid OPERATOR(pg_catalog.=) $1 AND d.objsubid OPERATOR(pg_catalog.=) a.attnum AND d.refobjid OPERATOR(pg_catalog.=) $1 \
                           AND d.refobjsubid OPERATOR(pg_catalog.=) 0 AND d.deptype OPERATOR(pg_catalog.=) 'i') THEN 'the partition key' END \
           FROM pg_catalog.pg_attribute a WHERE a.attrelid OPERATOR(pg_catalog.=) $1 AND a.attname OPERATOR(pg_catalog.=) ($2)::pg_catalog.name",
        &[oid.into(), column.into()],
        |row| row.value::<String>(1),
    )?
    .flatten())
}

/// # Errors
/// 42501 when row-level security hides rows of the table from the calling role,
/// so that what it sees is no ground to drop, move or compare anything.
pub fn check_all_rows_visible(oid: Oid, name: &TableName) -> Result<(), Failure> {
    if !row_security_active(oid)? {
        return Ok(());
    }
    Err(Failure::new(
        "42501",
        format!(
            "row-level security may hide rows of {} from this role",
            name.display()
        ),
    )
    .detail("All rows must be seen, or the result would be wrong for the hidden ones.")
    .hint(format!(
        "Run it as a role with BYPASSRLS, or first: ALTER TABLE {} NO FORCE ROW LEVEL SECURITY;",
        name.sql()
    )))
}

/// Whether row-level security applies to the calling role on this table.
///
/// # Errors
/// SPI's own.
pub fn row_security_active(oid: Oid) -> Result<bool, Failure> {
    Ok(spi::first(
        "SELECT pg_catalog.row_security_active($1)",
        &[oid.into()],
        |row| row.value::<bool>(1),
    )?
    .flatten()
    .unwrap_or(false))
}
