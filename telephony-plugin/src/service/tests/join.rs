//! Texts that follow each other are one turn, whole, whatever comes in between.

use super::*;

const WINDOW: Duration = Duration::from_millis(1_500);

/// Long enough that nothing said before is joined to what is said after.
const LONG: Duration = Duration::from_secs(10);

fn joining() -> Value {
    json!({ "inboundPolicy": "open", "sms": { "joinWindowMs": 1_500 } })
}

impl Scene {
    /// Lets time pass, for whoever asks the clock and for whoever sleeps.
    async fn pass(&self, time: Duration) {
        self.clock.advance(time);
        tokio::time::advance(time).await;
        self.service.arrived.notify_one();
    }

    /// Waits until the inbox has leased what it can.
    async fn until_taken(&self) {
        let now = self.clock.now();
        let next = async || self.service.inbox.next_due(now).await.unwrap();
        eventually(async || next().await.is_none_or(|due| due > now)).await;
    }

    /// Ends everything at once, as a crash does.
    async fn crash(self) {
        self.running.abort();
        assert!(self.running.await.unwrap_err().is_cancelled());
    }

    fn ids(&self) -> Vec<String> {
        self.handler.came.lock().unwrap().iter().map(|(id, _)| id.clone()).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn three_quick_texts_are_one_turn_with_one_reply() {
    let scene = Scene::start(joining());
    let first = scene.text(1, "Hello").await;
    scene.until_taken().await;
    scene.text(2, "I am somebody else").await;
    for text in ["it is me", "are you there?"] {
        scene.pass(WINDOW / 3).await;
        scene.text(1, text).await;
    }
    scene.until_taken().await;
    assert_eq!((scene.asked().len(), scene.service.sessions()), (0, 0), "no place is held");
    scene.pass(WINDOW / 3).await;
    scene.until_done(4).await;
    let mut asked = scene.asked();
    asked.sort_unstable();
    assert_eq!(asked, ["Hello\nit is me\nare you there?", "I am somebody else"]);
    assert!(scene.ids().contains(&first.to_string()));
    eventually(async || scene.sent().len() == 2).await;

    // What comes after the window is a turn of its own, and waits for its own next.
    scene.text(1, "Later").await;
    scene.until_taken().await;
    assert_eq!(scene.asked().len(), 2);
    scene.pass(WINDOW).await;
    scene.until_done(5).await;
    assert_eq!(scene.asked()[2], "Later");
}

#[tokio::test(start_paused = true)]
async fn what_came_within_the_window_is_joined_and_what_came_later_is_not() {
    let scene = Scene::start(joining());
    scene.handler.let_through.forget_permits(1_000);
    scene.text(1, "a turn that takes its time").await;
    scene.until_taken().await;
    scene.pass(LONG).await;
    eventually(async || scene.asked().len() == 1).await;
    for text in ["one", "two"] {
        scene.text(1, text).await;
        scene.pass(WINDOW).await;
    }
    scene.text(1, "three, in time for the second").await;
    scene.pass(LONG).await;
    scene.handler.let_through.add_permits(1_000);
    scene.until_done(4).await;
    assert_eq!(scene.asked()[1..], ["one\ntwo", "three, in time for the second"]);
}

#[tokio::test(start_paused = true)]
async fn without_a_window_nothing_is_joined() {
    let scene = Scene::start(json!({ "inboundPolicy": "open" }));
    for text in ["one", "two", "three"] {
        scene.text(1, text).await;
    }
    scene.until_done(3).await;
    assert_eq!(scene.asked(), ["one", "two", "three"]);
}

#[tokio::test(start_paused = true)]
async fn commands_and_words_for_the_carrier_stand_alone() {
    let scene = Scene::start(joining());
    for text in ["one", "two", "/stop", "three", "STOP", "START", "four"] {
        scene.text(1, text).await;
    }
    // One turn after the other: each waits for those before, and none for more than the window.
    scene.until_taken().await;
    scene.pass(WINDOW).await;
    scene.until_done(7).await;
    assert_eq!(scene.asked(), ["one\ntwo", "/stop", "three", "four"]);

    // Alone, they wait for nothing.
    scene.text(2, "/new").await;
    scene.text(3, "stop").await;
    scene.until_done(9).await;
    assert_eq!(scene.asked()[4..], ["/new"]);
    let account = AccountId::default_account();
    let opted_out = scene.service.ledger.opted_out(&account, 10).await.unwrap();
    assert_eq!(opted_out.len(), 1, "the first has opted in again");
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_fails_comes_again_whole_and_no_longer() {
    let scene = Scene::start(joining());
    scene.handler.failures.store(1, Ordering::SeqCst);
    let first = scene.text(1, "one").await;
    scene.text(1, "two").await;
    scene.until_taken().await;
    scene.pass(WINDOW).await;
    eventually(async || scene.asked().len() == 1).await;
    let now = scene.clock.now();
    let again = now.saturating_add(Duration::from_secs(1));
    let next = async || scene.service.inbox.next_due(now).await.unwrap();
    eventually(async || next().await == Some(again)).await;
    assert_eq!(scene.done().await, 0);
    // Said to have come in time, and written down too late to be part of the first try.
    let late = scene.clock.now();
    scene.clock.set(NOW);
    scene.text(1, "three").await;
    scene.clock.set(late);
    scene.pass(Duration::from_secs(1)).await;
    scene.until_done(3).await;
    assert_eq!(scene.asked(), ["one\ntwo", "one\ntwo", "three"]);
    assert_eq!(scene.ids()[..2], [first.to_string(), first.to_string()]);
    eventually(async || scene.sent() == ["re: one\ntwo", "re: three"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_loses_nothing_and_asks_nothing_again_that_was_done() {
    let database = Database::in_memory().unwrap();
    let start = async || {
        database.take_over(NOW).await.unwrap();
        Scene::over(database.clone(), joining())
    };
    let scene = start().await;
    let first = scene.text(1, "one").await;
    scene.text(1, "two").await;
    scene.until_taken().await;
    // While it waits for more.
    scene.crash().await;
    let scene = start().await;
    scene.until_taken().await;
    scene.handler.let_through.forget_permits(1_000);
    scene.pass(WINDOW).await;
    eventually(async || scene.asked() == ["one\ntwo"]).await;
    // While the agent has it.
    scene.crash().await;
    let scene = start().await;
    scene.until_done(2).await;
    assert_eq!(scene.asked(), ["one\ntwo"], "what was decided once is waited for no more");
    assert_eq!(scene.ids(), [first.to_string()]);
    eventually(async || scene.sent() == ["re: one\ntwo"]).await;
    // When it is done.
    scene.crash().await;
    let scene = start().await;
    scene.count.store(100, Ordering::SeqCst);
    scene.text(1, "STOP").await;
    scene.until_done(3).await;
    assert_eq!((scene.asked().len(), scene.sent().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn pictures_come_along_in_order() {
    let scene = Scene::start(joining());
    let from = "+15550000001";
    let picture = |name: &str| format!("https://example.com/{name}.jpg");
    let all = ["a", "b", "c"].map(picture);
    scene.message_from(from, "", &[&all[0], &all[1]]).await;
    scene.text_from(from, "what is this?").await;
    scene.message_from(from, "and this?", &[&all[2]]).await;
    scene.until_taken().await;
    scene.pass(WINDOW).await;
    scene.until_done(3).await;
    assert_eq!(scene.asked(), ["what is this?\nand this?"]);
    assert_eq!(scene.handler.came.lock().unwrap()[0].1, all);
}
