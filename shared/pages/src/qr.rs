use std::fmt::Write;

use qrcode::{Color, EcLevel, QrCode};

/// The white margin that a scanner needs around a QR code, in modules (ISO/IEC 18004, section 5.3.8).
const MARGIN: usize = 4;

/// A QR code, to be drawn: one path for its dark modules, each of which is one by one.
pub(crate) struct Picture {
    /// Its width and height with the margin, in modules.
    pub(crate) size: usize,
    /// The `d` of an SVG path.
    pub(crate) path: String,
}

impl Picture {
    /// A code of a text. A quarter of it may be unreadable, as on a screen that shines. `None` for a text that no QR code holds.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::Q).ok()?;
        let modules = code.to_colors();
        let mut path = String::new();
        for (row, y) in modules.chunks(code.width()).zip(MARGIN..) {
            let mut x = MARGIN;
            for run in row.chunk_by(Color::eq) {
                if run.first() == Some(&Color::Dark) {
                    let _ = write!(path, "M{x} {y}h{length}v1h-{length}z", length = run.len());
                }
                x += run.len();
            }
        }
        Some(Self { size: code.width() + 2 * MARGIN, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Row by row, without the margin: `#` for dark.
    fn drawn(picture: &Picture) -> Vec<String> {
        let inside = picture.size - 2 * MARGIN;
        let mut rows = vec![vec![b'.'; inside]; inside];
        for run in picture.path.split('M').skip(1) {
            let (x, rest) = run.split_once(' ').expect("x");
            let (y, rest) = rest.split_once('h').expect("y");
            let (length, _) = rest.split_once('v').expect("a length");
            let [x, y, length] = [x, y, length].map(|number| number.parse::<usize>().expect("a number"));
            rows[y - MARGIN][x - MARGIN..x - MARGIN + length].fill(b'#');
        }
        rows.into_iter().map(|row| String::from_utf8(row).expect("ASCII")).collect()
    }

    #[test]
    fn an_invitation_is_the_smallest_qr_code_with_its_three_corners() {
        let drawn = drawn(&Picture::of("ABCDE-FGHJK").expect("a code"));
        assert_eq!(drawn.len(), 21);
        let finder = ["#######", "#.....#", "#.###.#", "#.###.#", "#.###.#", "#.....#", "#######"];
        for (row, line) in finder.iter().enumerate() {
            assert!(drawn[row].starts_with(line) && drawn[row].ends_with(line), "{drawn:#?}");
            assert!(drawn[14 + row].starts_with(line), "{drawn:#?}");
        }
        assert_eq!(drawn, KNOWN, "another picture than the one that a scanner read");
    }

    #[test]
    fn what_no_qr_code_holds_is_not_drawn() {
        assert!(Picture::of(&"x".repeat(4_000)).is_none());
    }

    /// What another program, `ZXing`, reads as that text, at level Q.
    #[rustfmt::skip]
    const KNOWN: [&str; 21] = [
        "#######.##.##.#######",
        "#.....#..#.##.#.....#",
        "#.###.#.###.#.#.###.#",
        "#.###.#.#.#...#.###.#",
        "#.###.#...##..#.###.#",
        "#.....#.#..##.#.....#",
        "#######.#.#.#.#######",
        "........##...........",
        ".#.#.###########.##.#",
        ".##.##..####.#.......",
        "#.#...###.######..#..",
        "#..###.#.#..####.#.##",
        ".....##.#.###.#.####.",
        "........#..####.##.#.",
        "#######.#####.#.##..#",
        "#.....#.#..##.#.###..",
        "#.###.#..#...##.#...#",
        "#.###.#.#.#..##..#.##",
        "#.###.#...##.##..#..#",
        "#.....#.#####...#.#.#",
        "#######..#...#.##.#..",
    ];
}
