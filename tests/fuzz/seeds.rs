//! Writes every target's first inputs below the folder that is its argument.

use pgdatahub_fuzz::drive::seeds;
use std::path::Path;

fn main() {
    let folder = std::env::args().nth(1).expect("a folder");
    for (target, name, content) in seeds::all() {
        let folder = Path::new(&folder).join(target);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), content).unwrap();
    }
}
