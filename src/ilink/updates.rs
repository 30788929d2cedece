//! An answer of the long poll (docs/protocol.md §4, §11).

use std::time::Duration;

use serde_json::value::RawValue;

use super::{
    answer,
    error::Error,
    fields::{Fields, FirstOf},
};
use crate::{clock::Timestamp, id::Cursor};

/// The result of a poll. Each message is still its original JSON, to be stored before it is parsed.
#[derive(Debug, Default)]
pub struct Updates {
    /// The messages in order; one that cannot be parsed does not affect the others.
    pub messages: Vec<Box<RawValue>>,
    /// How many messages beyond the limit of one answer were left out.
    pub left_out: usize,
    /// The cursor of the next poll; absent when the old one stays valid.
    pub cursor: Option<Cursor>,
    /// How long the server says it holds the next poll; at most five minutes.
    pub hold: Option<Duration>,
    /// Whether no answer came: the time ran out, or a machine on the way closed the connection.
    /// Such a poll counts as one without news.
    pub timed_out: bool,
    /// The gateway's HTTP status, when a gateway gave up waiting for the server.
    pub gateway: Option<u16>,
    /// The server's time.
    pub date: Option<Timestamp>,
    /// How long the poll took.
    pub took: Duration,
}

impl Updates {
    /// Reads the body of an answer.
    ///
    /// # Errors
    /// The error that the server reports, and [`Error::Garbled`] when the body is no JSON object.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        // A broken character must not block the batch for ever, so it is replaced.
        let text = String::from_utf8_lossy(body);
        let fields = Fields::read(&text).ok_or(Error::Garbled)?;
        answer::check(&fields)?;
        let hold = fields.count("longpolling_timeout_ms").filter(|ms| *ms > 0);
        let FirstOf { kept, left_out } = fields.list("msgs", MOST_MESSAGES).unwrap_or_default();
        Ok(Self {
            messages: kept.into_iter().map(RawValue::to_owned).collect(),
            left_out,
            cursor: fields.some_text("get_updates_buf").map(Cursor::new),
            hold: hold.map(|ms| Duration::from_millis(ms).min(LONGEST_HOLD)),
            ..Self::default()
        })
    }

    /// Turns a failure after `took` into a poll without news, where it is none of the server's.
    ///
    /// Networks and gateways cut idle connections, some of them after 17 seconds.
    pub(super) fn of_failure(error: Error, took: Duration) -> Result<Self, Error> {
        let quiet = Self { timed_out: true, ..Self::default() };
        if let Error::Http { status: status @ (502 | 504 | 524) } = error {
            return Ok(Self { gateway: Some(status), ..quiet });
        }
        let held = error == Error::Cut && took >= HELD_A_WHILE;
        if held || error == Error::Timeout { Ok(quiet) } else { Err(error) }
    }
}

/// The greatest number of messages that are read from one answer; far more than WeChat holds for
/// one bot.
const MOST_MESSAGES: usize = 5_000;
const LONGEST_HOLD: Duration = Duration::from_secs(300);
/// The least time that an idle connection has to live; one that breaks sooner is a failure.
const HELD_A_WHILE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_keeps_its_messages_as_they_were_spelled() {
        let body = r#"{"ret":0,"msgs":[{"message_id":18446744073709551615},7,null,"x"],
            "get_updates_buf":"buf","longpolling_timeout_ms":35000}"#;
        let updates = Updates::parse(body.as_bytes()).unwrap();
        let raw: Vec<&str> = updates.messages.iter().map(|raw| raw.get()).collect();
        assert_eq!(raw, [r#"{"message_id":18446744073709551615}"#, "7", r#""x""#]);
        assert_eq!(updates.cursor, Some(Cursor::new("buf")));
        assert_eq!(updates.hold, Some(Duration::from_secs(35)));
        assert!(!format!("{updates:?}").contains("buf\""));
    }

    #[test]
    fn a_flood_of_messages_is_counted_beyond_a_bound() {
        let flood = format!(r#"{{"msgs":[{}{{}}],"get_updates_buf":"b"}}"#, "{},".repeat(400_000));
        let updates = Updates::parse(flood.as_bytes()).unwrap();
        assert_eq!((updates.messages.len(), updates.left_out), (MOST_MESSAGES, 395_001));
        assert!(updates.cursor.is_some());
    }

    #[test]
    fn each_field_may_be_missing_null_of_another_type_or_huge() {
        let good = [
            ("msgs", "[{}]"),
            ("get_updates_buf", "\"b\""),
            ("longpolling_timeout_ms", "1"),
            ("ret", "0"),
            ("errcode", "0"),
            ("errmsg", "\"\""),
        ];
        let huge = format!("\"{}\"", "x".repeat(1_000_000));
        for (broken, _) in good {
            for value in ["", "null", "true", "\"\"", "[]", "{}", "1.5", "1e999", huge.as_str()] {
                let fields = good.iter().filter(|(name, _)| *name != broken || !value.is_empty());
                let spelled: Vec<String> = fields
                    .map(|(name, ok)| {
                        format!("\"{name}\":{}", if *name == broken { value } else { ok })
                    })
                    .collect();
                let updates = Updates::parse(format!("{{{}}}", spelled.join(",")).as_bytes());
                let updates = updates.unwrap_or_else(|e| panic!("{broken} = {value:.20}: {e}"));
                assert_eq!(
                    updates.messages.len(),
                    usize::from(broken != "msgs"),
                    "{broken} = {value:.20}"
                );
            }
        }
    }

    #[test]
    fn an_absent_or_empty_cursor_leaves_the_old_one_standing() {
        for body in ["{}", r#"{"get_updates_buf":""}"#, r#"{"get_updates_buf":null}"#] {
            assert_eq!(Updates::parse(body.as_bytes()).unwrap().cursor, None);
        }
    }

    #[test]
    fn a_hold_of_zero_is_none_and_a_long_one_is_bounded() {
        let hold = |ms: &str| {
            Updates::parse(format!(r#"{{"longpolling_timeout_ms":{ms}}}"#).as_bytes()).unwrap().hold
        };
        assert_eq!(hold("0"), None);
        assert_eq!(hold("-1"), None);
        assert_eq!(hold("99999999999999"), Some(Duration::from_secs(300)));
    }

    #[test]
    fn a_poll_that_nobody_answered_brought_nothing() {
        let ended = |error, seconds| Updates::of_failure(error, Duration::from_secs(seconds));
        let quiet = ended(Error::Timeout, 45).unwrap();
        assert_eq!((quiet.timed_out, quiet.gateway, quiet.messages.len()), (true, None, 0));
        assert!(ended(Error::Cut, 17).unwrap().timed_out);
        assert_eq!(ended(Error::Http { status: 524 }, 0).unwrap().gateway, Some(524));
        let unreachable = Error::Unreachable { reason: String::new() };
        for error in [Error::Cut, Error::Http { status: 500 }, Error::SessionExpired, unreachable] {
            assert_eq!(ended(error.clone(), 4).unwrap_err(), error);
        }
    }

    #[test]
    fn both_code_fields_are_looked_at() {
        for body in
            [r#"{"ret":-14}"#, r#"{"ret":0,"errcode":"-14"}"#, r#"{"ret":-1,"errcode":-14}"#]
        {
            assert_eq!(Updates::parse(body.as_bytes()).unwrap_err(), Error::SessionExpired);
        }
        let refused = Updates::parse(br#"{"errcode":-1,"errmsg":"no"}"#).unwrap_err();
        assert_eq!(refused, Error::Refused { code: -1, message: "no".to_owned() });
    }

    #[test]
    fn broken_characters_cost_themselves_only() {
        let updates =
            Updates::parse(b"{\"msgs\":[{\"client_id\":\"a\xff\"}],\"get_updates_buf\":\"b\"}")
                .unwrap();
        assert_eq!(updates.messages.len(), 1);
        for garbled in [&b""[..], b"<html>", b"[]", b"null", b"{"] {
            assert_eq!(Updates::parse(garbled).unwrap_err(), Error::Garbled);
        }
    }
}
