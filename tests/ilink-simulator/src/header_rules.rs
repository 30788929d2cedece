//! The check of the headers that Tencent's client sends (docs/protocol.md §2.2), on every request.

use base64::Engine as _;

use crate::dropped::Reason;
use crate::record::Recorded;
use crate::state::World;

/// Notes each header that is missing, malformed or out of place.
pub(crate) fn check(world: &mut World, request: &Recorded) {
    let mut findings = Findings { request, found: Vec::new() };
    if request.path.starts_with("/c2c/") {
        findings.cdn();
    } else {
        findings.app();
        if request.method == "POST" {
            findings.post();
        } else {
            findings.get();
        }
        let repeated = request.header("x-wechat-uin").filter(|uin| {
            let last =
                world.requests.iter().rev().find_map(|earlier| earlier.header("x-wechat-uin"));
            last == Some(*uin)
        });
        if repeated.is_some() {
            findings.bad("x-wechat-uin: the same as in the request before");
        }
    }
    let found = findings.found;
    for (reason, detail) in found {
        world.note_call(request.at_ms, request.endpoint(), reason, detail);
    }
}

struct Findings<'a> {
    request: &'a Recorded,
    found: Vec<(Reason, &'static str)>,
}

impl Findings<'_> {
    /// Checks the headers of GET and POST.
    fn app(&mut self) {
        self.constant("ilink-app-id", "bot");
        let version = self.request.header("ilink-app-clientversion");
        match version.map(str::parse::<u32>) {
            None => self.missing("ilink-app-clientversion"),
            Some(Ok(version)) if version > 0 => {}
            Some(_) => self.bad("ilink-app-clientversion"),
        }
    }

    fn post(&mut self) {
        self.constant("authorizationtype", "ilink_bot_token");
        match self.request.header("content-type") {
            None => self.missing("content-type"),
            Some(value) if value.starts_with("application/json") => {}
            Some(_) => self.bad("content-type"),
        }
        match self.request.header("x-wechat-uin") {
            None => self.missing("x-wechat-uin"),
            Some(value) if is_uin(value) => {}
            Some(_) => self.bad("x-wechat-uin"),
        }
        let token = self.request.header("authorization");
        match (self.request.endpoint() == "get_bot_qrcode", token) {
            (true, Some(_)) => self.bad("authorization: does not belong on get_bot_qrcode"),
            (false, None) => self.missing("authorization"),
            (false, Some(value)) if !value.starts_with("Bearer ") => self.bad("authorization"),
            (true, None) | (false, Some(_)) => {}
        }
    }

    /// Checks a GET, which carries the two `iLink-App-` headers only.
    fn get(&mut self) {
        for name in ["authorization", "authorizationtype", "x-wechat-uin"] {
            if self.request.header(name).is_some() {
                self.bad("a header of POST on a GET");
            }
        }
    }

    /// Checks a request to the CDN, which carries no header of the API.
    fn cdn(&mut self) {
        for name in ["authorization", "authorizationtype", "x-wechat-uin", "ilink-app-id"] {
            if self.request.header(name).is_some() {
                self.bad("a header of the API on the CDN");
            }
        }
        if self.request.method == "POST" {
            self.constant("content-type", "application/octet-stream");
        }
    }

    fn constant(&mut self, name: &'static str, value: &str) {
        match self.request.header(name) {
            None => self.missing(name),
            Some(found) if found == value => {}
            Some(_) => self.bad(name),
        }
    }

    fn missing(&mut self, name: &'static str) {
        self.found.push((Reason::MissingHeader, name));
    }

    fn bad(&mut self, what: &'static str) {
        self.found.push((Reason::BadHeader, what));
    }
}

/// Returns whether a value is base64 of the decimal text of an unsigned 32-bit number.
fn is_uin(value: &str) -> bool {
    let Ok(raw) = base64::engine::general_purpose::STANDARD.decode(value) else {
        return false;
    };
    let number = std::str::from_utf8(&raw).ok().and_then(|text| text.parse::<u32>().ok());
    number.is_some_and(|number| number.to_string().as_bytes() == raw)
}

#[cfg(test)]
mod tests {
    use super::is_uin;

    #[test]
    fn a_uin_is_base64_of_a_decimal_number() {
        assert!(is_uin("MTU4MjkzODEwNw=="));
        assert!(!is_uin("1582938107"));
        assert!(!is_uin("KzE="), "a sign is no digit");
        assert!(!is_uin("OTk5OTk5OTk5OTk="), "over 32 bits");
    }
}
