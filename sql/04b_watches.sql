-- Watching folders: who looks is the launcher, with shared_preload_libraries = 'pgdatahub'.

CREATE FUNCTION pgdatahub.watch_folder(
  path          text,
  every         interval DEFAULT '1 minute',
  files         text DEFAULT NULL,
  target_schema text DEFAULT NULL,
  workers       integer DEFAULT 1
) RETURNS bigint LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'watch_folder_wrapper';
COMMENT ON FUNCTION pgdatahub.watch_folder(text, interval, text, text, integer) IS
'Has the launcher look at a folder every so often, from one second to one day, and import as the current role what two looks found unchanged; each file commits by itself; files is a pattern below path; returns the watch';

CREATE FUNCTION pgdatahub.unwatch_folder(path text) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'unwatch_folder_wrapper';
COMMENT ON FUNCTION pgdatahub.unwatch_folder(text) IS
'Ends the watch of a folder, the current role''s own before one that it may control; a job that it has begun goes on; returns the watch';

CREATE VIEW pgdatahub.watches WITH (security_barrier) AS
SELECT w.watch_id, w.path, w.every, w.owner, w.enabled, w.last_look,
       CASE WHEN w.enabled THEN w.next_look END AS next_look,
       f.settled, f.waiting, f.failed, w.run_id,
       coalesce(w.last_error, CASE WHEN w.failures OPERATOR(pg_catalog.>) 1
                                   THEN 'the latest looks did not come to an end; the server log says why' END) AS last_error,
       w.files_glob, w.target_schema, w.created_at
  FROM pgdatahub.etl_watches w
  CROSS JOIN LATERAL (
        SELECT pg_catalog.count(*) FILTER (WHERE f.state OPERATOR(pg_catalog.=) 'done') AS settled,
               pg_catalog.count(*) FILTER (WHERE f.state OPERATOR(pg_catalog.=) ANY ('{waiting,submitted}'::text[])) AS waiting,
               pg_catalog.count(*) FILTER (WHERE f.state OPERATOR(pg_catalog.=) 'failed') AS failed
          FROM pgdatahub.etl_watch_files f WHERE f.watch_id OPERATOR(pg_catalog.=) w.watch_id) f
 WHERE w.owner OPERATOR(pg_catalog.=) CURRENT_USER OR pgdatahub.may_monitor();
COMMENT ON VIEW pgdatahub.watches IS 'Watched folders of the current role: when they are looked at, how many of their files are in, wait or failed';
COMMENT ON COLUMN pgdatahub.watches.settled IS 'Files that are done with: imported, or skipped because their content was in or is held';
COMMENT ON COLUMN pgdatahub.watches.waiting IS 'Files that are not settled yet, or that its job is to import';
COMMENT ON COLUMN pgdatahub.watches.failed IS 'Files whose latest attempt failed';

CREATE VIEW pgdatahub.watch_files WITH (security_barrier) AS
SELECT f.watch_id, w.path, f.label, f.state, f.file_bytes,
       pg_catalog.to_timestamp(f.file_mtime OPERATOR(pg_catalog./) 1e9::double precision) AS changed_at,
       f.first_seen, f.attempts, f.next_try, f.last_error
  FROM pgdatahub.etl_watch_files f
  JOIN pgdatahub.etl_watches w ON w.watch_id OPERATOR(pg_catalog.=) f.watch_id
 WHERE w.owner OPERATOR(pg_catalog.=) CURRENT_USER OR pgdatahub.may_monitor();
COMMENT ON VIEW pgdatahub.watch_files IS 'The workbooks of watched folders: which wait, are in or failed, how often, why, and when they are tried again';
COMMENT ON COLUMN pgdatahub.watch_files.changed_at IS 'Time of the file''s last change';
COMMENT ON COLUMN pgdatahub.watch_files.last_error IS 'Why the latest attempt at the file failed';

GRANT SELECT ON pgdatahub.watches, pgdatahub.watch_files TO PUBLIC;
