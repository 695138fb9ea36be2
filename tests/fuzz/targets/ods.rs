#![no_main]

pgdatahub_fuzz::fuzz!("ods");
