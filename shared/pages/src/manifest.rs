use serde_json::json;

use crate::Brand;
use crate::asset::icons;

/// Where the manifest is, below the base path.
pub const MANIFEST_PATH: &str = "/app.webmanifest";
/// Its type (Web Application Manifest, section "Media type registration").
pub const MANIFEST_TYPE: &str = "application/manifest+json";

/// What lets a phone keep the pages among its apps (Web Application Manifest): opened, it shows the requests that wait. It needs no
/// script to be installed, and the pages have none.
pub fn manifest(brand: &Brand, base_path: &str) -> String {
    let picture = |path: &str, sizes: &str, kind: &str, purpose: &str| json!({ "src": format!("{base_path}{path}"), "sizes": sizes, "type": kind, "purpose": purpose });
    let mut pictures: Vec<_> = icons()
        .iter()
        .map(|(icon, side)| picture(&icon.path, &format!("{side}x{side}"), icon.content_type, "any maskable"))
        .collect();
    pictures.push(picture(&brand.logo().path, "any", brand.logo().content_type, "any"));
    json!({
        "name": brand.name(),
        "short_name": brand.name(),
        "id": format!("{base_path}/approval"),
        "start_url": format!("{base_path}/approval"),
        "scope": format!("{base_path}/"),
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#ffffff",
        "icons": pictures,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn it_has_what_a_browser_asks_of_an_app_and_its_pictures_are_there_in_the_size_that_it_says() {
        let brand = Brand::default();
        let text = manifest(&brand, "/prod");
        let manifest: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(manifest["start_url"], "/prod/approval");
        assert_eq!((&manifest["scope"], &manifest["display"]), (&"/prod/".into(), &"standalone".into()));
        let found = manifest["icons"].as_array().unwrap();
        for (icon, side) in icons() {
            // PNG, section 11.2.2: width and height are the first of IHDR.
            let length = |at: usize| u32::from_be_bytes(icon.bytes[at..at + 4].try_into().unwrap());
            assert_eq!((&icon.bytes[1..4], length(16), length(20)), (&b"PNG"[..], side.into(), side.into()));
            let named = found.iter().find(|one| one["src"] == format!("/prod{}", icon.path)).unwrap();
            assert_eq!(named["sizes"], format!("{side}x{side}"));
        }
        assert_eq!(found.len(), 3);
    }
}
