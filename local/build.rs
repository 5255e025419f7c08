//! Extracts the files that the API reference needs from Swagger UI's archive.

use std::{
    env,
    error::Error,
    fs::File,
    io::{self, Cursor},
    path::Path,
};

use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

#[expect(clippy::disallowed_methods, reason = "Cargo passes settings to build scripts as environment variables")]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    for index in 0..archive.len() {
        let mut file = archive.by_index(index)?;
        let path = file.enclosed_name().ok_or("a path out of the archive")?;
        for name in ["swagger-ui-bundle.js", "swagger-ui.css"] {
            if path.ends_with(Path::new("dist").join(name)) {
                io::copy(&mut file, &mut File::create(Path::new(&folder).join(name))?)?;
            }
        }
    }
    Ok(())
}
