//! An iLink API and CDN server, with phones: for the tests of the bridge, and for trying the bridge without WeChat.
//!
//! It is built from the protocol alone and shares no type with the bridge.
//! Where the real server is silent it is silent, too, and records what it dropped and why: [`Simulator::dropped`].
//!
//! # In a test
//!
//! ```no_run
//! # async fn story() -> Result<(), ilink_simulator::ScanError> {
//! let simulator = ilink_simulator::Simulator::start().await;
//! let alice = simulator.phone("alice");
//! // … a client at `simulator.api_url()` asks for a login …
//! alice.scan(&simulator.wait_qr().await).await?;
//! alice.confirm().await?;
//! alice.says("你好").await;
//! let shown = alice.wait_text("hello").await;
//! assert!(simulator.dropped().is_empty(), "{shown:?}");
//! # Ok(())
//! # }
//! ```
//!
//! # What is not known of the real server
//!
//! * A held poll ends when a newer one of its bot begins, when a fault is set, or when the hold time is over.
//! * A cursor stands for a place in a bot's log; a client that shows it again gets what came after it again.
//!   Without a cursor a poll continues after the newest place that was ever shown. A new binding has a new log.
//! * A poll without news has an empty `get_updates_buf`, which reveals a client that stores it.
//! * The window, the quota of 10 and context tokens belong to a binding: after a new login the user has to write first.
//! * A QR code lives 120 s; after three wrong numbers it is blocked.
//!
//! # Control routes
//!
//! JSON over HTTP at the API's address, for scripts; ids over 2^53 come as text.
//! An error is `{"error": "a sentence"}` with a status from 400 on.
//!
//! | Route | What it does |
//! | --- | --- |
//! | `GET /control/state` | overview: phones, waiting QR codes, counts, faults |
//! | `GET /control/phones` | phones with user id, bot, typing |
//! | `POST /control/phones` `{"name"}` | adds a phone; returns `user_id` |
//! | `GET /control/qr` | QR codes without a scan, newest last: `url`, `qrcode` |
//! | `GET /control/qr/ID.svg` | a QR code as an image |
//! | `POST /control/login` `{"next_scan": "redirect" or "binded"}`, `{"expire": true}` | what becomes of the next scan; ends every unfinished QR code |
//! | `POST /control/phones/NAME/scan` `{"qr"}` | scans this URL or id, or the newest code |
//! | `POST /control/phones/NAME/confirm` | confirms; waits for the digits where they are asked for |
//! | `POST /control/phones/NAME/digits` `{"digits"}`, `{"block": true}`, `{}` | the next scan asks for this number; is blocked; asks for none |
//! | `POST /control/phones/NAME/bind` | binds without a QR code; returns `bot_token` |
//! | `POST /control/phones/NAME/says` `{"text"}` | writes; returns `message_id` |
//! | `POST /control/phones/NAME/types` `{"text"}` | writes, or carries a control phrase out |
//! | `POST /control/phones/NAME/item` | sends the body as an item |
//! | `POST /control/phones/NAME/raw` | sends the body as a whole message, as it is |
//! | `POST /control/phones/NAME/quote` `{"message_id", "text", "whole"}` | quotes by id, or with the content |
//! | `POST /control/phones/NAME/image`, `/video`, `/file?name=`, `/voice?playtime_ms=&text=` | sends the body as media |
//! | `POST /control/inject` | a message for the phone of its `from_user_id`; missing envelope fields are filled in |
//! | `POST /control/media?key=HEX` | stores the body on the CDN; returns `encrypt_query_param`, `full_url`, `key_hex`, `media` |
//! | `GET /control/phones/NAME/shows`, `/chat` | messages of the bot; both ways |
//! | `GET /control/phones/NAME/media/INDEX` | decrypted media of a chat entry |
//! | `GET /control/phones/NAME/events` | the screen as server-sent events |
//! | `GET /control/sent`, `/control/typing` | bodies of `sendmessage` and `sendtyping` |
//! | `GET`, `DELETE /control/dropped` | what was dropped or noted, with its reason; forgets it |
//! | `GET`, `DELETE /control/requests` | every request as it came; forgets them |
//! | `POST /control/faults` | one fault, below |
//! | `DELETE /control/faults` | removes every fault |
//! | `POST /control/limits` | any of `unlimited`, `show_voice`, `consume_on_delivery`, `classic_upload`, `hold_ms`, `keep_requests`, `base_url` |
//! | `POST /control/advance` `{"seconds"}` | moves the clock |
//! | `POST /control/phones/NAME/expire_session`, `/expire_tokens` | ends the session; makes context tokens stale |
//!
//! A fault is `{"fault": NAME}` with `throttle` (`seconds`), `unconfirmed` (`times`), `duplicate` (`new_ids`) or
//! `reverse`; or `{"fault": NAME, "endpoint": E, "times": n}` with `status` (`code`), `ret` and `errcode` (`code`, `errmsg`),
//! `body` (`body`), `redirect` (`to`), `refuse`, `hang`, `cut`, `stall`, `corrupt`, `garbage`, `empty`, `drip` or `slow`
//! (`seconds`), where `"standing": true` keeps it.
//! `E` is the last part of a path, or `*`.

mod answer;
mod api;
mod cdn;
mod chat;
mod clock;
mod control;
mod crypto;
mod device;
mod dropped;
mod fault;
mod header_rules;
mod id;
mod inbox;
mod page;
mod phone;
mod phone_media;
mod qr;
mod record;
mod rules;
mod simulator;
mod state;
mod trouble;

pub use cdn::MediaRef;
pub use chat::{Kind, Shown};
pub use dropped::{Dropped, Reason};
pub use fault::Fault;
pub use phone::Phone;
pub use qr::ScanError;
pub use record::Recorded;
pub use simulator::{Options, Simulator};
