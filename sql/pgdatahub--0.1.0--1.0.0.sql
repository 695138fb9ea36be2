-- From 0.1.0 to 1.0.0: the page about a run, the view behind it, and an index for look-ups by oid.
\echo Use "ALTER EXTENSION pgdatahub UPDATE TO '1.0.0'" to load this file. \quit

CREATE INDEX etl_tables_oid ON pgdatahub.etl_tables (cached_oid);

-- What each run made of each file. Sizes are those of the imports; of a job's other files those it found.
CREATE VIEW pgdatahub.run_files WITH (security_barrier) AS
SELECT f.run_id, f.file_no, f.sheet_no, f.source_file, f.sheet_name, f.table_schema, f.table_name, f.status, f.row_count, f.rows_removed,
       f.rejected, f.schema_changes, f.missing_columns, f.seconds, coalesce(i.file_bytes, j.file_bytes) AS file_bytes,
       f.message, f.sqlstate, f.detail, f.hint, f.file_sha256, f.import_id, f.finished_at, i.reverted_at, i.reverted_by, i.reverted_why
  FROM pgdatahub.etl_run_files f
  JOIN pgdatahub.etl_runs r ON r.run_id OPERATOR(pg_catalog.=) f.run_id
  LEFT JOIN pgdatahub.etl_imports i ON i.import_id OPERATOR(pg_catalog.=) f.import_id
  LEFT JOIN pgdatahub.etl_job_files j ON j.run_id OPERATOR(pg_catalog.=) f.run_id AND j.file_no OPERATOR(pg_catalog.=) f.file_no
 WHERE r.started_by OPERATOR(pg_catalog.=) CURRENT_USER OR pgdatahub.may_monitor()
    OR pgdatahub.may_read(f.table_schema, f.table_name);
COMMENT ON VIEW pgdatahub.run_files IS 'What became of each file and sheet in each run: rows, rejects, time, why it failed, and whether its rows were removed since';
COMMENT ON COLUMN pgdatahub.run_files.run_id IS 'Run it belongs to';
COMMENT ON COLUMN pgdatahub.run_files.file_no IS 'The file''s place in the run';
COMMENT ON COLUMN pgdatahub.run_files.sheet_no IS 'Which of the file''s sheets in the run, counted from 1';
COMMENT ON COLUMN pgdatahub.run_files.source_file IS 'Absolute path of the workbook';
COMMENT ON COLUMN pgdatahub.run_files.sheet_name IS 'Sheet that was read';
COMMENT ON COLUMN pgdatahub.run_files.table_schema IS 'Schema of the table it goes to';
COMMENT ON COLUMN pgdatahub.run_files.table_name IS 'Table it goes to';
COMMENT ON COLUMN pgdatahub.run_files.status IS 'imported, replaced, skipped, failed, undone, not_tried, or gone: recorded earlier and no longer in its folder';
COMMENT ON COLUMN pgdatahub.run_files.row_count IS 'Rows loaded';
COMMENT ON COLUMN pgdatahub.run_files.rows_removed IS 'Rows of the earlier import that this one replaced';
COMMENT ON COLUMN pgdatahub.run_files.rejected IS 'Rows of etl_rejects: rejected cells and what made rows be left out';
COMMENT ON COLUMN pgdatahub.run_files.schema_changes IS 'What the file changed in its table';
COMMENT ON COLUMN pgdatahub.run_files.missing_columns IS 'Columns of the table that the file lacks';
COMMENT ON COLUMN pgdatahub.run_files.seconds IS 'How long it took';
COMMENT ON COLUMN pgdatahub.run_files.file_bytes IS 'Size of the file in bytes, where it is known';
COMMENT ON COLUMN pgdatahub.run_files.message IS 'What happened, in a sentence';
COMMENT ON COLUMN pgdatahub.run_files.sqlstate IS 'SQLSTATE of a failure';
COMMENT ON COLUMN pgdatahub.run_files.detail IS 'DETAIL of a failure';
COMMENT ON COLUMN pgdatahub.run_files.hint IS 'HINT of a failure';
COMMENT ON COLUMN pgdatahub.run_files.file_sha256 IS 'SHA-256 of the content, where it was read';
COMMENT ON COLUMN pgdatahub.run_files.import_id IS 'Its import, where it was loaded';
COMMENT ON COLUMN pgdatahub.run_files.finished_at IS 'When it was done with';
COMMENT ON COLUMN pgdatahub.run_files.reverted_at IS 'When its rows were removed; NULL while they are in';
COMMENT ON COLUMN pgdatahub.run_files.reverted_by IS 'Role that removed them';
COMMENT ON COLUMN pgdatahub.run_files.reverted_why IS 'revert, replaced, reimport or table dropped';
GRANT SELECT ON pgdatahub.run_files TO PUBLIC;

-- The page about a run. It shows what the views show the calling role, so PUBLIC may call it.

CREATE FUNCTION pgdatahub.report_html(run_id bigint DEFAULT NULL) RETURNS text
LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'report_html_wrapper';
COMMENT ON FUNCTION pgdatahub.report_html(bigint) IS
'A run as a page to look at: files, failures, rejects, schema changes and times; HTML without scripts or other files, to be saved with psql -AtX; without run_id the latest run that the role may see';
