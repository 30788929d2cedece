//! Polls: question, vote and end (MSC3381), in the spelling of the specification and in the
//! unstable one that clients still send.

use crate::matrix::object::Object;

/// An event of a poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Poll {
    /// The question of a new poll.
    Start {
        /// The question; empty when it cannot be read.
        question: String,
        /// The possible answers, in order.
        answers: Vec<String>,
    },
    /// A vote.
    Vote,
    /// The end of a poll.
    End {
        /// The text with which its sender describes the result.
        text: Option<String>,
    },
}

/// The part of a poll that an event type stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PollPart {
    Start,
    Response,
    End,
}

impl Poll {
    /// Reads the content of an event of this type; `None` when the type is none of a poll's, or the
    /// event was redacted.
    pub(super) fn read(event_type: &str, content: &Object<'_>) -> Option<Self> {
        let name = TYPES.iter().find_map(|start| event_type.strip_prefix(start))?;
        let part = match name {
            "start" => PollPart::Start,
            "response" => PollPart::Response,
            "end" => PollPart::End,
            _ => return None,
        };
        if content.is_empty() {
            return None;
        }
        Some(match part {
            PollPart::Start => Self::start(content),
            PollPart::Response => Self::Vote,
            PollPart::End => Self::End { text: words(content) },
        })
    }

    fn start(content: &Object<'_>) -> Self {
        let poll = STARTS.iter().find_map(|key| content.object(key)).unwrap_or_default();
        let question = poll.object("question").and_then(|question| words(&question));
        let answers = poll.list("answers").into_iter();
        let answers = answers.filter_map(|raw| words(&Object::parse(raw.get())?));
        Self::Start {
            question: question.or_else(|| words(content)).unwrap_or_default(),
            answers: answers.take(MOST_ANSWERS).collect(),
        }
    }
}

/// Returns the plain text of a field that may hold several forms (MSC1767).
fn words(fields: &Object<'_>) -> Option<String> {
    let forms = fields.list("m.text").into_iter().filter_map(|raw| Object::parse(raw.get()));
    let plain =
        |form: &Object<'_>| form.text("mimetype").is_none_or(|mime_type| mime_type == "text/plain");
    let of_list = forms.into_iter().find(plain).and_then(|form| form.text("body"));
    let written = || fields.text("m.text").or_else(|| fields.text("org.matrix.msc1767.text"));
    let words = of_list.or_else(written).or_else(|| fields.text("body"))?;
    Some(words.trim().to_owned()).filter(|words| !words.is_empty())
}

const TYPES: [&str; 2] = ["m.poll.", "org.matrix.msc3381.poll."];
const STARTS: [&str; 3] = ["m.poll", "org.matrix.msc3381.poll.start", "m.poll.start"];
/// The greatest number of answers of a poll.
const MOST_ANSWERS: usize = 20;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(event_type: &str, content: &Value) -> Option<Poll> {
        Poll::read(event_type, &Object::parse(&content.to_string()).unwrap())
    }

    fn tea() -> Option<Poll> {
        let answers = vec!["green".to_owned(), "black".to_owned()];
        Some(Poll::Start { question: "Which tea?".to_owned(), answers })
    }

    #[test]
    fn a_question_is_read_in_both_spellings() {
        let text = |text: &str| json!({ "m.text": [{ "mimetype": "text/html", "body": "<b>" }, { "body": text }] });
        let answer = |id: &str, words: &str| {
            let mut answer = text(words);
            answer["m.id"] = id.into();
            answer
        };
        let answers = [answer("1", "green"), answer("2", "black")];
        let stable = json!({ "m.poll": { "question": text("Which tea?"), "answers": answers } });
        assert_eq!(read("m.poll.start", &stable), tea());
        let text = |text: &str| json!({ "org.matrix.msc1767.text": text });
        let poll = json!({
            "kind": "org.matrix.msc3381.poll.disclosed", "max_selections": 1,
            "question": { "org.matrix.msc1767.text": "Which tea?", "body": "x", "msgtype": "m.text" },
            "answers": [text("green"), json!(7), text(" "), text("black")],
        });
        let unstable = json!({ "org.matrix.msc3381.poll.start": poll });
        assert_eq!(read("org.matrix.msc3381.poll.start", &unstable), tea());
    }

    #[test]
    fn what_is_left_out_of_a_poll_is_not_in_it() {
        let nothing = Poll::Start { question: String::new(), answers: Vec::new() };
        assert_eq!(read("m.poll.start", &json!({ "m.poll": [] })), Some(nothing));
        let fallback = json!({ "m.text": "Tea? 1. yes 2. no" });
        let read_fallback = read("m.poll.start", &fallback);
        let Some(Poll::Start { question, .. }) = read_fallback else { panic!() };
        assert_eq!(question, "Tea? 1. yes 2. no");
        assert_eq!(read("m.poll.start", &json!({})), None);
        assert_eq!(read("m.poll.undo", &json!({ "a": 1 })), None);
    }

    #[test]
    fn votes_and_ends_are_known() {
        let relation = json!({ "m.relates_to": { "rel_type": "m.reference", "event_id": "$1" } });
        assert_eq!(read("m.poll.response", &relation), Some(Poll::Vote));
        assert_eq!(read("org.matrix.msc3381.poll.response", &relation), Some(Poll::Vote));
        assert_eq!(read("m.poll.end", &relation), Some(Poll::End { text: None }));
        let said =
            json!({ "org.matrix.msc3381.poll.end": {}, "org.matrix.msc1767.text": "Green won" });
        let end = read("org.matrix.msc3381.poll.end", &said);
        assert_eq!(end, Some(Poll::End { text: Some("Green won".to_owned()) }));
    }
}
