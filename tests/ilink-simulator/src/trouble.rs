//! The part of the simulator's handle that causes trouble: logins, expiry, the clock, limits and
//! faults.

use std::time::Duration;

use crate::clock::millis;
use crate::fault::Fault;
use crate::inbox::NextBatch;
use crate::phone::Phone;
use crate::simulator::Simulator;

impl Simulator {
    /// Expires every QR code that is not confirmed.
    pub fn expire_qr(&self) {
        self.shared.change(|world| world.expire_qrs());
    }

    /// Lets the next scan send the poller to [`Simulator::redirect_host`].
    pub fn redirect_next_scan(&self) {
        self.shared.change(|world| world.redirect_next = true);
    }

    /// Lets the next scan be answered `binded_redirect`, without credentials.
    pub fn binded_redirect_next(&self) {
        self.shared.change(|world| world.binded_next = true);
    }

    /// Sets the `baseurl` of `confirmed`; `None` is this simulator's address, `Some("")` an empty
    /// text.
    pub fn set_base_url(&self, base_url: Option<&str>) {
        self.shared.change(|world| world.base_url = base_url.map(str::to_owned));
    }

    /// Ends the session of a phone's bot: its token answers -14.
    pub fn expire_session(&self, phone: &Phone) {
        self.shared.change(|world| {
            if let Some(token) = world.bot_of(phone.name()).map(|bot| bot.token.clone()) {
                world.kill_bot(&token);
            }
        });
    }

    /// Makes every context token of a phone's bot stale.
    pub fn expire_tokens(&self, phone: &Phone) {
        self.shared.change(|world| world.expire_contexts(phone.name()));
    }

    /// Moves the simulator's clock.
    pub fn advance(&self, by: Duration) {
        self.shared.clock.advance(by);
        self.shared.change(|world| world.wake_qr_polls());
    }

    /// Returns the simulator's time, in milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        self.shared.clock.now_ms()
    }

    /// Sets how long polls without news are held; held ones are answered.
    pub fn set_hold(&self, hold: Duration) {
        self.shared.change(|world| {
            world.hold = hold;
            world.wake_polls();
        });
    }

    /// Switches the 24-hour window and the quota of 10 off, for load.
    pub fn unlimited(&self) {
        self.set_limits(false);
    }

    /// Switches window and quota on again.
    pub fn limited(&self) {
        self.set_limits(true);
    }

    /// Sets whether voice items of the bot are shown, or accepted and lost as since June 2026
    /// (`false`, the default).
    pub fn show_voice(&self, shown: bool) {
        self.shared.change(|world| world.limits.voice_shown = shown);
    }

    /// Sets whether every message is sent once only, even to an older cursor. Otherwise an older
    /// cursor gets the messages behind it again.
    pub fn consume_on_delivery(&self, once: bool) {
        self.shared.change(|world| world.limits.consume_on_delivery = once);
    }

    /// Sets whether uploads are announced by `upload_param` alone, as by early servers.
    pub fn classic_upload(&self, classic: bool) {
        self.shared.change(|world| world.limits.classic_upload = classic);
    }

    /// Lets the next `times` requests to this endpoint (last part of the path, or `*`) meet this
    /// fault. Held polls are answered at once, so that the very next one meets it.
    pub fn fault(&self, endpoint: &str, fault: Fault, times: u32) {
        self.shared.change(|world| {
            world.faults.add(endpoint, &fault, times);
            world.wake_polls();
        });
    }

    /// Lets every request to this endpoint meet this fault, until it is removed with `None`.
    pub fn standing_fault(&self, endpoint: &str, fault: Option<Fault>) {
        self.shared.change(|world| {
            world.faults.set_standing(endpoint, fault);
            world.wake_polls();
        });
    }

    /// Removes every fault, throttle and special batch.
    pub fn clear_faults(&self) {
        self.shared.change(|world| {
            world.faults.clear();
            world.limits.throttled.clear();
            world.limits.unconfirmed = 0;
            world.limits.next_batch = NextBatch::default();
        });
    }

    /// Leaves the next poll without an answer.
    pub fn hang_next_poll(&self) {
        self.fault("getupdates", Fault::Hang, 1);
    }

    /// Answers the next `times` requests with this HTTP status; they have no effect.
    pub fn fail_next(&self, endpoint: &str, status: u16, times: u32) {
        self.fault(endpoint, Fault::Status(status), times);
    }

    /// Answers the next `times` requests with this `ret`; they have no effect.
    pub fn ret_next(&self, endpoint: &str, ret: i64, errmsg: &str, times: u32) {
        self.fault(endpoint, Fault::Ret(ret, errmsg.to_owned()), times);
    }

    /// Cuts the answer to the next request in the middle; the request takes effect.
    pub fn cut_next(&self, endpoint: &str) {
        self.fault(endpoint, Fault::Cut, 1);
    }

    /// Accepts the next `times` messages without a `message_id`; no phone shows them.
    pub fn accept_without_message_id(&self, times: u32) {
        self.shared.change(|world| world.limits.unconfirmed = times);
    }

    /// Answers sends with `ret` -2 "prepare failed" for so long; each one starts the time anew.
    pub fn throttle(&self, length: Duration) {
        self.throttle_whom(None, length);
    }

    /// Throttles what is sent to one phone.
    pub fn throttle_phone(&self, phone: &Phone, length: Duration) {
        self.throttle_whom(Some(phone.name().to_owned()), length);
    }

    fn throttle_whom(&self, whom: Option<String>, length: Duration) {
        let throttle = (self.now_ms() + millis(length), millis(length));
        self.shared.change(|world| {
            world.limits.throttled.insert(whom, throttle);
        });
    }

    /// Sends the next batch again in the poll after it, under new message ids or its own.
    pub fn duplicate_next_batch(&self, new_ids: bool) {
        self.shared.change(|world| world.limits.next_batch.duplicate = Some(new_ids));
    }

    /// Sends the next batch in reverse order.
    pub fn reverse_next_batch(&self) {
        self.shared.change(|world| world.limits.next_batch.reverse = true);
    }

    fn set_limits(&self, on: bool) {
        self.shared.change(|world| {
            world.limits.window = on;
            world.limits.quota = on;
        });
    }
}
