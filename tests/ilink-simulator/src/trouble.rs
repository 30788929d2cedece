//! The half of the simulator's handle that makes trouble: logins, expiry, the clock, limits and faults.

use std::time::Duration;

use crate::clock::millis;
use crate::fault::Fault;
use crate::inbox::NextBatch;
use crate::phone::Phone;
use crate::simulator::Simulator;

impl Simulator {
    /// Ends every QR code that is not confirmed.
    pub fn expire_qr(&self) {
        self.shared.change(|world| world.expire_qrs());
    }

    /// The next scan sends the poller to [`Simulator::redirect_host`].
    pub fn redirect_next_scan(&self) {
        self.shared.change(|world| world.redirect_next = true);
    }

    /// The next scan is answered `binded_redirect`, without credentials.
    pub fn binded_redirect_next(&self) {
        self.shared.change(|world| world.binded_next = true);
    }

    /// What `confirmed` says as `baseurl` from now on; `None` is this simulator's address, `Some("")` an empty text.
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

    /// The simulator's clock, milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        self.shared.clock.now_ms()
    }

    /// How long polls without news are held from now on; held ones are answered.
    pub fn set_hold(&self, hold: Duration) {
        self.shared.change(|world| {
            world.hold = hold;
            world.wake_polls();
        });
    }

    /// No 24-hour window and no quota of 10, for load.
    pub fn unlimited(&self) {
        self.set_limits(false);
    }

    /// Window and quota hold again.
    pub fn limited(&self) {
        self.set_limits(true);
    }

    /// Voice items of the bot are shown (`true`), or accepted and lost as since June 2026 (`false`, the default).
    pub fn show_voice(&self, shown: bool) {
        self.shared.change(|world| world.limits.voice_shown = shown);
    }

    /// Hands every message out once only, even to an older cursor.
    /// Otherwise an older cursor gets what came after it once more.
    pub fn consume_on_delivery(&self, once: bool) {
        self.shared.change(|world| world.limits.consume_on_delivery = once);
    }

    /// Announces uploads by `upload_param` alone, as early servers did.
    pub fn classic_upload(&self, classic: bool) {
        self.shared.change(|world| world.limits.classic_upload = classic);
    }

    /// The next `times` requests to this endpoint (last part of the path, or `*`) meet this fault.
    /// Held polls are answered at once, so that the very next one meets it.
    pub fn fault(&self, endpoint: &str, fault: Fault, times: u32) {
        self.shared.change(|world| {
            world.faults.add(endpoint, &fault, times);
            world.wake_polls();
        });
    }

    /// Every request to this endpoint meets this fault until it is taken back with `None`.
    pub fn standing_fault(&self, endpoint: &str, fault: Option<Fault>) {
        self.shared.change(|world| {
            world.faults.set_standing(endpoint, fault);
            world.wake_polls();
        });
    }

    /// Takes every fault, throttle and special batch back.
    pub fn clear_faults(&self) {
        self.shared.change(|world| {
            world.faults.clear();
            world.limits.throttled.clear();
            world.limits.unconfirmed = 0;
            world.limits.next_batch = NextBatch::default();
        });
    }

    /// The next poll gets no answer.
    pub fn hang_next_poll(&self) {
        self.fault("getupdates", Fault::Hang, 1);
    }

    /// The next `times` requests get this HTTP status and have no effect.
    pub fn fail_next(&self, endpoint: &str, status: u16, times: u32) {
        self.fault(endpoint, Fault::Status(status), times);
    }

    /// The next `times` requests get this `ret` and have no effect.
    pub fn ret_next(&self, endpoint: &str, ret: i64, errmsg: &str, times: u32) {
        self.fault(endpoint, Fault::Ret(ret, errmsg.to_owned()), times);
    }

    /// The next request takes effect, and its answer ends in the middle.
    pub fn cut_next(&self, endpoint: &str) {
        self.fault(endpoint, Fault::Cut, 1);
    }

    /// The next `times` messages are accepted without a `message_id`, and no phone shows them.
    pub fn accept_without_message_id(&self, times: u32) {
        self.shared.change(|world| world.limits.unconfirmed = times);
    }

    /// Sends answer `ret` -2 "prepare failed" for so long; each one meanwhile starts the time anew.
    pub fn throttle(&self, length: Duration) {
        self.throttle_whom(None, length);
    }

    /// The same for what is sent to one phone.
    pub fn throttle_phone(&self, phone: &Phone, length: Duration) {
        self.throttle_whom(Some(phone.name().to_owned()), length);
    }

    fn throttle_whom(&self, whom: Option<String>, length: Duration) {
        let throttle = (self.now_ms() + millis(length), millis(length));
        self.shared.change(|world| {
            world.limits.throttled.insert(whom, throttle);
        });
    }

    /// The next batch comes once more in the poll after it, under new message ids or the same.
    pub fn duplicate_next_batch(&self, new_ids: bool) {
        self.shared.change(|world| world.limits.next_batch.duplicate = Some(new_ids));
    }

    /// The next batch comes in reverse order.
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
