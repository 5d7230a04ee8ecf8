//! Whatever happens in whatever order, nothing is sent twice and every number is sent to in order.

use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;

use super::*;

/// What may happen next. A part that is on its way is meant by its place among those that are.
#[derive(Debug, Clone)]
enum Step {
    Enqueue {
        to: u32,
        parts: usize,
    },
    Claim {
        limit: usize,
    },
    Sent(prop::sample::Index),
    NotSent(prop::sample::Index),
    GivenBack(prop::sample::Index),
    Resume(prop::sample::Index),
    Refused(prop::sample::Index),
    Unknown(prop::sample::Index),
    /// The carrier reports on what it has.
    Reported(prop::sample::Index),
    /// Whoever asked for it waits no longer.
    Withdrawn(prop::sample::Index),
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..3u32, 1..4usize).prop_map(|(to, parts)| Step::Enqueue { to, parts }),
        4 => (1..4usize).prop_map(|limit| Step::Claim { limit }),
        3 => any::<prop::sample::Index>().prop_map(Step::Sent),
        2 => any::<prop::sample::Index>().prop_map(Step::NotSent),
        2 => any::<prop::sample::Index>().prop_map(Step::GivenBack),
        2 => any::<prop::sample::Index>().prop_map(Step::Resume),
        1 => any::<prop::sample::Index>().prop_map(Step::Refused),
        1 => any::<prop::sample::Index>().prop_map(Step::Unknown),
        2 => any::<prop::sample::Index>().prop_map(Step::Reported),
        1 => any::<prop::sample::Index>().prop_map(Step::Withdrawn),
        1 => Just(Step::Crash),
    ]
}

/// The order in which parts were written down, by number, and how far each has come.
#[derive(Debug, Default)]
struct Model {
    waiting: HashMap<PhoneNumber, Vec<String>>,
    on_their_way: Vec<Claimed>,
    ended: HashSet<String>,
    /// The carrier's ids of what it has.
    sent: Vec<String>,
    /// What waits to be asked for again: by when it was written down.
    given_back: BTreeMap<usize, (u32, Vec<String>)>,
}

/// Every other send is repeated by whoever asked for it.
fn is_theirs(at: usize) -> bool {
    at.is_multiple_of(2)
}

/// When the send of a part was written down, and the part's place in it.
fn place(text: &str) -> (usize, usize) {
    let (at, part) = text.split_once(' ').unwrap();
    (at.parse().unwrap(), part.parse().unwrap())
}

fn written_down(at: usize, to: u32, texts: &[&str]) -> NewSend {
    if is_theirs(at) {
        let source = Source::Queued(format!("key{at}").parse().unwrap());
        return send(to, source, texts).asked("text", &[]).retried_by_asker();
    }
    send(to, Source::Once, texts)
}

impl Model {
    /// A part was handed out: it is the first of its number, and nothing else is on its way there.
    fn claimed(&mut self, claimed: Claimed) {
        let text = claimed.part.body.as_str();
        assert!(!self.ended.contains(text), "{text} has ended");
        assert!(self.on_their_way.iter().all(|other| other.to != claimed.to), "{text} is second");
        assert_eq!(self.waiting[&claimed.to].first().map(String::as_str), Some(text));
        self.on_their_way.push(claimed);
    }

    fn ends(&mut self, to: &PhoneNumber, ends: impl Fn(&str) -> bool) {
        let waiting = self.waiting.get_mut(to).unwrap();
        self.ended.extend(waiting.extract_if(.., |text| ends(text)));
    }

    /// What waits of a send is given back.
    fn give_back(&mut self, at: usize) {
        for to in 0..3 {
            let Some(waiting) = self.waiting.get_mut(&number(to)) else { continue };
            let texts: Vec<_> = waiting.extract_if(.., |text| place(text).0 == at).collect();
            if !texts.is_empty() {
                self.given_back.entry(at).or_insert((to, Vec::new())).1.extend(texts);
            }
        }
    }

    fn take(&mut self, index: prop::sample::Index) -> Option<Claimed> {
        let count = self.on_their_way.len();
        (count > 0).then(|| self.on_their_way.remove(index.index(count)))
    }
}

async fn run(ledger: Ledger, steps: Vec<Step>) {
    let mut model = Model::default();
    for (at, step) in steps.into_iter().enumerate() {
        match step {
            Step::Enqueue { to, parts } => {
                let texts: Vec<_> = (0..parts).map(|part| format!("{at} {part}")).collect();
                let texts: Vec<_> = texts.iter().map(String::as_str).collect();
                add(&ledger, &at.to_string(), written_down(at, to, &texts)).await;
                let waiting = model.waiting.entry(number(to)).or_default();
                waiting.extend(texts.into_iter().map(str::to_owned));
            }
            Step::Claim { limit } => {
                let claimed = ledger.claim(NOW, everyone(), limit).await.unwrap();
                let on_their_way = model.on_their_way.len();
                let lanes = model.waiting.values().filter(|waiting| !waiting.is_empty()).count();
                assert_eq!(claimed.len(), limit.min(lanes - on_their_way), "none is held back");
                claimed.into_iter().for_each(|claimed| model.claimed(claimed));
            }
            Step::Sent(index) => {
                let Some(claimed) = model.take(index) else { continue };
                sent(&ledger, &claimed, &format!("id{at}")).await;
                model.sent.push(format!("id{at}"));
                model.ends(&claimed.to, |text| text == claimed.part.body.as_str());
            }
            Step::NotSent(index) => {
                let Some(claimed) = model.take(index) else { continue };
                ledger.not_sent(claimed.this(), NOW, "busy".to_owned(), NOW).await.unwrap();
            }
            Step::GivenBack(index) => {
                let Some(claimed) = model.take(index) else { continue };
                let at = place(claimed.part.body.as_str()).0;
                if is_theirs(at) {
                    let reason = "busy".to_owned();
                    ledger.given_back(claimed.this(), reason, NOW).await.unwrap();
                    model.give_back(at);
                } else {
                    model.on_their_way.push(claimed);
                }
            }
            Step::Resume(index) => {
                if model.given_back.is_empty() {
                    continue;
                }
                let key = index.index(model.given_back.len());
                let earlier = *model.given_back.keys().nth(key).unwrap();
                let (to, texts) = model.given_back.remove(&earlier).unwrap();
                let again = enqueue(&ledger, "again", written_down(earlier, to, &[]), NOW).await;
                assert_eq!(again, Enqueued::Existing(id(&earlier.to_string())));
                let waiting = model.waiting.entry(number(to)).or_default();
                waiting.extend(texts);
                waiting.sort_by_key(|text| place(text));
            }
            Step::Refused(index) => {
                let Some(claimed) = model.take(index) else { continue };
                ledger.refused(claimed.this(), "no".to_owned(), NOW).await.unwrap();
                let send = claimed.part.body.as_str().split(' ').next().unwrap().to_owned();
                model.ends(&claimed.to, |text| text.split(' ').next() == Some(&send));
            }
            Step::Unknown(index) => {
                let Some(claimed) = model.take(index) else { continue };
                ledger.unknown(claimed.this(), "?".to_owned(), NOW).await.unwrap();
                model.ends(&claimed.to, |text| text == claimed.part.body.as_str());
            }
            Step::Reported(index) => {
                if model.sent.is_empty() {
                    continue;
                }
                let provider_id: &String = index.get(&model.sent);
                let report = update(provider_id, MessageStatus::Sent, None);
                assert!(ledger.apply(report, NOW).await.unwrap().is_some());
            }
            Step::Withdrawn(index) => {
                let theirs: Vec<_> = (0..at).filter(|at| is_theirs(*at)).collect();
                if theirs.is_empty() {
                    continue;
                }
                let earlier = *index.get(&theirs);
                ledger.withdraw(&id(&earlier.to_string()), NOW).await.unwrap();
                let is_of = |claimed: &Claimed| place(claimed.part.body.as_str()).0 == earlier;
                if !model.on_their_way.iter().any(is_of) {
                    model.give_back(earlier);
                }
            }
            Step::Crash => {
                let lost = std::mem::take(&mut model.on_their_way);
                assert_eq!(ledger.recover(later(60), later(60)).await.unwrap().0, lost.len());
                for claimed in lost {
                    model.ends(&claimed.to, |text| text == claimed.part.body.as_str());
                }
                (0..at).filter(|at| is_theirs(*at)).for_each(|at| model.give_back(at));
            }
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_sent_twice_or_out_of_order(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(in_memory(), steps));
    }
}
