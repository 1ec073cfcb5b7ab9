//! Colours that can be read: the contrast of WCAG 2.2, and moving a colour until it has enough.

use std::fmt;
use std::str::FromStr;

/// A colour of sRGB, written `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
    red: u8,
    green: u8,
    blue: u8,
}

/// The text is not a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a colour such as \"#1d5c63\"")]
pub struct InvalidColour;

impl Colour {
    pub(crate) const WHITE: Self = Self { red: 255, green: 255, blue: 255 };
    pub(crate) const BLACK: Self = Self { red: 0, green: 0, blue: 0 };

    pub(crate) const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }

    /// The contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio").
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// The nearest colour on the way to black or white that has at least this contrast with every ground.
    pub(crate) fn legible_on(self, grounds: &[Self], least: f64) -> Self {
        let towards = if grounds[0].luminance() > 0.18 { Self::BLACK } else { Self::WHITE };
        let legible = |colour: &Self| grounds.iter().all(|ground| colour.contrast(*ground) >= least);
        (0..=100).map(|percent| self.mixed_with(towards, percent)).find(legible).unwrap_or(towards)
    }

    /// Black or white, whichever reads better on this colour; the contrast is never below 4.5.
    pub(crate) fn text_on(self) -> Self {
        if self.contrast(Self::WHITE) >= 4.5 { Self::WHITE } else { Self::BLACK }
    }

    fn mixed_with(self, other: Self, percent: u16) -> Self {
        let mix = |from: u8, to: u8| {
            let mixed = (u16::from(from) * (100 - percent) + u16::from(to) * percent) / 100;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        };
        Self::new(mix(self.red, other.red), mix(self.green, other.green), mix(self.blue, other.blue))
    }

    /// Relative luminance, 0 to 1 (WCAG 2.2).
    fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }
}

impl FromStr for Colour {
    type Err = InvalidColour;

    fn from_str(text: &str) -> Result<Self, InvalidColour> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6).ok_or(InvalidColour)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(InvalidColour);
        }
        let [_, red, green, blue] = u32::from_str_radix(digits, 16).map_err(|_| InvalidColour)?.to_be_bytes();
        Ok(Self { red, green, blue })
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_six_hexadecimal_digits_and_nothing_else() {
        assert_eq!("#1D5c63".parse::<Colour>().unwrap().to_string(), "#1d5c63");
        for junk in
            ["", "1d5c63", "#1d5c6", "#1d5c633", "#1d5c6g", "red", "#+15c63", "#1d5c63;}body{", "#é5c63"]
        {
            assert_eq!(junk.parse::<Colour>(), Err(InvalidColour), "{junk}");
        }
    }

    #[test]
    fn contrast_is_the_guidelines_ratio() {
        assert!((Colour::BLACK.contrast(Colour::WHITE) - 21.0).abs() < 1e-9);
        let grey: Colour = "#767676".parse().unwrap();
        assert!((grey.contrast(Colour::WHITE) - 4.54).abs() < 0.01);
    }

    #[test]
    fn any_colour_becomes_legible() {
        for colour in ["#ffff00", "#000000", "#ffffff", "#808080", "#ff0000", "#0f6b5c", "#00ff00"] {
            let colour: Colour = colour.parse().unwrap();
            for ground in [Colour::WHITE, Colour::new(0x1a, 0x1e, 0x24)] {
                assert!(colour.legible_on(&[ground], 4.5).contrast(ground) >= 4.5, "{colour}");
            }
            assert!(colour.text_on().contrast(colour) >= 4.5, "{colour}");
        }
    }
}
