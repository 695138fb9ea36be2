-- What everybody else may see: rows about tables that the role may SELECT and
-- runs that it started. pg_monitor sees all, but not what cells hold.

CREATE FUNCTION pgdatahub.may_read(table_schema text, table_name text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN EXISTS (
  SELECT FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
   WHERE n.nspname OPERATOR(pg_catalog.=) ($1)::pg_catalog.name
     AND c.relname OPERATOR(pg_catalog.=) ($2)::pg_catalog.name
     AND pg_catalog.has_table_privilege(c.oid, 'SELECT'));
COMMENT ON FUNCTION pgdatahub.may_read(text, text) IS 'Whether the current role may SELECT the table; the rule behind pgdatahub''s views';

CREATE FUNCTION pgdatahub.may_monitor() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.pg_has_role('pg_monitor', 'USAGE');
COMMENT ON FUNCTION pgdatahub.may_monitor() IS 'Whether the current role has the rights of pg_monitor; the rule behind pgdatahub''s views';

CREATE VIEW pgdatahub.imports WITH (security_barrier) AS
SELECT i.import_id, i.table_schema, i.table_name, i.source_file, i.sheet_name, i.sheet_range, i.row_count, i.rejected,
       i.imported_at, i.imported_by, i.seconds, i.file_sha256, i.load_timestamp, i.format, i.lane, i.header_row,
       i.file_bytes, i.run_id, i.settings, i.reverted_at, i.reverted_by, i.reverted_why, i.held
  FROM pgdatahub.etl_imports i
 WHERE pgdatahub.may_read(i.table_schema, i.table_name) OR pgdatahub.may_monitor();
COMMENT ON VIEW pgdatahub.imports IS 'Every import: which file and sheet went into which table, when, by whom, and whether it was reverted';

CREATE VIEW pgdatahub.schema_changes WITH (security_barrier) AS
SELECT s.change_id, s.table_schema, s.table_name, s.change_type, s.column_name, s.old_type, s.new_type,
       s.changed_at, s.changed_by, s.source_file, s.import_id, s.statement, s.reverted_at, s.reverted_by
  FROM pgdatahub.etl_schema_changes s
 WHERE pgdatahub.may_read(s.table_schema, s.table_name) OR pgdatahub.may_monitor();
COMMENT ON VIEW pgdatahub.schema_changes IS 'Every table and column that was created, altered or dropped, with the statement';

CREATE VIEW pgdatahub.rejects WITH (security_barrier) AS
SELECT r.reject_id, r.import_id, i.table_schema, i.table_name, i.source_file, r.sheet_name, r.sheet_row, r.cell, r.column_name,
       CASE WHEN pgdatahub.may_read(i.table_schema, i.table_name) THEN r.raw_value END AS raw_value,
       r.reason, r.sqlstate, r.scope, r.retried_at
  FROM pgdatahub.etl_rejects r
  JOIN pgdatahub.etl_imports i ON i.import_id OPERATOR(pg_catalog.=) r.import_id
 WHERE pgdatahub.may_read(i.table_schema, i.table_name) OR pgdatahub.may_monitor();
COMMENT ON VIEW pgdatahub.rejects IS 'Every cell and row that was not stored as read: file, sheet, row, cell, raw value and reason';

-- A job's workers hold its lock: one that should have some and has none was interrupted.
CREATE FUNCTION pgdatahub.job_workers(run_id bigint) RETURNS integer
LANGUAGE sql STABLE
RETURN (SELECT pg_catalog.count(*)::integer FROM pg_catalog.pg_locks l
         WHERE l.locktype OPERATOR(pg_catalog.=) 'object' AND l.granted AND l.mode OPERATOR(pg_catalog.=) 'ShareLock'
           AND l.database OPERATOR(pg_catalog.=) (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())
           AND l.classid OPERATOR(pg_catalog.=) 'pgdatahub.etl_runs'::pg_catalog.regclass
           AND l.objid OPERATOR(pg_catalog.=) ($1 OPERATOR(pg_catalog.%) 4294967296)::pg_catalog.oid AND l.objsubid OPERATOR(pg_catalog.=) 0);
COMMENT ON FUNCTION pgdatahub.job_workers(bigint) IS 'How many background workers a job has now';

CREATE VIEW pgdatahub.runs WITH (security_barrier) AS
SELECT r.run_id, r.kind, r.path,
       CASE WHEN (r.state OPERATOR(pg_catalog.=) 'running' OR j.reason OPERATOR(pg_catalog.=) ANY ('{interval,window}'::text[]))
                 AND j.run_id IS NOT NULL AND pgdatahub.job_workers(r.run_id) OPERATOR(pg_catalog.=) 0
            THEN 'interrupted' ELSE r.state END AS state,
       r.started_by, r.started_at, r.finished_at, r.files, r.imported,
       r.replaced, r.skipped, r.failed, r.ignored, r.row_count, j.workers, j.reason, j.message, j.changed_at, j.changed_by
  FROM pgdatahub.etl_runs r
  LEFT JOIN pgdatahub.etl_jobs j ON j.run_id OPERATOR(pg_catalog.=) r.run_id
 WHERE r.started_by OPERATOR(pg_catalog.=) CURRENT_USER OR pgdatahub.may_monitor();
COMMENT ON VIEW pgdatahub.runs IS 'Every call of import_folder, import_file, run_import and start_import of the current role; for jobs also why they are paused, what stopped them, and who changed their state last';

COMMENT ON COLUMN pgdatahub.runs.state IS 'queued, running, paused, done, done with failures, failed, cancelled; or interrupted: a job that should have a worker and has none';

CREATE VIEW pgdatahub.job_states WITH (security_barrier) AS
SELECT s.run_id, s.changed_at, s.changed_by, s.state, s.reason, s.message
  FROM pgdatahub.etl_job_states s
  JOIN pgdatahub.etl_runs r ON r.run_id OPERATOR(pg_catalog.=) s.run_id
 WHERE r.started_by OPERATOR(pg_catalog.=) CURRENT_USER OR pgdatahub.may_monitor();
COMMENT ON VIEW pgdatahub.job_states IS 'Every state that a job had: since when, by whom and why';

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

COMMENT ON COLUMN pgdatahub.run_files.file_bytes IS 'Size of the file in bytes, where it is known';
COMMENT ON COLUMN pgdatahub.run_files.import_id IS 'Its import, where it was loaded';
COMMENT ON COLUMN pgdatahub.run_files.run_id IS 'Run it belongs to';

-- The latest word on each file and sheet: a later run overrules an earlier one.
CREATE VIEW pgdatahub.file_status WITH (security_barrier) AS
SELECT f.source_file, f.sheet_name, f.table_schema, f.table_name,
       CASE f.status
         WHEN 'failed' THEN CASE WHEN h.last_imported IS NULL THEN 'failed' ELSE 'changed since, failed' END
         WHEN 'undone' THEN 'failed'
         WHEN 'not_tried' THEN CASE WHEN h.last_imported IS NULL THEN 'never tried' ELSE 'imported' END
         WHEN 'gone' THEN 'gone'
         WHEN 'skipped' THEN CASE WHEN h.last_imported IS NULL THEN 'held' ELSE 'imported' END
         ELSE CASE WHEN h.last_imported IS NULL THEN 'reverted' ELSE 'imported' END
       END AS file_state,
       f.run_id, f.finished_at AS last_seen, h.last_imported, h.row_count, f.message, f.sqlstate, f.detail, f.hint
  FROM (SELECT DISTINCT ON (rf.source_file, rf.table_schema, rf.table_name) rf.*, r.started_by
          FROM pgdatahub.etl_run_files rf
          JOIN pgdatahub.etl_runs r ON r.run_id OPERATOR(pg_catalog.=) rf.run_id
         ORDER BY rf.source_file, rf.table_schema, rf.table_name, rf.run_id DESC, rf.file_no DESC, rf.sheet_no DESC) f
  LEFT JOIN LATERAL (
        SELECT pg_catalog.max(i.imported_at) AS last_imported, pg_catalog.sum(i.row_count) AS row_count
          FROM pgdatahub.etl_imports i
         WHERE i.reverted_at IS NULL
           AND i.table_schema OPERATOR(pg_catalog.=) f.table_schema AND i.table_name OPERATOR(pg_catalog.=) f.table_name
           AND (pg_catalog.md5(i.source_file) OPERATOR(pg_catalog.=) pg_catalog.md5(f.source_file)
                OR (f.status OPERATOR(pg_catalog.=) ANY ('{skipped,replaced}') AND i.file_sha256 OPERATOR(pg_catalog.=) f.file_sha256))) h ON true
 WHERE f.started_by OPERATOR(pg_catalog.=) CURRENT_USER OR pgdatahub.may_monitor()
    OR pgdatahub.may_read(f.table_schema, f.table_name);
COMMENT ON VIEW pgdatahub.file_status IS 'What became of each file: imported, changed since and then failed, failed, held, reverted, never tried, gone';

COMMENT ON COLUMN pgdatahub.file_status.file_state IS 'imported; changed since, failed; failed; held; reverted; never tried; gone';
COMMENT ON COLUMN pgdatahub.file_status.last_seen IS 'When a run last met the file';
COMMENT ON COLUMN pgdatahub.file_status.last_imported IS 'When the rows that are in now were imported; NULL if none are';

CREATE VIEW pgdatahub.failures WITH (security_barrier) AS
SELECT s.source_file, s.sheet_name, s.table_schema, s.table_name, s.last_seen AS failed_at, s.run_id,
       s.message, s.sqlstate, s.detail, s.hint
  FROM pgdatahub.file_status s
 WHERE s.file_state OPERATOR(pg_catalog.=) ANY ('{failed,"changed since, failed"}'::text[]);
COMMENT ON VIEW pgdatahub.failures IS 'Files whose latest attempt failed, and why';

COMMENT ON COLUMN pgdatahub.failures.failed_at IS 'When it failed last';

CREATE VIEW pgdatahub.managed_tables WITH (security_barrier) AS
SELECT t.table_schema, t.table_name, t.folder, t.origin, t.managed_since, t.managed_by, t.dropped_at
  FROM pgdatahub.etl_tables t
 WHERE pgdatahub.may_read(t.table_schema, t.table_name) OR pgdatahub.may_monitor();
COMMENT ON VIEW pgdatahub.managed_tables IS 'Tables that imports fill: created by them, or adopted';

GRANT SELECT ON pgdatahub.managed_tables, pgdatahub.imports, pgdatahub.schema_changes, pgdatahub.rejects, pgdatahub.runs, pgdatahub.job_states,
  pgdatahub.run_files, pgdatahub.file_status, pgdatahub.failures TO PUBLIC;

CREATE FUNCTION pgdatahub.status() RETURNS TABLE (
  table_schema  text,
  table_name    text,
  files         bigint,
  row_count     bigint,
  rejected      bigint,
  failed_files  bigint,
  last_import   timestamptz,
  folder        text
) LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT i.table_schema, i.table_name,
         pg_catalog.count(DISTINCT i.source_file) FILTER (WHERE i.reverted_at IS NULL),
         coalesce(pg_catalog.sum(i.row_count) FILTER (WHERE i.reverted_at IS NULL), 0)::bigint,
         coalesce(pg_catalog.sum(i.rejected) FILTER (WHERE i.reverted_at IS NULL), 0)::bigint,
         (SELECT pg_catalog.count(*) FROM pgdatahub.failures f
           WHERE f.table_schema OPERATOR(pg_catalog.=) i.table_schema AND f.table_name OPERATOR(pg_catalog.=) i.table_name),
         pg_catalog.max(i.imported_at),
         (SELECT t.folder FROM pgdatahub.managed_tables t
           WHERE t.table_schema OPERATOR(pg_catalog.=) i.table_schema AND t.table_name OPERATOR(pg_catalog.=) i.table_name)
    FROM pgdatahub.imports i
   GROUP BY i.table_schema, i.table_name
   ORDER BY i.table_schema, i.table_name;
END;
COMMENT ON FUNCTION pgdatahub.status() IS 'Totals per managed table: files, rows, rejected cells, files that fail, the last import';
