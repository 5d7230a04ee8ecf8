//! What has to hold of a seed, whatever went wrong.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::carrier::Taken;
use super::people::{Replies, id, number};

/// The statuses of texts by the carrier's id, as far as they are known.
pub type Statuses = HashMap<String, String>;

/// How far a status is at its end; nothing where it is none.
fn end(status: &str) -> Option<usize> {
    ["failed", "undelivered", "delivered"].iter().position(|end| *end == status)
}

/// What had ended has ended still.
pub fn no_end_is_undone(before: &Statuses, after: &Statuses) {
    for (id, status) in before {
        let Some(was) = end(status) else { continue };
        let is = after.get(id).and_then(|status| end(status));
        assert!(is.is_some_and(|is| is >= was), "{id} was {status} and is {:?}", after.get(id));
    }
}

/// What was acknowledged as an end is the end.
pub fn every_end_is_known(reported: &HashMap<String, &'static str>, statuses: &Statuses) {
    for (id, status) in reported {
        assert_eq!(statuses.get(id).map(String::as_str), Some(*status), "{id}");
    }
}

/// Every text that was acknowledged was handled, and each sender's for the first time in order.
pub fn all_is_handled_in_order(
    acknowledged: &HashSet<String>,
    handled: &[String],
    senders: usize,
    texts: usize,
) {
    let lost: Vec<_> = acknowledged.iter().filter(|id| !handled.contains(id)).collect();
    assert!(lost.is_empty(), "acknowledged and never handled: {lost:?}");
    for sender in 0..senders {
        let own = &id(sender, 0)[..4];
        let mut first: Vec<&String> = Vec::new();
        for text in handled.iter().filter(|text| text.starts_with(own)) {
            if !first.contains(&text) {
                first.push(text);
            }
        }
        let expected: Vec<_> = (0..texts).map(|count| id(sender, count)).collect();
        assert!(first.into_iter().eq(&expected), "sender {sender}: {handled:?}");
    }
}

/// A word of a reply: to which text, at which time of asking, where it stands.
fn word(word: &str) -> Option<(&str, usize, usize)> {
    let mut pieces = word.split('.');
    let (text, times, place) =
        (pieces.next()?, pieces.next()?.parse().ok()?, pieces.next()?.parse().ok()?);
    text.starts_with("SM").then_some((text, times, place))
}

/// No part came to the carrier twice, each person's came in order, those to one text are of one reply,
/// and none is missing but what is known to be unknown.
pub fn replies_came_once_and_in_order(
    taken: &[Taken],
    replies: Replies,
    acknowledged: &HashSet<String>,
    unknown: usize,
) {
    let mut last: BTreeMap<&str, (&str, usize, usize)> = BTreeMap::new();
    let mut came: HashMap<&str, HashSet<usize>> = HashMap::new();
    for Taken { to, body, .. } in taken {
        let words: Vec<_> = body.split_whitespace().filter_map(word).collect();
        assert!(!words.is_empty(), "{body}");
        for (text, times, place) in words {
            let sender: usize = text[2..4].parse().unwrap();
            assert_eq!(*to, number(sender), "{body}");
            if let Some(before) = last.insert(to, (text, times, place)) {
                let is_next = (before.0, before.2) < (text, place);
                assert!(
                    is_next,
                    "{to} had {before:?}, and then {text} {times} {place}: {taken:#?}"
                );
                assert!(before.0 != text || before.1 == times, "two replies to {text}: {taken:#?}");
            }
            came.entry(text).or_default().insert(place);
        }
    }
    let is_whole = |id: &&String| came.get(id.as_str()).map_or(0, HashSet::len) == replies.to(id).0;
    let missing: Vec<_> = acknowledged.iter().filter(|id| !is_whole(id)).collect();
    assert!(
        missing.len() <= unknown,
        "{unknown} are unknown, and missing are {missing:?}: {taken:#?}"
    );
}
