//! `telephony demo`: the whole conversation, in seconds.

use assert_cmd::Command;

fn demo(arguments: &[&str], typed: &str) -> String {
    let mut command = Command::cargo_bin("telephony").unwrap();
    let output = command.arg("demo").args(arguments).write_stdin(typed).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_short_conversation_is_played() {
    let shown = demo(&["--once"], "");
    for text in ["Your pairing code is ", "You are approved.", "You said: Hello again!"] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
}

#[test]
fn what_has_no_answer_holds_nobody_up() {
    let shown = demo(&[], "Hello\n\nHello?\n/approve AAAAAAAA\nSTOP\n");
    assert_eq!(shown.matches("Your pairing code is ").count(), 1, "{shown}");
    assert_eq!(
        shown.matches("(no answer; the owner approves with: /approve ").count(),
        2,
        "{shown}"
    );
    assert!(shown.contains("no request waits with this code"), "{shown}");
}
