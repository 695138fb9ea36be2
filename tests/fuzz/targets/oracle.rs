#![no_main]

pgdatahub_fuzz::fuzz!("oracle");
