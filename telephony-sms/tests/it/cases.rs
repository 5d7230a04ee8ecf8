//! The segmentation cases: texts with the encoding, units and parts that carriers give them.

use serde_json::Value;
use telephony_sms::{Reference, SplitOptions, analyze, analyze_with_reference, split};

const CASES: &str = include_str!("../data/segments.jsonl");

#[test]
fn every_case_holds() {
    let mut checked = 0;
    for line in CASES.lines() {
        let case: Value = serde_json::from_str(line).expect("a case is JSON");
        let text = case["text"].as_str().expect("a case has a text");
        let id = &case["id"];
        let number = |key: &str| case[key].as_u64().expect("a number") as usize;

        let analysis = analyze(text);
        assert_eq!(analysis.encoding.as_str(), case["encoding"], "encoding of {id}");
        assert_eq!(analysis.units, number("units"), "units of {id}");
        assert_eq!(analysis.segments, number("segments"), "segments of {id}");
        let wide = analyze_with_reference(text, Reference::Bits16);
        assert_eq!(wide.segments, number("segments_ref16"), "16-bit segments of {id}");

        let parts: Vec<_> = split(text, SplitOptions::new()).expect("few parts").collect();
        let units: Vec<_> = parts.iter().map(|part| part.units).collect();
        let expected: Vec<usize> =
            serde_json::from_value(case["part_units"].clone()).expect("a list of numbers");
        assert_eq!(units, expected, "parts of {id}");
        assert_eq!(analysis.remaining, analysis.capacity - units[units.len() - 1]);
        assert_eq!(parts.iter().map(|part| part.text).collect::<String>(), text);
        checked += 1;
    }
    assert_eq!(checked, 1583);
}
