//! WeChat's server answers wrongly, late or not at all.

use ilink_simulator::{Fault, Phone, Reason};

use crate::support::{Person, Proxy, Trouble, World, synapse::Synapse};

/// A linked contact who has written once.
struct Chat {
    world: World,
    alice: Person,
    phone: Phone,
    portal: String,
    ghost: String,
}

impl Chat {
    async fn open() -> Self {
        let mut world = World::idle().await;
        let alice = Person::new(Synapse::shared().await, "alice").await;
        let (phone, portal) = world.link(&alice, "Mum").await;
        let ghost = alice.ghost_in(&world, &portal).await;
        phone.says("hello").await;
        alice.wait_words(&portal, &ghost, 1).await;
        phone.wait_acknowledged().await;
        Self { world, alice, phone, portal, ghost }
    }

    /// Writes from the phone while the polls meet these faults, and once more afterwards.
    async fn polls_meet(&self, faults: &[(Fault, u32)]) {
        for (fault, times) in faults {
            self.world.simulator.fault("getupdates", fault.clone(), *times);
        }
        let before = self.alice.words(&self.portal, &self.ghost).len();
        self.phone.says("during").await;
        self.phone.says("during, too").await;
        self.alice.wait_words(&self.portal, &self.ghost, before + 2).await;
        self.phone.says("after").await;
        let words = self.alice.wait_words(&self.portal, &self.ghost, before + 3).await;
        assert_eq!(words[before..], ["during", "during, too", "after"], "{faults:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poll_that_goes_wrong_loses_no_message() {
    let (quick, hanging, failing) = tokio::join!(Chat::open(), Chat::open(), Chat::open());
    let each = async {
        for fault in [Fault::Cut, Fault::Garbage, Fault::Empty, Fault::Refuse, Fault::Status(524)] {
            quick.polls_meet(&[(fault, 1)]).await;
        }
    };
    // A poll that hangs is given up after 45 seconds, the third failure in a row pauses for 30.
    let hang = hanging.polls_meet(&[(Fault::Hang, 1)]);
    let fail = failing.polls_meet(&[(Fault::Status(500), 2), (Fault::Status(503), 1)]);
    tokio::join!(each, hang, fail);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_whose_answer_is_lost_is_repeated_and_shown_once() {
    let chat = Chat::open().await;
    let simulator = &chat.world.simulator;
    let faults = [Fault::Cut, Fault::Garbage, Fault::Empty, Fault::Refuse, Fault::Status(500)];
    let mut expected = Vec::new();
    for (number, fault) in faults.into_iter().enumerate() {
        simulator.fault("sendmessage", fault, 1);
        for text in [format!("{number}, first"), format!("{number}, second")] {
            chat.alice.say(&chat.portal, &text).await;
            expected.push(text);
        }
        let shown = chat.phone.wait_shows(expected.len()).await;
        assert_eq!(shown.into_iter().map(|shown| shown.text).collect::<Vec<_>>(), expected);
        chat.phone.says("go on").await;
    }
    let odd = simulator.dropped();
    assert!(odd.iter().all(|entry| entry.reason == Reason::Repeated), "{odd:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_to_wechat_that_goes_wrong_costs_no_message_and_doubles_none() {
    let mut world = World::start().await;
    let server = world.simulator.api_url();
    let proxy = Proxy::to(&server).await;
    let (direct, through) = (server.trim_start_matches("http://"), proxy.address.as_str());
    world.reconfigure(|config| config.replace(direct, through)).await;
    world.simulator.set_base_url(Some(&proxy.url()));
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (phone, portal) = world.log_in(&alice, "Mum").await;
    let ghost = alice.ghost_in(&world, &portal).await;
    let (mut heard, mut sent) = (Vec::new(), Vec::new());
    for trouble in [
        Trouble::HalfClosed,
        Trouble::Slow,
        Trouble::Swallowed,
        Trouble::Cut,
        Trouble::Garbage,
        Trouble::Empty,
        Trouble::Page(502),
        Trouble::Hanging,
    ] {
        let before = proxy.met();
        // A poll that hangs is given up after 45 seconds; another story waits for that.
        let polls = trouble != Trouble::Hanging;
        if polls {
            proxy.trouble_times("getupdates", trouble, 1);
        }
        proxy.trouble_times("sendmessage", trouble, 1);
        for number in 0..2 {
            heard.push(format!("{trouble:?} {number}"));
            phone.says(&heard[heard.len() - 1]).await;
        }
        alice.wait_words(&portal, &ghost, heard.len()).await;
        for number in 0..2 {
            sent.push(format!("{trouble:?} back {number}"));
            alice.say(&portal, &sent[sent.len() - 1]).await;
        }
        proxy.wait_met(before + 1 + usize::from(polls)).await;
        let shown = phone.wait_shows(sent.len()).await;
        assert_eq!(shown.into_iter().map(|shown| shown.text).collect::<Vec<_>>(), sent);
        assert_eq!(alice.words(&portal, &ghost), heard);
    }
    let odd = world.simulator.dropped();
    assert!(odd.iter().all(|entry| entry.reason == Reason::Repeated), "{odd:?}");
}
