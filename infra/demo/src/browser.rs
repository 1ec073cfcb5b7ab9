use std::process::{Command, Stdio};

/// Opens a page in the person's browser, where there is a desktop. Says whether it tried.
pub(crate) fn open(url: &str) -> bool {
    opener().is_some_and(|program| {
        Command::new(program)
            .arg(url)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .is_ok()
    })
}

fn opener() -> Option<&'static str> {
    if cfg!(target_os = "macos") {
        return Some("open");
    }
    let desktop = ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    desktop.then_some("xdg-open")
}
