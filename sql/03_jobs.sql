-- Jobs: imports in background workers.

CREATE FUNCTION pgdatahub.start_import(
  path          text,
  workers       integer DEFAULT 1,
  files         text DEFAULT NULL,
  target_schema text DEFAULT NULL,
  on_error      text DEFAULT 'continue',
  reimport      boolean DEFAULT false
) RETURNS bigint LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'start_import_wrapper';
COMMENT ON FUNCTION pgdatahub.start_import(text, integer, text, text, text, boolean) IS
'Queues a folder for background workers, which begin when this transaction commits and commit after each file (each folder with pgdatahub.sectional_commit); on_error is continue, or stop: the job pauses at the first failed file; returns the run';

CREATE FUNCTION pgdatahub.pause_import(run_id bigint) RETURNS text
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pause_import_wrapper';
COMMENT ON FUNCTION pgdatahub.pause_import(bigint) IS 'Pauses a job after the files in hand; returns its state';

CREATE FUNCTION pgdatahub.resume_import(run_id bigint DEFAULT NULL) RETURNS text
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'resume_import_wrapper';
COMMENT ON FUNCTION pgdatahub.resume_import(bigint) IS
'Lets a job go on that is paused, interrupted or failed, or that is queued because no worker slot was free; without run_id the latest such; what is in is not loaded again; returns its state';

CREATE FUNCTION pgdatahub.cancel_import(run_id bigint) RETURNS text
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'cancel_import_wrapper';
COMMENT ON FUNCTION pgdatahub.cancel_import(bigint) IS 'Ends a job and breaks off the files in hand; what is in stays in; returns its state';

CREATE PROCEDURE pgdatahub.wait_import(
  run_id  bigint DEFAULT NULL,
  timeout interval DEFAULT NULL
) LANGUAGE c AS 'MODULE_PATHNAME', 'wait_import_wrapper';
COMMENT ON PROCEDURE pgdatahub.wait_import(bigint, interval) IS
'Waits for the end of a job, by default the caller''s latest; raises PD001 if it failed, was cancelled, had failures or is paused by an error, 55000 if it is not over in time';

CREATE FUNCTION pgdatahub.pause_window_end(instant timestamptz DEFAULT pg_catalog.now()) RETURNS timestamptz
LANGUAGE c STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pause_window_end_wrapper';
COMMENT ON FUNCTION pgdatahub.pause_window_end(timestamptz) IS
'When the pause ends that pgdatahub.pause_window asks for at an instant; NULL if it asks for none then';
