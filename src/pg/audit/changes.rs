//! etl_schema_changes: what imports and adoptions did to tables.

use crate::pg::catalog::TableName;
use crate::pg::ddl::Executed;
use crate::pg::error::Failure;
use crate::pg::identity::{as_owner, current_role};
use crate::pg::spi;

/// Records the schema changes of an import (or of adopt_table, without one).
///
/// # Errors
/// SPI's own.
pub fn schema_changes(
    table: &TableName,
    import: Option<(i64, &str)>,
    changes: &[Executed],
) -> Result<(), Failure> {
    if changes.is_empty() {
        return Ok(());
    }
    let role = current_role();
    as_owner(|| {
        for change in changes {
            spi::execute(
                "INSERT INTO pgdatahub.etl_schema_changes (table_schema, table_name, change_type, column_name, old_type, new_type, \
                   changed_by, source_file, import_id, statement) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                &[
                    table.schema.as_str().into(),
                    table.table.as_str().into(),
                    change.change_type.into(),
                    change.column_name.as_deref().into(),
                    change.old_type.as_deref().into(),
                    change.new_type.as_deref().into(),
                    role.as_str().into(),
                    import.map(|(_, source)| source).into(),
                    import.map(|(id, _)| id).into(),
                    change.statement.as_str().into(),
                ],
            )?;
        }
        Ok(())
    })
}
