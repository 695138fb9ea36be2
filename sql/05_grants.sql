-- What reads files, writes or controls is for roles that were given it; text_form and the views' rules are harmless.
REVOKE EXECUTE ON FUNCTION
  pgdatahub.import_folder(text, text, text, text, boolean, boolean),
  pgdatahub.import_file(text, text, text, text, boolean, boolean, text, "any", integer),
  pgdatahub.plan_folder(text, text, text, boolean),
  pgdatahub.revert(regclass, text, boolean, boolean, boolean),
  pgdatahub.revert_hash(regclass, text, boolean, boolean, boolean),
  pgdatahub.revert_import(bigint, boolean, boolean, boolean),
  pgdatahub.adopt_table(regclass),
  pgdatahub.retry_rejects(bigint),
  pgdatahub.sheets(text),
  pgdatahub.verify_setup(text)
FROM PUBLIC;
REVOKE EXECUTE ON PROCEDURE pgdatahub.run_import(text, text, text, text, boolean, boolean) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION
  pgdatahub.revert_schema(regclass, text, boolean),
  pgdatahub.map_column(regclass, text, text, integer),
  pgdatahub.drop_table(regclass, boolean),
  pgdatahub.check_table(regclass),
  pgdatahub.prune(interval)
FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION
  pgdatahub.start_import(text, integer, text, text, text, boolean),
  pgdatahub.pause_import(bigint),
  pgdatahub.resume_import(bigint),
  pgdatahub.cancel_import(bigint)
FROM PUBLIC;
REVOKE EXECUTE ON PROCEDURE pgdatahub.wait_import(bigint, interval) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION
  pgdatahub.watch_folder(text, interval, text, text, integer),
  pgdatahub.unwatch_folder(text)
FROM PUBLIC;
