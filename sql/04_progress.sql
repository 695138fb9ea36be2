-- What imports do now, readable while their transactions are still open: the numbers come from the progress entry of
-- the session or worker, which PostgreSQL shows to the roles that may see its activity; jobs add their committed files.

CREATE FUNCTION pgdatahub.progress_bar(share double precision) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'progress_bar_wrapper';
COMMENT ON FUNCTION pgdatahub.progress_bar(double precision) IS 'A share from 0 to 1 as a text bar';

CREATE VIEW pgdatahub.progress WITH (security_barrier) AS
WITH live AS (
  SELECT p.pid, p.param11 AS run_id, p.param12 AS files, p.param13 AS files_done, p.param14 AS bytes, p.param15 AS bytes_done,
         p.param16 AS rows_done, p.param17 AS current_rows, p.param18 AS kind, pg_catalog.to_timestamp(p.param19) AS began,
         pg_catalog.substring(a.application_name, '^pgdatahub \[\d+/\d+\] (.*)$') AS current_file, a.usename::text AS started_by
    FROM pg_catalog.pg_stat_get_progress_info('COPY') p
    JOIN pg_catalog.pg_stat_activity a ON a.pid OPERATOR(pg_catalog.=) p.pid
   WHERE p.param20 OPERATOR(pg_catalog.=) 7035204718 AND a.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
), job AS (
  SELECT r.run_id, r.kind, r.path, r.started_by,
         CASE WHEN pgdatahub.job_workers(r.run_id) OPERATOR(pg_catalog.=) 0
                   AND (r.state OPERATOR(pg_catalog.=) 'running' OR j.reason OPERATOR(pg_catalog.=) ANY ('{interval,window}'::text[]))
              THEN 'interrupted' ELSE r.state END AS state,
         j.reason, pgdatahub.job_workers(r.run_id) AS workers, r.files, f.files_done, f.files_failed, f.bytes, f.bytes_done,
         coalesce(d.rows_done, 0) AS rows_done,
         EXTRACT(epoch FROM CASE r.state WHEN 'paused' THEN j.changed_at ELSE pg_catalog.clock_timestamp() END
                            OPERATOR(pg_catalog.-) j.begun_at)::double precision OPERATOR(pg_catalog.-) j.paused_seconds AS elapsed
    FROM pgdatahub.etl_runs r
    JOIN pgdatahub.etl_jobs j ON j.run_id OPERATOR(pg_catalog.=) r.run_id
    CROSS JOIN LATERAL (
          SELECT pg_catalog.count(f.status) AS files_done,
                 pg_catalog.count(*) FILTER (WHERE f.status OPERATOR(pg_catalog.=) 'failed') AS files_failed,
                 coalesce(pg_catalog.sum(f.file_bytes), 0)::bigint AS bytes,
                 coalesce(pg_catalog.sum(f.file_bytes) FILTER (WHERE f.status IS NOT NULL), 0)::bigint AS bytes_done
            FROM pgdatahub.etl_job_files f WHERE f.run_id OPERATOR(pg_catalog.=) r.run_id) f
    CROSS JOIN LATERAL (
          SELECT pg_catalog.sum(s.row_count)::bigint AS rows_done
            FROM pgdatahub.etl_run_files s WHERE s.run_id OPERATOR(pg_catalog.=) r.run_id) d
   WHERE r.state OPERATOR(pg_catalog.=) ANY ('{queued,running,paused}'::text[])
     AND (r.started_by OPERATOR(pg_catalog.=) CURRENT_USER OR pgdatahub.may_monitor())
), run AS (
  SELECT j.run_id, j.kind, j.path, j.started_by, j.state, j.reason, j.workers, NULL::integer AS pid, j.files, j.files_done, j.files_failed,
         j.bytes, j.bytes_done OPERATOR(pg_catalog.+) coalesce(l.bytes_done, 0) AS bytes_done, j.rows_done OPERATOR(pg_catalog.+) coalesce(l.current_rows, 0) AS row_count, j.elapsed,
         l.current_file, l.current_rows
    FROM job j
    LEFT JOIN LATERAL (
          SELECT pg_catalog.sum(l.current_rows OPERATOR(pg_catalog.+) l.rows_done)::bigint AS current_rows,
                 pg_catalog.sum(l.bytes_done)::bigint AS bytes_done,
                 pg_catalog.string_agg(l.current_file, ', ' ORDER BY l.current_file) AS current_file
            FROM live l WHERE l.run_id OPERATOR(pg_catalog.=) j.run_id AND l.kind OPERATOR(pg_catalog.=) 4) l ON true
  UNION ALL
  SELECT l.run_id, ('{import_file,import_folder,run_import}'::text[])[l.kind], r.path, l.started_by, 'running', NULL, NULL, l.pid,
         l.files, l.files_done, NULL, l.bytes, l.bytes_done, l.rows_done OPERATOR(pg_catalog.+) l.current_rows,
         EXTRACT(epoch FROM pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) l.began)::double precision, l.current_file, l.current_rows
    FROM live l
    LEFT JOIN pgdatahub.etl_runs r ON r.run_id OPERATOR(pg_catalog.=) l.run_id
   WHERE l.kind OPERATOR(pg_catalog.<) 4
)
SELECT r.run_id, r.kind, r.state, r.reason, pgdatahub.progress_bar(s.share) AS bar, r.files_done, r.files, r.files_failed,
       r.current_file, r.current_rows, r.row_count,
       CASE WHEN r.elapsed OPERATOR(pg_catalog.>) 0 THEN (r.row_count OPERATOR(pg_catalog./) r.elapsed)::bigint END AS rows_per_second,
       r.bytes_done, r.bytes, pg_catalog.make_interval(secs => pg_catalog.round(r.elapsed::numeric)::double precision) AS elapsed,
       CASE WHEN s.share OPERATOR(pg_catalog.>) 0
            THEN pg_catalog.make_interval(secs => pg_catalog.round((r.elapsed OPERATOR(pg_catalog.*) (1 OPERATOR(pg_catalog.-) s.share)
                                                                     OPERATOR(pg_catalog./) s.share)::numeric)::double precision) END AS eta,
       r.workers, r.pid, r.started_by, r.path
  FROM run r
  CROSS JOIN LATERAL (
        SELECT CASE WHEN r.bytes OPERATOR(pg_catalog.>) 0
                    THEN r.bytes_done::double precision OPERATOR(pg_catalog./) r.bytes
                    WHEN r.files OPERATOR(pg_catalog.>) 0 THEN r.files_done::double precision OPERATOR(pg_catalog./) r.files
                    ELSE 1 END AS share) s
 ORDER BY r.run_id;
COMMENT ON VIEW pgdatahub.progress IS
'Imports under way: files, bytes and rows so far, the file in hand with its rows, rows per second, time left, a text bar; one row per job, and per session that imports; sessions of other roles for pg_monitor only';

GRANT SELECT ON pgdatahub.progress TO PUBLIC;

COMMENT ON COLUMN pgdatahub.progress.run_id IS 'Identifies the run';
COMMENT ON COLUMN pgdatahub.progress.kind IS 'import_folder, import_file, run_import, start_import or watch_folder';
COMMENT ON COLUMN pgdatahub.progress.state IS 'queued, running, paused or interrupted; sessions are always running';
COMMENT ON COLUMN pgdatahub.progress.reason IS 'Why a job is paused: user, interval, window or error';
COMMENT ON COLUMN pgdatahub.progress.bar IS 'Share of the bytes that are done, as a text bar';
COMMENT ON COLUMN pgdatahub.progress.files_done IS 'Files done with, whatever became of them';
COMMENT ON COLUMN pgdatahub.progress.files IS 'Files of the run';
COMMENT ON COLUMN pgdatahub.progress.files_failed IS 'Files of a job that failed';
COMMENT ON COLUMN pgdatahub.progress.current_file IS 'Files in hand, one per worker, below the folder of the run';
COMMENT ON COLUMN pgdatahub.progress.current_rows IS 'Rows of the files in hand so far; not yet committed';
COMMENT ON COLUMN pgdatahub.progress.row_count IS 'Rows so far, those of the files in hand included';
COMMENT ON COLUMN pgdatahub.progress.rows_per_second IS 'Rows so far by the time so far';
COMMENT ON COLUMN pgdatahub.progress.bytes_done IS 'Bytes of the files that are done with';
COMMENT ON COLUMN pgdatahub.progress.bytes IS 'Bytes of all files, as they were found';
COMMENT ON COLUMN pgdatahub.progress.elapsed IS 'Time so far, pauses not counted';
COMMENT ON COLUMN pgdatahub.progress.eta IS 'Time left at the pace so far, by bytes';
COMMENT ON COLUMN pgdatahub.progress.workers IS 'Background workers that are at it now';
COMMENT ON COLUMN pgdatahub.progress.pid IS 'Process of a session that imports';
COMMENT ON COLUMN pgdatahub.progress.started_by IS 'Role that imports';
COMMENT ON COLUMN pgdatahub.progress.path IS 'Folder that was asked for, where it is committed';
