-- What pgdatahub remembers. Owner only: everybody else reads the views, which
-- show a role the tables it may SELECT. No oid is a key: a dump restored into
-- another cluster must find its tables by name. No foreign keys: pg_restore
-- with --jobs loads the tables of an extension in any order.

CREATE TABLE pgdatahub.etl_tables (
  table_schema    text NOT NULL,
  table_name      text NOT NULL,
  target_schema   text NOT NULL,
  target_name     text NOT NULL,
  folder          text,
  origin          text NOT NULL,
  managed_since   timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  managed_by      text NOT NULL,
  dropped_at      timestamptz,
  cached_oid      bigint,
  cached_database text,
  cached_system   text,
  CONSTRAINT etl_tables_pkey PRIMARY KEY (table_schema, table_name),
  CONSTRAINT etl_tables_origin CHECK (origin OPERATOR(pg_catalog.=) ANY ('{created,adopted}'::text[]))
);
CREATE INDEX etl_tables_target ON pgdatahub.etl_tables (target_schema, target_name);
CREATE INDEX etl_tables_oid ON pgdatahub.etl_tables (cached_oid);
COMMENT ON TABLE pgdatahub.etl_tables IS 'Managed tables: those that pgdatahub created or that adopt_table handed to it';
COMMENT ON COLUMN pgdatahub.etl_tables.table_schema IS 'Schema of the table; follows ALTER TABLE … SET SCHEMA';
COMMENT ON COLUMN pgdatahub.etl_tables.table_name IS 'Name of the table; follows ALTER TABLE … RENAME';
COMMENT ON COLUMN pgdatahub.etl_tables.target_schema IS 'Schema that imports address the table by: its first one';
COMMENT ON COLUMN pgdatahub.etl_tables.target_name IS 'Name that imports address the table by: its first one';
COMMENT ON COLUMN pgdatahub.etl_tables.folder IS 'Folder that feeds the table';
COMMENT ON COLUMN pgdatahub.etl_tables.origin IS 'created: by an import; adopted: by adopt_table';
COMMENT ON COLUMN pgdatahub.etl_tables.managed_since IS 'When it became managed';
COMMENT ON COLUMN pgdatahub.etl_tables.managed_by IS 'Role that made it managed';
COMMENT ON COLUMN pgdatahub.etl_tables.dropped_at IS 'When an import found that the table had been dropped by hand';
COMMENT ON COLUMN pgdatahub.etl_tables.cached_oid IS 'Oid of the table in the cluster and database of cached_system and cached_database; only a hint by which a rename is followed';
COMMENT ON COLUMN pgdatahub.etl_tables.cached_database IS 'Oid, as text, of the database in which cached_oid holds';
COMMENT ON COLUMN pgdatahub.etl_tables.cached_system IS 'System identifier of the cluster in which cached_oid holds';

CREATE TABLE pgdatahub.etl_columns (
  table_schema  text NOT NULL,
  table_name    text NOT NULL,
  header        text NOT NULL,
  occurrence    integer NOT NULL DEFAULT 1,
  column_name   text NOT NULL,
  provisional   boolean NOT NULL DEFAULT false,
  remembered_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
CREATE UNIQUE INDEX etl_columns_header ON pgdatahub.etl_columns (table_schema, table_name, pg_catalog.md5(header), occurrence);
COMMENT ON TABLE pgdatahub.etl_columns IS 'Which header goes to which column of a managed table';
COMMENT ON COLUMN pgdatahub.etl_columns.table_schema IS 'Schema of the managed table';
COMMENT ON COLUMN pgdatahub.etl_columns.table_name IS 'Name of the managed table';
COMMENT ON COLUMN pgdatahub.etl_columns.header IS 'Header as the sheet shows it';
COMMENT ON COLUMN pgdatahub.etl_columns.occurrence IS 'Which of several equal headers of one sheet, from the left, counted from 1';
COMMENT ON COLUMN pgdatahub.etl_columns.column_name IS 'Column that the header''s values go to';
COMMENT ON COLUMN pgdatahub.etl_columns.provisional IS 'The column has had no value yet; its first value decides its type';
COMMENT ON COLUMN pgdatahub.etl_columns.remembered_at IS 'When the header was first seen';

CREATE TABLE pgdatahub.etl_runs (
  run_id       bigint GENERATED ALWAYS AS IDENTITY,
  kind         text NOT NULL,
  path         text NOT NULL,
  state        text NOT NULL,
  started_by   text NOT NULL,
  started_at   timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  finished_at  timestamptz,
  files        bigint NOT NULL DEFAULT 0,
  imported     bigint NOT NULL DEFAULT 0,
  replaced     bigint NOT NULL DEFAULT 0,
  skipped      bigint NOT NULL DEFAULT 0,
  failed       bigint NOT NULL DEFAULT 0,
  ignored      bigint NOT NULL DEFAULT 0,
  row_count    bigint NOT NULL DEFAULT 0,
  CONSTRAINT etl_runs_pkey PRIMARY KEY (run_id),
  CONSTRAINT etl_runs_state CHECK (state OPERATOR(pg_catalog.=) ANY ('{queued,running,paused,done,done with failures,failed,cancelled}'::text[]))
);
COMMENT ON TABLE pgdatahub.etl_runs IS 'One row per call of import_folder, import_file, run_import or start_import, and per job of a watch';
COMMENT ON COLUMN pgdatahub.etl_runs.run_id IS 'Identifies the run';
COMMENT ON COLUMN pgdatahub.etl_runs.kind IS 'import_folder, import_file, run_import, start_import or watch_folder';
COMMENT ON COLUMN pgdatahub.etl_runs.path IS 'Folder or file that was asked for';
COMMENT ON COLUMN pgdatahub.etl_runs.state IS 'queued, running, paused, done, done with failures, failed or cancelled';
COMMENT ON COLUMN pgdatahub.etl_runs.started_by IS 'Role that called';
COMMENT ON COLUMN pgdatahub.etl_runs.started_at IS 'When it began';
COMMENT ON COLUMN pgdatahub.etl_runs.finished_at IS 'When it ended; NULL while it runs, or when its session died';
COMMENT ON COLUMN pgdatahub.etl_runs.files IS 'Workbooks found';
COMMENT ON COLUMN pgdatahub.etl_runs.imported IS 'Files imported';
COMMENT ON COLUMN pgdatahub.etl_runs.replaced IS 'Files whose earlier import was replaced';
COMMENT ON COLUMN pgdatahub.etl_runs.skipped IS 'Files that were in already, or are held after a revert';
COMMENT ON COLUMN pgdatahub.etl_runs.failed IS 'Files that failed';
COMMENT ON COLUMN pgdatahub.etl_runs.ignored IS 'Other files in the folders: not workbooks, lock files, dotfiles';
COMMENT ON COLUMN pgdatahub.etl_runs.row_count IS 'Rows loaded';

CREATE TABLE pgdatahub.etl_imports (
  import_id      bigint GENERATED ALWAYS AS IDENTITY,
  table_schema   text NOT NULL,
  table_name     text NOT NULL,
  source_file    text NOT NULL,
  sheet_name     text NOT NULL,
  sheet_range    text NOT NULL DEFAULT '',
  file_sha256    text NOT NULL,
  row_count      bigint NOT NULL DEFAULT 0,
  rejected       bigint NOT NULL DEFAULT 0,
  imported_at    timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  load_timestamp timestamptz NOT NULL,
  seconds        double precision,
  imported_by    text NOT NULL,
  run_id         bigint,
  format         text NOT NULL,
  lane           text,
  header_row     integer,
  file_bytes     bigint NOT NULL,
  file_device    bigint NOT NULL,
  file_inode     bigint NOT NULL,
  file_mtime     bigint NOT NULL,
  file_ctime     bigint NOT NULL,
  settings       jsonb NOT NULL DEFAULT '{}',
  reverted_at    timestamptz,
  reverted_by    text,
  reverted_why   text,
  held           boolean NOT NULL DEFAULT false,
  CONSTRAINT etl_imports_pkey PRIMARY KEY (import_id)
);
-- The dedup key: these bytes, this sheet (and its range, if one is set), this table, once.
CREATE UNIQUE INDEX etl_imports_dedup ON pgdatahub.etl_imports (file_sha256, table_schema, table_name, pg_catalog.md5(sheet_name), sheet_range)
  WHERE reverted_at IS NULL;
-- source_file and load_timestamp identify an import from within a data table.
CREATE UNIQUE INDEX etl_imports_load ON pgdatahub.etl_imports (load_timestamp, pg_catalog.md5(source_file));
CREATE INDEX etl_imports_bytes ON pgdatahub.etl_imports (file_sha256);
CREATE INDEX etl_imports_source ON pgdatahub.etl_imports (pg_catalog.md5(source_file));
CREATE INDEX etl_imports_table ON pgdatahub.etl_imports (table_schema, table_name);
COMMENT ON TABLE pgdatahub.etl_imports IS 'One row per file and sheet that was loaded into a table; reverts mark rows, they never erase them';
COMMENT ON COLUMN pgdatahub.etl_imports.import_id IS 'Identifies the import';
COMMENT ON COLUMN pgdatahub.etl_imports.table_schema IS 'Schema of the table';
COMMENT ON COLUMN pgdatahub.etl_imports.table_name IS 'Name of the table';
COMMENT ON COLUMN pgdatahub.etl_imports.source_file IS 'Absolute path of the workbook, symlinks resolved';
COMMENT ON COLUMN pgdatahub.etl_imports.sheet_name IS 'Sheet that was read';
COMMENT ON COLUMN pgdatahub.etl_imports.sheet_range IS 'Range of the sheet that was read, as the configuration gives it; empty for the whole sheet';
COMMENT ON COLUMN pgdatahub.etl_imports.file_sha256 IS 'SHA-256 of the file''s content, hexadecimal';
COMMENT ON COLUMN pgdatahub.etl_imports.row_count IS 'Rows loaded';
COMMENT ON COLUMN pgdatahub.etl_imports.rejected IS 'Rows of etl_rejects that stand: rejected cells and what made rows be left out';
COMMENT ON COLUMN pgdatahub.etl_imports.imported_at IS 'When the import began';
COMMENT ON COLUMN pgdatahub.etl_imports.load_timestamp IS 'load_timestamp of this import''s rows; with source_file it identifies them';
COMMENT ON COLUMN pgdatahub.etl_imports.seconds IS 'How long it took';
COMMENT ON COLUMN pgdatahub.etl_imports.imported_by IS 'Role that imported';
COMMENT ON COLUMN pgdatahub.etl_imports.run_id IS 'Run it belongs to';
COMMENT ON COLUMN pgdatahub.etl_imports.format IS 'How the workbook is stored, by its content: xlsx, xlsb, xls or ods';
COMMENT ON COLUMN pgdatahub.etl_imports.lane IS 'How the rows were written: copy or spi';
COMMENT ON COLUMN pgdatahub.etl_imports.header_row IS 'Header row, counted from 1';
COMMENT ON COLUMN pgdatahub.etl_imports.file_bytes IS 'Size of the file in bytes';
COMMENT ON COLUMN pgdatahub.etl_imports.file_device IS 'Device of the file, as stat(2) gives it';
COMMENT ON COLUMN pgdatahub.etl_imports.file_inode IS 'Inode of the file';
COMMENT ON COLUMN pgdatahub.etl_imports.file_mtime IS 'Modification time of the file, nanoseconds since 1970';
COMMENT ON COLUMN pgdatahub.etl_imports.file_ctime IS 'Status change time of the file, nanoseconds since 1970';
COMMENT ON COLUMN pgdatahub.etl_imports.settings IS 'Settings that decided what was read';
COMMENT ON COLUMN pgdatahub.etl_imports.reverted_at IS 'When its rows were removed; NULL while they are in';
COMMENT ON COLUMN pgdatahub.etl_imports.reverted_by IS 'Role that removed them';
COMMENT ON COLUMN pgdatahub.etl_imports.reverted_why IS 'revert, replaced, reimport or table dropped';
COMMENT ON COLUMN pgdatahub.etl_imports.held IS 'These bytes are not imported again by a folder import, as they were reverted on purpose';

CREATE TABLE pgdatahub.etl_schema_changes (
  change_id    bigint GENERATED ALWAYS AS IDENTITY,
  table_schema text NOT NULL,
  table_name   text NOT NULL,
  change_type  text NOT NULL,
  column_name  text,
  old_type     text,
  new_type     text,
  changed_at   timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  changed_by   text NOT NULL,
  source_file  text,
  import_id    bigint,
  statement    text NOT NULL,
  reverted_at  timestamptz,
  reverted_by  text,
  CONSTRAINT etl_schema_changes_pkey PRIMARY KEY (change_id)
);
CREATE INDEX etl_schema_changes_table ON pgdatahub.etl_schema_changes (table_schema, table_name);
COMMENT ON TABLE pgdatahub.etl_schema_changes IS 'One row per column or table that was changed, in the transaction of the change';
COMMENT ON COLUMN pgdatahub.etl_schema_changes.change_id IS 'Identifies the change; later changes have larger ones';
COMMENT ON COLUMN pgdatahub.etl_schema_changes.table_schema IS 'Schema of the table';
COMMENT ON COLUMN pgdatahub.etl_schema_changes.table_name IS 'Name of the table';
COMMENT ON COLUMN pgdatahub.etl_schema_changes.change_type IS 'CREATE TABLE, ADD COLUMN, ALTER COLUMN TYPE, MAP COLUMN, DROP COLUMN or DROP TABLE';
COMMENT ON COLUMN pgdatahub.etl_schema_changes.column_name IS 'Column that was added, altered or dropped; NULL for CREATE TABLE and DROP TABLE';
COMMENT ON COLUMN pgdatahub.etl_schema_changes.old_type IS 'Type before; NULL for a new column';
COMMENT ON COLUMN pgdatahub.etl_schema_changes.new_type IS 'Type after; NULL for a dropped column';
COMMENT ON COLUMN pgdatahub.etl_schema_changes.changed_at IS 'When';
COMMENT ON COLUMN pgdatahub.etl_schema_changes.changed_by IS 'Role that imported or undid';
COMMENT ON COLUMN pgdatahub.etl_schema_changes.source_file IS 'File that needed the change; NULL for one that undoes or mends';
COMMENT ON COLUMN pgdatahub.etl_schema_changes.import_id IS 'Import that needed the change';
COMMENT ON COLUMN pgdatahub.etl_schema_changes.statement IS 'The statement that was run';
COMMENT ON COLUMN pgdatahub.etl_schema_changes.reverted_at IS 'When the change was undone, or its column or table dropped; NULL while it is in force';
COMMENT ON COLUMN pgdatahub.etl_schema_changes.reverted_by IS 'Role that undid it';

CREATE TABLE pgdatahub.etl_rejects (
  reject_id   bigint GENERATED ALWAYS AS IDENTITY,
  import_id   bigint NOT NULL,
  sheet_name  text NOT NULL,
  sheet_row   integer NOT NULL,
  cell        text,
  column_name text,
  raw_value   text,
  reason      text NOT NULL,
  sqlstate    text NOT NULL,
  scope       text NOT NULL,
  retried_at  timestamptz,
  CONSTRAINT etl_rejects_pkey PRIMARY KEY (reject_id),
  CONSTRAINT etl_rejects_scope CHECK (scope OPERATOR(pg_catalog.=) ANY ('{cell,row}'::text[]))
);
CREATE INDEX etl_rejects_by_import ON pgdatahub.etl_rejects (import_id);
COMMENT ON TABLE pgdatahub.etl_rejects IS 'What was not stored as read: one row per rejected cell, and for a rejected row one per cell that is to blame, or one without a cell';
COMMENT ON COLUMN pgdatahub.etl_rejects.reject_id IS 'Identifies the reject';
COMMENT ON COLUMN pgdatahub.etl_rejects.import_id IS 'Import it belongs to';
COMMENT ON COLUMN pgdatahub.etl_rejects.sheet_name IS 'Sheet that was read';
COMMENT ON COLUMN pgdatahub.etl_rejects.sheet_row IS 'Row of the sheet, counted from 1';
COMMENT ON COLUMN pgdatahub.etl_rejects.cell IS 'The cell, such as B12; NULL where a constraint, trigger or partitioning refused the row as a whole';
COMMENT ON COLUMN pgdatahub.etl_rejects.column_name IS 'Column of the cell';
COMMENT ON COLUMN pgdatahub.etl_rejects.raw_value IS 'What the cell holds, at most 1,000 characters; without a cell the DETAIL of the refusal';
COMMENT ON COLUMN pgdatahub.etl_rejects.reason IS 'Why it was not stored';
COMMENT ON COLUMN pgdatahub.etl_rejects.sqlstate IS 'SQLSTATE of the reason';
COMMENT ON COLUMN pgdatahub.etl_rejects.scope IS 'cell: the row is in, with NULL in this column; row: the row was left out';
COMMENT ON COLUMN pgdatahub.etl_rejects.retried_at IS 'When retry_rejects brought the row in after all';

CREATE TABLE pgdatahub.etl_run_files (
  run_id          bigint NOT NULL,
  file_no         bigint NOT NULL,
  sheet_no        integer NOT NULL DEFAULT 1,
  source_file     text NOT NULL,
  sheet_name      text,
  table_schema    text,
  table_name      text,
  status          text NOT NULL,
  row_count       bigint,
  rows_removed    bigint,
  rejected        bigint,
  schema_changes  text[],
  missing_columns text[],
  seconds         double precision,
  message         text,
  sqlstate        text,
  detail          text,
  hint            text,
  file_sha256     text,
  import_id       bigint,
  finished_at     timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  CONSTRAINT etl_run_files_pkey PRIMARY KEY (run_id, file_no, sheet_no)
);
CREATE INDEX etl_run_files_source ON pgdatahub.etl_run_files (pg_catalog.md5(source_file));
COMMENT ON TABLE pgdatahub.etl_run_files IS 'One row per file and sheet of a run, whatever became of it';
COMMENT ON COLUMN pgdatahub.etl_run_files.run_id IS 'Run it belongs to';
COMMENT ON COLUMN pgdatahub.etl_run_files.file_no IS 'The file''s place in the run';
COMMENT ON COLUMN pgdatahub.etl_run_files.sheet_no IS 'Which of the file''s sheets in the run, counted from 1';
COMMENT ON COLUMN pgdatahub.etl_run_files.source_file IS 'Absolute path of the workbook';
COMMENT ON COLUMN pgdatahub.etl_run_files.sheet_name IS 'Sheet that was read';
COMMENT ON COLUMN pgdatahub.etl_run_files.table_schema IS 'Schema of the table it goes to';
COMMENT ON COLUMN pgdatahub.etl_run_files.table_name IS 'Table it goes to';
COMMENT ON COLUMN pgdatahub.etl_run_files.status IS 'imported, replaced, skipped, failed, undone, not_tried, or gone: recorded earlier and no longer in its folder';
COMMENT ON COLUMN pgdatahub.etl_run_files.row_count IS 'Rows loaded';
COMMENT ON COLUMN pgdatahub.etl_run_files.rows_removed IS 'Rows of the earlier import that this one replaced';
COMMENT ON COLUMN pgdatahub.etl_run_files.rejected IS 'Rows of etl_rejects: rejected cells and what made rows be left out';
COMMENT ON COLUMN pgdatahub.etl_run_files.schema_changes IS 'What the file changed in its table';
COMMENT ON COLUMN pgdatahub.etl_run_files.missing_columns IS 'Columns of the table that the file lacks';
COMMENT ON COLUMN pgdatahub.etl_run_files.seconds IS 'How long it took';
COMMENT ON COLUMN pgdatahub.etl_run_files.message IS 'What happened, in a sentence';
COMMENT ON COLUMN pgdatahub.etl_run_files.sqlstate IS 'SQLSTATE of a failure';
COMMENT ON COLUMN pgdatahub.etl_run_files.detail IS 'DETAIL of a failure';
COMMENT ON COLUMN pgdatahub.etl_run_files.hint IS 'HINT of a failure';
COMMENT ON COLUMN pgdatahub.etl_run_files.file_sha256 IS 'SHA-256 of the content, where it was read';
COMMENT ON COLUMN pgdatahub.etl_run_files.import_id IS 'Its import, where it was loaded';
COMMENT ON COLUMN pgdatahub.etl_run_files.finished_at IS 'When it was done with';

CREATE TABLE pgdatahub.etl_jobs (
  run_id         bigint NOT NULL,
  workers        integer NOT NULL,
  files_glob     text,
  target_schema  text,
  on_error       text NOT NULL,
  reimport       boolean NOT NULL,
  sectional      boolean NOT NULL,
  settings       jsonb NOT NULL,
  reason         text,
  message        text,
  changed_at     timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  changed_by     text NOT NULL,
  begun_at       timestamptz,
  paused_seconds double precision NOT NULL DEFAULT 0,
  files_at_pause bigint NOT NULL DEFAULT 0,
  restarts       integer NOT NULL DEFAULT 0,
  files_at_restart bigint NOT NULL DEFAULT 0,
  cluster        text NOT NULL,
  CONSTRAINT etl_jobs_pkey PRIMARY KEY (run_id),
  CONSTRAINT etl_jobs_reason CHECK (reason OPERATOR(pg_catalog.=) ANY ('{user,interval,window,error}'::text[]))
);
COMMENT ON TABLE pgdatahub.etl_jobs IS 'What start_import was asked, or a watch asks for, one row per job; its state is in etl_runs';
COMMENT ON COLUMN pgdatahub.etl_jobs.run_id IS 'Run that is the job';
COMMENT ON COLUMN pgdatahub.etl_jobs.workers IS 'Background workers that were asked for';
COMMENT ON COLUMN pgdatahub.etl_jobs.files_glob IS 'Argument files';
COMMENT ON COLUMN pgdatahub.etl_jobs.target_schema IS 'Argument target_schema, or the current schema when it was submitted';
COMMENT ON COLUMN pgdatahub.etl_jobs.on_error IS 'Argument on_error';
COMMENT ON COLUMN pgdatahub.etl_jobs.reimport IS 'Argument reimport';
COMMENT ON COLUMN pgdatahub.etl_jobs.sectional IS 'Whether a folder is the unit: pgdatahub.sectional_commit when it was submitted';
COMMENT ON COLUMN pgdatahub.etl_jobs.settings IS 'Settings of the submitting session, which its workers take over';
COMMENT ON COLUMN pgdatahub.etl_jobs.reason IS 'Why it is paused: user, interval, window or error';
COMMENT ON COLUMN pgdatahub.etl_jobs.message IS 'What stopped it, in a sentence';
COMMENT ON COLUMN pgdatahub.etl_jobs.changed_at IS 'When its state changed last';
COMMENT ON COLUMN pgdatahub.etl_jobs.changed_by IS 'Role that changed it';
COMMENT ON COLUMN pgdatahub.etl_jobs.begun_at IS 'When a worker began it first';
COMMENT ON COLUMN pgdatahub.etl_jobs.paused_seconds IS 'How long it was paused since, not counting a pause that lasts';
COMMENT ON COLUMN pgdatahub.etl_jobs.files_at_pause IS 'Files done at its latest pause of pgdatahub.pause_every';
COMMENT ON COLUMN pgdatahub.etl_jobs.restarts IS 'How often the launcher started it again without a file having been done since';
COMMENT ON COLUMN pgdatahub.etl_jobs.files_at_restart IS 'Files done when the launcher started it last';
COMMENT ON COLUMN pgdatahub.etl_jobs.cluster IS 'System identifier of the cluster it was submitted or resumed in; elsewhere, after a restore, it is not restarted by itself';

CREATE TABLE pgdatahub.etl_job_states (
  run_id     bigint NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  changed_by text NOT NULL,
  state      text NOT NULL,
  reason     text,
  message    text
);
CREATE INDEX etl_job_states_run ON pgdatahub.etl_job_states (run_id, changed_at);
COMMENT ON TABLE pgdatahub.etl_job_states IS 'Every state that a job had, since when and by whom';
COMMENT ON COLUMN pgdatahub.etl_job_states.run_id IS 'Run that is the job';
COMMENT ON COLUMN pgdatahub.etl_job_states.changed_at IS 'When the state began';
COMMENT ON COLUMN pgdatahub.etl_job_states.changed_by IS 'Role that brought it about';
COMMENT ON COLUMN pgdatahub.etl_job_states.state IS 'queued, running, paused, done, done with failures, failed or cancelled';
COMMENT ON COLUMN pgdatahub.etl_job_states.reason IS 'Why it was paused: user, interval, window or error';
COMMENT ON COLUMN pgdatahub.etl_job_states.message IS 'What stopped it, in a sentence';

CREATE TABLE pgdatahub.etl_job_files (
  run_id        bigint NOT NULL,
  file_no       bigint NOT NULL,
  below         bytea NOT NULL,
  label         text NOT NULL,
  folder        text NOT NULL,
  target_schema text NOT NULL,
  target_name   text NOT NULL,
  file_bytes    bigint NOT NULL,
  status        text,
  CONSTRAINT etl_job_files_pkey PRIMARY KEY (run_id, file_no)
);
-- What a worker looks for: the files of a table that are still to be done.
CREATE INDEX etl_job_files_left ON pgdatahub.etl_job_files (run_id, target_schema, target_name, file_no) WHERE status IS NULL;
COMMENT ON TABLE pgdatahub.etl_job_files IS 'The files of a job: what its workers claim, one or a folder at a time';
COMMENT ON COLUMN pgdatahub.etl_job_files.run_id IS 'Run that is the job';
COMMENT ON COLUMN pgdatahub.etl_job_files.file_no IS 'The file''s place in the run';
COMMENT ON COLUMN pgdatahub.etl_job_files.below IS 'Path of the file below the job''s folder, as the operating system has it';
COMMENT ON COLUMN pgdatahub.etl_job_files.label IS 'That path as text';
COMMENT ON COLUMN pgdatahub.etl_job_files.folder IS 'Folder it lies in';
COMMENT ON COLUMN pgdatahub.etl_job_files.target_schema IS 'Schema of the table that its folder feeds';
COMMENT ON COLUMN pgdatahub.etl_job_files.target_name IS 'Table that its folder feeds';
COMMENT ON COLUMN pgdatahub.etl_job_files.file_bytes IS 'Its size when the job was submitted';
COMMENT ON COLUMN pgdatahub.etl_job_files.status IS 'What became of it, as in etl_run_files; NULL while it is to be done';

REVOKE ALL ON pgdatahub.etl_jobs, pgdatahub.etl_job_states, pgdatahub.etl_job_files FROM PUBLIC;
REVOKE ALL ON pgdatahub.etl_tables, pgdatahub.etl_columns, pgdatahub.etl_runs, pgdatahub.etl_imports,
  pgdatahub.etl_schema_changes, pgdatahub.etl_rejects, pgdatahub.etl_run_files FROM PUBLIC;

-- One statement each, so that none is folded away: pg_dump takes the rows of these along.
SELECT pg_catalog.pg_extension_config_dump('pgdatahub.etl_tables', '');
SELECT pg_catalog.pg_extension_config_dump('pgdatahub.etl_columns', '');
SELECT pg_catalog.pg_extension_config_dump('pgdatahub.etl_runs', '');
SELECT pg_catalog.pg_extension_config_dump('pgdatahub.etl_runs_run_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('pgdatahub.etl_imports', '');
SELECT pg_catalog.pg_extension_config_dump('pgdatahub.etl_imports_import_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('pgdatahub.etl_schema_changes', '');
SELECT pg_catalog.pg_extension_config_dump('pgdatahub.etl_schema_changes_change_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('pgdatahub.etl_rejects', '');
SELECT pg_catalog.pg_extension_config_dump('pgdatahub.etl_rejects_reject_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('pgdatahub.etl_run_files', '');
SELECT pg_catalog.pg_extension_config_dump('pgdatahub.etl_jobs', '');
SELECT pg_catalog.pg_extension_config_dump('pgdatahub.etl_job_states', '');
SELECT pg_catalog.pg_extension_config_dump('pgdatahub.etl_job_files', '');
