use std::borrow::Cow;

use crate::{Asset, Colour};

/// Whose pages these are: what a company replaces by configuration.
#[derive(Clone, Debug)]
pub struct Brand {
    name: String,
    style: Asset,
    logo: Asset,
}

/// A logo, recognised by its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Logo {
    /// A PNG image.
    Png(Vec<u8>),
    /// An SVG image without anything that runs or loads.
    Svg(String),
}

/// Why a logo cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnusableLogo {
    /// Above [`Logo::LARGEST`].
    #[error("a logo may have at most {} bytes", Logo::LARGEST)]
    TooLarge,
    /// Neither PNG nor SVG.
    #[error("a logo is a PNG or an SVG image")]
    UnknownFormat,
    /// An SVG that contains a script, a foreign object, an event handler or a reference.
    #[error("an SVG logo may not contain scripts, foreign objects, event handlers or references")]
    Active,
}

impl Logo {
    /// The largest logo, in bytes.
    pub const LARGEST: usize = 64 * 1024;

    /// Recognises a logo.
    ///
    /// # Errors
    /// When it is too large, of another format, or an SVG that does more than draw.
    pub fn parse(bytes: &[u8]) -> Result<Self, UnusableLogo> {
        if bytes.len() > Self::LARGEST {
            return Err(UnusableLogo::TooLarge);
        }
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            return Ok(Self::Png(bytes.to_vec()));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| UnusableLogo::UnknownFormat)?;
        let start = text.trim_start();
        if !(start.starts_with("<svg") || (start.starts_with("<?xml") && start.contains("<svg"))) {
            return Err(UnusableLogo::UnknownFormat);
        }
        if is_active(text) { Err(UnusableLogo::Active) } else { Ok(Self::Svg(text.to_owned())) }
    }
}

impl Brand {
    /// The product's own look.
    pub const DEFAULT_ACCENT: Colour = Colour::new(0x17, 0x5e, 0x54);

    /// A brand. Any accent will do: where it must be read or seen, in light or in dark, it is moved towards black or
    /// white until it can be. Without a logo there is a mark in the accent colour.
    pub fn new(name: &str, accent: Colour, logo: Option<Logo>) -> Self {
        let style = Asset::new("brand", "css", "text/css; charset=utf-8", style(accent).into_bytes());
        let logo = match logo {
            Some(Logo::Png(bytes)) => Asset::new("logo", "png", "image/png", bytes),
            Some(Logo::Svg(text)) => Asset::new("logo", "svg", "image/svg+xml", text.into_bytes()),
            None => Asset::new("logo", "svg", "image/svg+xml", mark(accent).into_bytes()),
        };
        Self { name: languages::foreign_text(name, 60), style, logo }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its pages refer to besides [`assets`](crate::assets).
    pub fn assets(&self) -> [&Asset; 2] {
        [&self.style, &self.logo]
    }

    pub(crate) fn style(&self) -> &Asset {
        &self.style
    }

    pub(crate) fn logo(&self) -> &Asset {
        &self.logo
    }
}

impl Default for Brand {
    fn default() -> Self {
        Self::new("Countersign", Self::DEFAULT_ACCENT, None)
    }
}

/// The grounds of the style sheet that the accent stands on: page, card and raised, in light and in dark.
const LIGHT: [Colour; 3] = [Colour::new(0xf3, 0xf4, 0xf2), Colour::WHITE, Colour::new(0xf7, 0xf8, 0xf6)];
const DARK: [Colour; 3] =
    [Colour::new(0x12, 0x15, 0x17), Colour::new(0x1b, 0x1f, 0x22), Colour::new(0x22, 0x27, 0x2a)];

/// The accent as the style sheet's custom properties: `--accent` fills buttons and `--on-accent` is the text on it,
/// `--accent-edge` draws what must stand out from the ground (3 to 1: WCAG 1.4.11), `--link` is text in the accent's colour
/// (4.5 to 1: WCAG 1.4.3).
fn style(accent: Colour) -> String {
    let edge = |grounds: &[Colour]| accent.legible_on(grounds, 3.0);
    let properties = |grounds: &[Colour], fill: Colour| {
        let (text, edge, link) = (fill.text_on(), edge(grounds), accent.legible_on(grounds, 4.5));
        format!(":root{{--accent:{fill};--on-accent:{text};--accent-edge:{edge};--link:{link}}}")
    };
    // By day a pale accent keeps its colour and gets an edge; by night a dark one would be a hole beside the other button.
    let (day, night) = (properties(&LIGHT, accent), properties(&DARK, edge(&DARK)));
    format!("{day}@media (prefers-color-scheme:dark){{{night}}}")
}

/// Two strokes of a pen, the second countersigning the first.
fn mark(accent: Colour) -> String {
    let pen = accent.text_on();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\"><rect width=\"32\" height=\"32\" rx=\"9\" \
         fill=\"{accent}\"/><g fill=\"none\" stroke=\"{pen}\" stroke-width=\"2.6\" stroke-linecap=\"round\" \
         stroke-linejoin=\"round\"><path d=\"M6.5 16.5l4.6 4.8 7.8-10.6\"/><path d=\"M16.6 20.4l1 .9 7.9-10.6\"/></g></svg>"
    )
}

fn is_active(svg: &str) -> bool {
    let svg: Cow<str> = svg.to_ascii_lowercase().into();
    let event_handler = || {
        svg.match_indices("on").any(|(at, _)| {
            svg[..at].ends_with(|before: char| before.is_whitespace() || matches!(before, '"' | '\'' | '/'))
                && svg[at..]
                    .trim_start_matches(|c: char| c.is_ascii_alphanumeric())
                    .trim_start()
                    .starts_with('=')
        })
    };
    [
        "<script",
        "<foreignobject",
        "<iframe",
        "<image",
        "<use",
        "<a ",
        "<!entity",
        "<!doctype",
        "href",
        "javascript:",
        "@import",
    ]
    .iter()
    .any(|active| svg.contains(active))
        || event_handler()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logo_is_recognised_by_its_bytes() {
        assert!(matches!(Logo::parse(b"\x89PNG\r\n\x1a\nrest"), Ok(Logo::Png(_))));
        assert!(matches!(Logo::parse(mark(Brand::DEFAULT_ACCENT).as_bytes()), Ok(Logo::Svg(_))));
        assert_eq!(Logo::parse(b"GIF89a"), Err(UnusableLogo::UnknownFormat));
        assert_eq!(Logo::parse(b"<html><svg></svg></html>"), Err(UnusableLogo::UnknownFormat));
        assert_eq!(Logo::parse(&vec![b' '; Logo::LARGEST + 1]), Err(UnusableLogo::TooLarge));
    }

    #[test]
    fn a_logo_that_does_more_than_draw_is_refused() {
        for active in [
            "<svg><script>1</script></svg>",
            "<svg onload=\"1\"></svg>",
            "<svg/onload = 1></svg>",
            "<svg><a href='https://evil.example'/></svg>",
            "<svg><foreignObject/></svg>",
            "<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY x 'y'>]><svg/>",
        ] {
            assert_eq!(Logo::parse(active.as_bytes()), Err(UnusableLogo::Active), "{active}");
        }
    }

    #[test]
    fn a_pale_accent_is_darkened_where_it_must_be_read() {
        let brand = Brand::new("Acme", "#ffe14d".parse().unwrap(), None);
        let style = String::from_utf8(brand.style().bytes.to_vec()).unwrap();
        let colour =
            |name: &str| -> Colour { style.split(&format!("{name}:")).nth(1).unwrap()[..7].parse().unwrap() };
        assert!(LIGHT.iter().all(|ground| colour("--link").contrast(*ground) >= 4.5), "{style}");
        assert!(colour("--on-accent").contrast(colour("--accent")) >= 4.5, "{style}");
    }

    #[test]
    fn the_style_sheet_has_the_grounds_that_the_accent_is_measured_against() {
        let style = String::from_utf8(crate::assets()[0].bytes.to_vec()).unwrap();
        for ground in LIGHT.iter().chain(&DARK).filter(|ground| **ground != Colour::WHITE) {
            assert!(style.contains(&ground.to_string()), "{ground}");
        }
    }
}
