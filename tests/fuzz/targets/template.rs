#![no_main]

pgdatahub_fuzz::fuzz!("template");
