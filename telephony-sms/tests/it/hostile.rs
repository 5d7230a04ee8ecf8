//! Any text at all: never a panic, never more than linear time.

use telephony_sms::{Boundary, Encoding, Error, MAX_PARTS, SplitOptions, analyze, split};

const BOUNDARIES: [Boundary; 3] = [
    Boundary::CodePoint,
    Boundary::Word,
    #[cfg(feature = "grapheme")]
    Boundary::Grapheme,
    #[cfg(not(feature = "grapheme"))]
    Boundary::CodePoint,
];

#[test]
fn lone_escapes_and_nul_force_ucs2() {
    for text in ["\u{1B}", "a\u{1B}b", "\0", "\u{7F}"] {
        assert_eq!(analyze(text).encoding, Encoding::Ucs2, "{text:?}");
    }
}

#[test]
fn too_many_parts_is_an_error_that_says_how_many() {
    let most = "a".repeat(153 * MAX_PARTS);
    assert_eq!(split(&most, SplitOptions::new()).unwrap().total(), MAX_PARTS);
    let more = most + "a";
    let error = split(&more, SplitOptions::new()).unwrap_err();
    assert_eq!(error, Error::TooManyParts { parts: MAX_PARTS + 1 });
    assert!(error.to_string().contains("256"), "{error}");
}

#[test]
fn asking_for_gsm7_names_what_it_cannot_write() {
    let options = SplitOptions::new().encoding(Encoding::Gsm7);
    let error = split("it’s", options).unwrap_err();
    assert_eq!(error, Error::NotGsm7 { offset: 2, character: '’' });
    assert!(error.to_string().contains("U+2019"), "{error}");
}

#[test]
fn forcing_ucs2_costs_what_ucs2_costs() {
    let options = SplitOptions::new().encoding(Encoding::Ucs2);
    let text = "a".repeat(71);
    let units: Vec<_> = split(&text, options).unwrap().map(|part| part.units).collect();
    assert_eq!(units, [67, 4]);
}

/// Work is counted in units of text, not in seconds: what is cut from a text ten times as long
/// must be the same parts, each found by looking at its own part only.
#[test]
fn one_repeated_cluster_is_cut_alike_however_long_the_text() {
    let clusters = ["👨‍👩‍👧‍👦", "🇺🇳", "e\u{301}\u{302}\u{303}", "\r\n", "क्षि", "\u{1F3FB}", "{", "a b"];
    for cluster in clusters {
        for boundary in BOUNDARIES {
            let options = SplitOptions::new().boundary(boundary);
            let text = cluster.repeat(600);
            let Ok(parts) = split(&text, options) else { continue };
            let lengths: Vec<_> = parts.map(|part| part.text.len()).collect();
            let longer = cluster.repeat(1200);
            if let Ok(more) = split(&longer, options) {
                let again: Vec<_> = more.map(|part| part.text.len()).collect();
                assert_eq!(again[..lengths.len() - 1], lengths[..lengths.len() - 1], "{cluster:?}");
            }
        }
    }
}

#[test]
fn hundred_kilobytes_of_anything_give_an_answer() {
    for cluster in ["😀", "🇺🇳", "\u{301}", "👨‍👩‍👧‍👦", "a", "\u{1B}", "{", "\u{200D}"]
    {
        let text = cluster.repeat(100_000 / cluster.len());
        let analysis = analyze(&text);
        assert!(analysis.segments > MAX_PARTS);
        for boundary in BOUNDARIES {
            let result = split(&text, SplitOptions::new().boundary(boundary));
            assert!(matches!(result, Err(Error::TooManyParts { .. })), "{cluster:?}");
        }
    }
}

#[test]
fn a_cluster_longer_than_a_part_falls_back_to_code_points() {
    let text = format!("a{}", "\u{301}".repeat(200));
    for boundary in BOUNDARIES {
        let options = SplitOptions::new().boundary(boundary);
        let units: Vec<_> = split(&text, options).unwrap().map(|part| part.units).collect();
        assert_eq!(units, [67, 67, 67]);
    }
}
