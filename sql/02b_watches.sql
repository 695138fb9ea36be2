-- Folders that are looked at by themselves, and what the looks found.

CREATE TABLE pgdatahub.etl_watches (
  watch_id      bigint GENERATED ALWAYS AS IDENTITY,
  path          text NOT NULL,
  every         interval NOT NULL,
  files_glob    text,
  target_schema text,
  workers       integer NOT NULL,
  owner         text NOT NULL,
  settings      jsonb NOT NULL,
  created_at    timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  enabled       boolean NOT NULL DEFAULT true,
  last_look     timestamptz,
  next_look     timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  failures      integer NOT NULL DEFAULT 0,
  last_error    text,
  run_id        bigint,
  cluster       text NOT NULL,
  CONSTRAINT etl_watches_pkey PRIMARY KEY (watch_id)
);
-- By hash: a path may be longer than an index entry.
CREATE UNIQUE INDEX etl_watches_path ON pgdatahub.etl_watches (owner, pg_catalog.md5(path));
COMMENT ON TABLE pgdatahub.etl_watches IS 'Folders that watch_folder has the launcher look at, one row per role and folder';
COMMENT ON COLUMN pgdatahub.etl_watches.watch_id IS 'Identifies the watch';
COMMENT ON COLUMN pgdatahub.etl_watches.path IS 'Watched folder';
COMMENT ON COLUMN pgdatahub.etl_watches.every IS 'Time from one look to the next';
COMMENT ON COLUMN pgdatahub.etl_watches.files_glob IS 'Argument files';
COMMENT ON COLUMN pgdatahub.etl_watches.target_schema IS 'Argument target_schema';
COMMENT ON COLUMN pgdatahub.etl_watches.workers IS 'Argument workers: background workers of each of its jobs';
COMMENT ON COLUMN pgdatahub.etl_watches.owner IS 'Role that watches: looks and imports connect as it';
COMMENT ON COLUMN pgdatahub.etl_watches.settings IS 'Settings of the session that called watch_folder, which looks and jobs take over';
COMMENT ON COLUMN pgdatahub.etl_watches.created_at IS 'When watch_folder was called';
COMMENT ON COLUMN pgdatahub.etl_watches.enabled IS 'Whether it is looked at; no longer when its role is gone or it was restored into another cluster: watch_folder confirms it';
COMMENT ON COLUMN pgdatahub.etl_watches.last_look IS 'When the folder was looked at last';
COMMENT ON COLUMN pgdatahub.etl_watches.next_look IS 'When the next look is due';
COMMENT ON COLUMN pgdatahub.etl_watches.failures IS 'Looks in a row that failed, the one under way included: each doubles the time to the next, up to a day';
COMMENT ON COLUMN pgdatahub.etl_watches.last_error IS 'Why the latest look failed, or what keeps its files waiting';
COMMENT ON COLUMN pgdatahub.etl_watches.run_id IS 'Its latest job';
COMMENT ON COLUMN pgdatahub.etl_watches.cluster IS 'System identifier of the cluster it was made or confirmed in; elsewhere, after a restore, it does not begin by itself';

CREATE TABLE pgdatahub.etl_watch_files (
  watch_id   bigint NOT NULL,
  below      bytea NOT NULL,
  label      text NOT NULL,
  file_bytes bigint NOT NULL,
  file_mtime bigint NOT NULL,
  first_seen timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  state      text NOT NULL DEFAULT 'waiting',
  attempts   integer NOT NULL DEFAULT 0,
  next_try   timestamptz,
  last_error text,
  CONSTRAINT etl_watch_files_state CHECK (state OPERATOR(pg_catalog.=) ANY ('{waiting,submitted,done,failed}'::text[]))
);
CREATE UNIQUE INDEX etl_watch_files_below ON pgdatahub.etl_watch_files (watch_id, pg_catalog.md5(below));
COMMENT ON TABLE pgdatahub.etl_watch_files IS 'The workbooks of watched folders, as the latest look saw them';
COMMENT ON COLUMN pgdatahub.etl_watch_files.watch_id IS 'Watch it belongs to';
COMMENT ON COLUMN pgdatahub.etl_watch_files.below IS 'Path of the file below the folder, as the operating system has it';
COMMENT ON COLUMN pgdatahub.etl_watch_files.label IS 'That path as text';
COMMENT ON COLUMN pgdatahub.etl_watch_files.file_bytes IS 'Its size at the latest look';
COMMENT ON COLUMN pgdatahub.etl_watch_files.file_mtime IS 'Time of its last change at the latest look, in nanoseconds since 1970';
COMMENT ON COLUMN pgdatahub.etl_watch_files.first_seen IS 'When it was seen first with this size and time';
COMMENT ON COLUMN pgdatahub.etl_watch_files.state IS 'waiting: seen, not imported yet; submitted: a job has it; done: imported or skipped; failed';
COMMENT ON COLUMN pgdatahub.etl_watch_files.attempts IS 'Failed attempts at it as it is now';
COMMENT ON COLUMN pgdatahub.etl_watch_files.next_try IS 'When it is tried again after a failure: every × 2^attempts later, a day at most; at once when it changes';
COMMENT ON COLUMN pgdatahub.etl_watch_files.last_error IS 'Why the latest attempt failed';

REVOKE ALL ON pgdatahub.etl_watches, pgdatahub.etl_watch_files FROM PUBLIC;

SELECT pg_catalog.pg_extension_config_dump('pgdatahub.etl_watches', '');
SELECT pg_catalog.pg_extension_config_dump('pgdatahub.etl_watches_watch_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('pgdatahub.etl_watch_files', '');
