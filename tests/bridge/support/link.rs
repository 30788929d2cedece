//! How a story comes to its contacts: by an import, or by a login as people do it.

use ilink_simulator::Phone;
use matrix_appservice_wechat::store::{Store, transfer::import_lines};
use serde_json::json;

use super::{bridge::World, person::Person};

impl World {
    /// Links `name`'s phone for `person`: the login comes from another installation, which is much
    /// quicker than a QR code, and the bridge makes its room when it starts. A bridge that runs is
    /// stopped before. Returns the phone and the portal room, which the person has joined.
    pub(crate) async fn link(&mut self, person: &Person, name: &str) -> (Phone, String) {
        let [linked] = self.link_all(person, [name]).await;
        linked
    }

    /// Links several phones at once.
    pub(crate) async fn link_all<const N: usize>(
        &mut self,
        person: &Person,
        names: [&str; N],
    ) -> [(Phone, String); N] {
        if self.runs() {
            self.stop().await;
        }
        let phones = names.map(|name| self.phone_of(person, name));
        let lines: Vec<_> = std::iter::zip(&phones, names)
            .map(|(phone, name)| self.exported(person, phone, name))
            .collect();
        let store = Store::open(&self.store_path()).unwrap();
        let lines = lines.join("\n");
        let report =
            import_lines(&store, lines.as_bytes(), &|_, _| Ok(()), self.clock.now()).await.unwrap();
        assert_eq!((report.added, report.errors.len()), (N, 0));
        store.close().await.unwrap();
        drop(store);
        let known = person.rooms();
        self.resume().await;
        let bot = self.bot();
        let mut linked = Vec::new();
        for (phone, name) in std::iter::zip(phones, names) {
            // The bot's first words there name the contact.
            let greeted = |room: &String| {
                let mut notices = person.notices(room, &bot).into_iter();
                !known.contains(room) && notices.any(|m| m.body().contains(name))
            };
            let portal = || person.rooms().into_iter().find(greeted);
            linked.push((phone, person.until(&format!("the room of {name}"), portal).await));
        }
        linked.try_into().unwrap_or_else(|_| unreachable!("as many as there are names"))
    }

    /// Links `name`'s phone for `person`: the whole way from the command to the portal.
    pub(crate) async fn log_in(&self, person: &Person, name: &str) -> (Phone, String) {
        let phone = self.phone_of(person, name);
        let portal = self.link_phone(person, &phone, name).await;
        (phone, portal)
    }

    fn phone_of(&self, person: &Person, name: &str) -> Phone {
        self.simulator.phone(&format!("{name} of {}", person.user_id))
    }

    /// Returns a login as another installation would export it.
    fn exported(&self, person: &Person, phone: &Phone, name: &str) -> String {
        let token = phone.bind();
        json!({
            "owner": person.user_id,
            "bot_id": phone.bot_id().unwrap(),
            "token": token,
            "base_url": self.simulator.api_url(),
            "contact_id": phone.user_id(),
            "name": name,
        })
        .to_string()
    }
}
