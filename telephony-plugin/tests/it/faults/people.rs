//! People who text, each one text after the other, and what is said to them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::client::{Client, text};
use crate::outside::{AGENT, Moment};
use crate::seed::Seed;

use super::drive::World;

/// How long a carrier tries to have a text taken.
const PATIENCE: Duration = Duration::from_secs(90);

pub fn number(sender: usize) -> String {
    format!("+1555000{sender:04}")
}

/// The texts are their ids.
pub fn id(sender: usize, count: usize) -> String {
    format!("SM{sender:02}{count:02}")
}

/// What is said to each text: the same however often and in whatever order they come.
#[derive(Debug, Clone, Copy)]
pub struct Replies {
    pub salt: u64,
    /// How many of a hundred texts are failed at first.
    pub failing: usize,
}

impl Replies {
    /// How many words are said to a text, and whether it is failed at first.
    pub fn to(self, text: &str) -> (usize, bool) {
        let mix = |sum: u64, byte: u8| sum.wrapping_mul(31).wrapping_add(u64::from(byte));
        let mut own = Seed::new(text.bytes().fold(self.salt, mix));
        (own.one_of(&[1, 1, 3, 25, 35]), own.percent(self.failing))
    }

    /// Words that tell to what they are said, at which time of asking, and where they stand.
    pub fn say(self, times: usize, text: &str) -> Option<String> {
        let (words, fails) = self.to(text);
        let words = (0..words).map(|word| format!("{text}.{times}.{word:03}"));
        (!fails || times > 1).then(|| words.collect::<Vec<_>>().join(" "))
    }
}

/// Has all texts of a sender taken, one after the other, as their carrier would: what is not
/// acknowledged is posted again, and sometimes what is as well.
pub fn texts(world: &World, sender: usize, count: usize, mut seed: Seed) {
    let mut client = None;
    for count in 0..count {
        std::thread::sleep(Duration::from_millis(seed.within(0, 60).try_into().unwrap()));
        let request = text(&id(sender, count), &number(sender), AGENT);
        let started = Instant::now();
        let mut times = 1 + usize::from(seed.percent(10));
        while times > 0 && !world.is_over() {
            assert!(started.elapsed() < PATIENCE, "{} is never taken", id(sender, count));
            match post(&mut client, world.address(), &request) {
                Some(200) => {
                    times -= 1;
                    world.acknowledged(&id(sender, count));
                    world.carrier.fuse().reach(Moment::Acknowledged);
                }
                Some(503) | None => std::thread::sleep(Duration::from_millis(20)),
                Some(status) => panic!("{} was answered {status}", id(sender, count)),
            }
        }
    }
}

/// The status of an answer, if there is one; on the connection of before, if that is still good.
pub fn post(kept: &mut Option<Client>, address: SocketAddr, request: &[u8]) -> Option<u16> {
    let mut client = match kept.take() {
        Some(client) => client,
        None => Client::connect(address).ok()?,
    };
    let answer = client.exchange(request).ok()?;
    *kept = (!answer.closes).then_some(client);
    Some(answer.status)
}
