//! `telephony segment`.

use assert_cmd::Command;
use serde_json::{Value, json};

const CASES: &str = include_str!("../data/segments.jsonl");

fn segment(arguments: &[&str], input: impl Into<Vec<u8>>) -> String {
    let mut command = Command::cargo_bin("telephony").unwrap();
    let output = command.arg("segment").args(arguments).write_stdin(input).assert().success();
    String::from_utf8(output.get_output().stdout.clone()).unwrap()
}

fn answers(arguments: &[&str], input: impl Into<Vec<u8>>) -> Vec<Value> {
    let mut all = vec!["--json"];
    all.extend(arguments);
    let output = segment(&all, input);
    output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn ask(arguments: &[&str], text: &str) -> Value {
    answers(arguments, json!({ "text": text }).to_string()).remove(0)
}

#[test]
fn every_case_is_answered_right() {
    let cases: Vec<Value> = CASES.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let narrow = answers(&[], CASES);
    let wide = answers(&["--reference", "16"], CASES);
    assert_eq!((narrow.len(), wide.len()), (cases.len(), cases.len()));
    for ((case, narrow), wide) in cases.iter().zip(&narrow).zip(&wide) {
        for key in ["encoding", "units", "segments", "part_units"] {
            assert_eq!(narrow[key], case[key], "{key} of {}", case["id"]);
        }
        assert_eq!(wide["segments"], case["segments_ref16"], "{}", case["id"]);
        let parts: Vec<&str> =
            narrow["parts"].as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect();
        assert_eq!(parts.concat(), case["text"].as_str().unwrap());
        assert_eq!(narrow["first_non_gsm"].is_null(), case["encoding"] == "GSM-7");
    }
}

#[test]
fn the_character_that_forced_ucs2_is_named() {
    assert_eq!(ask(&[], "it’s")["first_non_gsm"], json!({ "offset": 2, "char": "’" }));
}

#[test]
fn a_bad_line_is_answered_on_its_line_and_the_next_goes_on() {
    let input = b"{\"text\":\"a\"}\nnot json\n{\"txt\":1}\n\n{\"text\":\"\\ud800\"}\n\xFF\n{\"text\":\"b\"}";
    let answers = answers(&[], *input);
    assert_eq!(answers.len(), 7);
    for (index, answer) in answers.iter().enumerate() {
        let good = index == 0 || index == 6;
        assert_eq!(answer["error"].is_null(), good, "{answer}");
        assert_eq!(answer["encoding"].is_null(), !good, "{answer}");
    }
    assert!(answers[2]["error"].as_str().unwrap().contains("text"));
}

#[test]
fn too_many_parts_is_an_error_on_that_line() {
    let answer = ask(&[], &"a".repeat(40_000));
    assert!(answer["error"].as_str().unwrap().contains("255"), "{answer}");
}

#[test]
fn numbered_parts_say_their_number_and_fit() {
    let text = "word ".repeat(60);
    let answer = ask(&["--mode", "multi", "--numbering"], &text);
    assert_eq!(answer["messages"], 2);
    assert!(answer["parts"][1].as_str().unwrap().starts_with("[2/2] "));
    assert!(answer["part_units"].as_array().unwrap().iter().all(|u| u.as_u64().unwrap() <= 160));
}

#[test]
fn a_length_is_kept() {
    let answer = ask(&["--max-length", "10"], "abcdefghijklmnop");
    assert_eq!((&answer["parts"][0], &answer["truncated"]), (&json!("abcdefg..."), &json!(true)));
}

#[test]
fn a_person_sees_borders_and_culprits_without_colour_in_a_pipe() {
    let drawn = segment(&[], format!("{}it’s\n", "abc ".repeat(20)));
    assert!(drawn.starts_with("UCS-2, 2 segments, 84 units"), "{drawn}");
    assert!(drawn.contains("»’«"), "{drawn}");
    assert!(drawn.contains("U+2019 at byte 82: write \"'\""), "{drawn}");
    assert!(drawn.contains("save 1 segment"), "{drawn}");
    assert!(!drawn.contains('\u{1B}'), "{drawn}");
}

#[test]
fn bad_usage_exits_with_2() {
    let mut command = Command::cargo_bin("telephony").unwrap();
    command.args(["segment", "--reference", "12", "x"]).assert().code(2);
}
