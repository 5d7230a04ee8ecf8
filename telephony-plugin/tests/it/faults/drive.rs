//! One seed: people who text, a carrier that reports, and what goes wrong meanwhile.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use telephony_plugin::control::{Kept, ask};
use telephony_plugin::state::StateDirectory;

use super::carrier::{Answer, Carrier};
use super::hold::{self, Statuses};
use super::people::{Replies, texts};
use super::plan::{Fault, Plan};
use super::reports::Reports;
use crate::running::{Home, Running};
use crate::seed::Seed;

/// How long everything may take to come right once nothing goes wrong any more.
const HEALING: Duration = Duration::from_secs(60);

/// How long is waited for the moment of a kill.
const MOMENT: Duration = Duration::from_millis(600);

/// All that is outside of a server, and what it was told.
pub struct World {
    pub carrier: Carrier,
    home: Arc<Home>,
    address: RwLock<SocketAddr>,
    acknowledged: Mutex<HashSet<String>>,
    reports: Reports,
    /// Whether nobody texts or reports any more.
    is_over: AtomicBool,
    runtime: tokio::runtime::Runtime,
}

/// Ends what runs beside a test that fails.
struct Ending<'a>(&'a World);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::SeqCst);
    }
}

/// Runs a seed, and fails where something does not hold.
pub fn run(plan: &Plan, mut seed: Seed) {
    let mut rough = Seed::new(seed.number());
    let chance = plan.rough;
    let answers = move || match rough.percent(chance) {
        true => rough.one_of(&Answer::ROUGH),
        false => Answer::Take,
    };
    let replies = Replies { salt: seed.number(), failing: plan.failing };
    let carrier = Carrier::start(answers, move |times, text| replies.say(times, text));
    let make = if plan.is_stepped { Home::stepped } else { Home::new };
    let home = make(&carrier.open(), &["--handler", &carrier.handler()]);
    let server = home.start();
    let world = World {
        carrier,
        home,
        address: RwLock::new(server.address),
        acknowledged: Mutex::default(),
        reports: Reports::default(),
        is_over: AtomicBool::default(),
        runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
    };
    let (server, statuses) = world.go(server, plan, &mut seed);
    let unknown = world.status()["outbox"]["unknown"].as_u64().unwrap();
    server.stop();
    let acknowledged = world.acknowledged.lock().unwrap();
    assert_eq!(acknowledged.len(), plan.senders * plan.texts);
    let (handled, taken) = (world.carrier.handled(), world.carrier.taken());
    hold::all_is_handled_in_order(&acknowledged, &handled, plan.senders, plan.texts);
    hold::replies_came_once_and_in_order(
        &taken,
        replies,
        &acknowledged,
        unknown.try_into().unwrap(),
    );
    hold::every_end_is_known(&world.reports.ended(), &statuses);
}

impl World {
    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// Where the server is, or was.
    pub fn address(&self) -> SocketAddr {
        *self.address.read().unwrap()
    }

    pub fn acknowledged(&self, id: &str) {
        self.acknowledged.lock().unwrap().insert(id.to_owned());
    }

    fn ask(&self, method: &str, params: &Value) -> Option<Value> {
        let state = StateDirectory::find(Some(&self.home.state())).unwrap();
        let kept = Kept::of_default_account(&state);
        self.runtime.block_on(ask(&state, &kept, method, params)).ok()
    }

    fn status(&self) -> Value {
        self.ask("telephony.status", &json!({})).unwrap()
    }

    /// What is known of each text that the carrier has.
    fn statuses(&self) -> Statuses {
        let taken = self.carrier.taken().into_iter();
        let known = taken.filter_map(|text| {
            let send = self.ask("telephony.message_status", &json!({ "id": text.id }))?;
            let parts = send["parts"].as_array()?;
            let part = parts.iter().find(|part| part["providerId"] == text.id.as_str())?;
            let status = part.pointer("/delivery/report/status")?.as_str()?.to_owned();
            Some((text.id, status))
        });
        known.collect()
    }

    /// Waits until nothing waits any more.
    fn settle(&self) {
        let started = Instant::now();
        while !self.is_idle() {
            let patient = started.elapsed() < HEALING;
            assert!(patient, "{} {}", self.status(), self.home.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Whether nothing waits, to be handled, sent or reported.
    fn is_idle(&self) -> bool {
        let Some(status) = self.ask("telephony.status", &json!({})) else { return false };
        let (inbox, outbox) = (&status["inbox"], &status["outbox"]);
        assert_eq!(inbox["failed"], 0, "{status}");
        inbox["waiting"] == 0
            && outbox["queued"] == 0
            && self.reports.are_done(self.carrier.taken().len())
    }

    /// Everything, until it has come right.
    fn go(&self, mut server: Running, plan: &Plan, seed: &mut Seed) -> (Running, Statuses) {
        std::thread::scope(|scope| {
            let ending = Ending(self);
            let people: Vec<_> = (0..plan.senders)
                .map(|sender| {
                    let seed = Seed::new(seed.number());
                    scope.spawn(move || texts(self, sender, plan.texts, seed))
                })
                .collect();
            let reporting = Seed::new(seed.number());
            scope.spawn(move || self.reports.run(self, reporting));
            let mut statuses = Statuses::new();
            for (pause, fault) in &plan.faults {
                std::thread::sleep(*pause);
                server = self.suffer(server, *fault);
                let now = self.statuses();
                hold::no_end_is_undone(&statuses, &now);
                statuses = now;
            }
            self.carrier.calm_down();
            if plan.is_stepped {
                self.home.step(0);
            }
            for person in people {
                person.join().unwrap();
            }
            self.settle();
            let healed = self.statuses();
            hold::no_end_is_undone(&statuses, &healed);
            // What is reported late of what has ended.
            for text in self.carrier.taken() {
                for status in ["queued", "sent"] {
                    assert!(self.reports.post(self, &text, status));
                }
            }
            self.settle();
            let late = self.statuses();
            hold::no_end_is_undone(&healed, &late);
            drop(ending);
            (server, late)
        })
    }

    /// Has something go wrong; the server after it.
    fn suffer(&self, mut server: Running, fault: Fault) -> Running {
        match fault {
            Fault::Kill(moment, times) => {
                self.carrier.fuse().set(moment, times, server.pid());
                let started = Instant::now();
                while !server.is_dead() && started.elapsed() < MOMENT {
                    std::thread::sleep(Duration::from_millis(1));
                }
                self.carrier.fuse().clear();
                if server.is_dead() {
                    server.died()
                } else {
                    server.kill()
                }
                self.start_again()
            }
            Fault::Stop => {
                server.stop();
                self.start_again()
            }
            Fault::Lock(time) => {
                let other = rusqlite::Connection::open(self.home.database()).unwrap();
                other.busy_timeout(HEALING).unwrap();
                other.execute_batch("BEGIN IMMEDIATE").unwrap();
                std::thread::sleep(time);
                other.execute_batch("COMMIT").unwrap();
                server
            }
            #[cfg(target_os = "linux")]
            Fault::Full(time) => {
                let log = self.home.database().with_extension("db-wal");
                let bytes = log.metadata().unwrap().len();
                crate::running::limit_files(server.pid(), Some(bytes));
                std::thread::sleep(time);
                crate::running::limit_files(server.pid(), None);
                server
            }
            #[cfg(not(target_os = "linux"))]
            Fault::Full(_) => server,
            Fault::Step(seconds) => {
                self.home.step(seconds);
                server
            }
        }
    }

    fn start_again(&self) -> Running {
        let server = self.home.start();
        *self.address.write().unwrap() = server.address;
        server
    }
}
