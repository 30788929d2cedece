//! The link page of a login, as somebody sees it who is not in the room.

use serde_json::Value;

use crate::support::{Person, World, synapse::Synapse};

/// The news of a page, one after the other.
struct Page {
    address: String,
    stream: reqwest::Response,
    unread: String,
}

impl Page {
    async fn open(address: &str) -> Self {
        let stream = client().get(format!("{address}/events")).send().await.unwrap();
        assert_eq!(stream.status(), 200);
        Self { address: address.to_owned(), stream, unread: String::new() }
    }

    /// Reads the next state; `None` when the page has ended.
    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some((event, rest)) = self.unread.split_once("\n\n") {
                let news = event.strip_prefix("data: ").map(|json| json.parse().unwrap());
                self.unread = rest.to_owned();
                match news {
                    Some(news) => return Some(news),
                    None => continue, // Only a sign of life.
                }
            }
            let chunk = self.stream.chunk().await.unwrap()?;
            self.unread.push_str(&String::from_utf8(chunk.into()).unwrap());
        }
    }

    async fn wait(&mut self, state: &str) -> Value {
        loop {
            let news = self.next().await.unwrap_or_else(|| panic!("no {state} came"));
            if news["state"] == state {
                return news;
            }
        }
    }

    async fn enter(&self, digits: &str) -> u16 {
        let request = client().post(format!("{}/digits", self.address));
        request.body(digits.to_owned()).send().await.unwrap().status().as_u16()
    }

    async fn status(&self) -> u16 {
        client().get(&self.address).send().await.unwrap().status().as_u16()
    }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

async fn world_with_pages() -> World {
    let mut world = World::start().await;
    let listen = world.slot.listen;
    let section = format!("[bridge]\npublic_url = \"http://{listen}/\"\n[bridge.permissions]");
    world.reconfigure(|config| config.replace("[bridge.permissions]", &section)).await;
    world
}

fn address_in(caption: &str, world: &World) -> String {
    let start = format!("http://{}/link/", world.slot.listen);
    let found = caption.split_whitespace().find(|word| word.starts_with(&start));
    found.unwrap_or_else(|| panic!("no page in {caption}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_shows_the_code_asks_for_the_digits_and_ends_with_the_login() {
    let world = world_with_pages().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let phone = world.simulator.phone("Mum");
    phone.require_digits("4711");
    let linking = world.begin(&alice, "login Mum").await;
    let caption = alice.wait(&linking.room, |m| m.id() == linking.message).await;
    let mut page = Page::open(&address_in(caption.body(), &world)).await;
    assert_eq!(page.status().await, 200);
    assert_eq!(page.enter("4711").await, 409, "no digits are wanted yet");

    let code = page.wait("code").await;
    assert_eq!(code["url"], linking.url.as_str());
    assert!(code["picture"].as_str().unwrap().starts_with("data:image/svg+xml;base64,"));
    phone.scan(&linking.url).await.unwrap();
    assert_eq!(page.wait("digits").await["wrong"], false);
    assert_eq!(page.enter("not digits").await, 409);
    assert_eq!(page.enter("1234").await, 204);
    assert_eq!(page.wait("digits").await["wrong"], true);
    assert_eq!(page.enter("4711").await, 204);
    page.wait("scanned").await;
    let rooms = alice.rooms();
    phone.confirm().await.unwrap();
    page.wait("done").await;
    assert_eq!(page.next().await, None, "the login is over");
    alice.wait_new_room(&rooms).await;
    alice.wait_removed(&linking.room, &linking.message).await;
    assert_eq!(page.status().await, 404);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_goes_on_when_the_pictures_in_the_room_are_used_up() {
    let mut world = world_with_pages().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let linking = world.begin(&alice, "login Mum").await;
    let caption = alice.wait(&linking.room, |m| m.id() == linking.message).await;
    let address = address_in(caption.body(), &world);
    let mut page = Page::open(&address).await;
    let mut shown = linking.url.clone();
    for _ in 0..4 {
        page.wait("code").await;
        world.simulator.expire_qr();
        shown = world.simulator.wait_other_qr(&shown).await;
    }
    page.wait("code").await;
    let gone = alice.wait_edit(&linking.room, &linking.message, "I show no more codes here").await;
    assert_eq!(
        address_in(gone.content()["m.new_content"]["body"].as_str().unwrap(), &world),
        address
    );

    // The address outlives a restart of the bridge.
    world.stop().await;
    assert_eq!(page.next().await, None, "a stop is not the end of the login");
    world.resume().await;
    let mut page = Page::open(&address).await;
    page.wait("code").await;
    alice.say(&linking.room, "cancel").await;
    page.wait("over").await;
    assert_eq!(page.status().await, 404);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_public_address_there_is_no_page() {
    let world = World::start().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let linking = world.begin(&alice, "login Mum").await;
    let caption = alice.wait(&linking.room, |m| m.id() == linking.message).await;
    assert!(!caption.body().contains("/link/"), "{}", caption.body());
    let listen = world.slot.listen;
    let address = format!("http://{listen}/link/AAAAAAAAAAAAAAAAAAAAAA");
    assert_eq!(client().get(address).send().await.unwrap().status(), 404);
    world.end().await;
}
