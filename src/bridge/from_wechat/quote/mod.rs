//! The message that a contact's item replies to, and how the room shows it (docs/protocol.md §8).
//!
//! A quoted message whose event is known becomes a reply, with the selected words above it when
//! only a part was quoted. An unknown one becomes a quote of the words that the phone sent; a
//! quoted file is brought first, where possible, and then replied to.

mod lines;

use std::time::Duration;

use ruma::OwnedEventId;

use self::lines::Meant;
use super::{
    media::{self, Failed},
    place::Place,
};
use crate::{
    bridge::{
        core::{Core, attempt::Halt, txn::Beside},
        render::{message, reply_line, speaker},
        state::led_by,
        text::{Medium, Quoted},
    },
    config::Language,
    convert,
    ilink::{self, Body, PartialText, Quote},
    matrix::{
        content::{self, Content},
        event::{self, Kind},
    },
    store::{Direction, Link},
};

/// What an item replies to, as far as it can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answers {
    /// The item is no reply.
    Nothing,
    /// The event that the item replies to.
    To(OwnedEventId),
    /// Words of an event that the room has.
    Part(OwnedEventId, String),
    /// Words of a message that the room does not have.
    Words(String),
}

impl Answers {
    /// Makes a content the reply that it is.
    pub(super) fn show(&self, content: Content) -> Content {
        match self {
            Self::Nothing => content,
            Self::To(event) => content::reply(event, content),
            Self::Part(event, words) => content::reply(event, content::quoting(words, content)),
            Self::Words(words) => content::quoting(words, content),
        }
    }
}

/// Finds what an item replies to. A quoted file that the room does not have is brought into it
/// first.
pub(super) async fn find(
    core: &Core,
    place: &Place<'_>,
    quote: Option<&Quote>,
) -> Result<Answers, Halt> {
    let Some(quote) = quote else { return Ok(Answers::Nothing) };
    if let Some(answers) = known_by_now(core, place, quote).await? {
        return Ok(answers);
    }
    if let Some(event) = bring(core, place, quote).await? {
        return Ok(Answers::To(event));
    }
    Ok(Answers::Words(words(quote, core.language_of(&place.portal.key.owner))))
}

/// Returns the event of the quoted message, if the bridge knows one. A message that is being sent
/// gets its id with WeChat's answer, and the contact may quote it before that.
async fn known_by_now(
    core: &Core,
    place: &Place<'_>,
    quote: &Quote,
) -> Result<Option<Answers>, Halt> {
    let portal = place.portal.id;
    // Checked first, since the answer may come while the look-up finds nothing.
    let was_under_way = core.outbox.is_under_way(portal);
    let found = known(core, place, quote).await?;
    let has_id = quote.svr_id.is_some() || quote.msg_id.is_some();
    if found.is_some() || !has_id || !was_under_way {
        return Ok(found);
    }
    tracing::debug!(%portal, "a quote waits for the answer to what is being sent");
    let answered = tokio::time::timeout(PATIENCE, core.outbox.settled(portal));
    match core.tasks.unless_stopped(answered).await {
        None => return Err(Halt::Stopping),
        Some(Ok(())) => {}
        Some(Err(_)) => tracing::debug!(%portal, "no answer came in time; the quote goes on"),
    }
    known(core, place, quote).await
}

/// Returns the event of the quoted message, by the message's id and then by the item's.
async fn known(core: &Core, place: &Place<'_>, quote: &Quote) -> Result<Option<Answers>, Halt> {
    // Links are submitted without waiting; after this barrier all of them can be read.
    core.barrier().await?;
    for id in [&quote.svr_id, &quote.msg_id].into_iter().flatten() {
        let links = core.read(core.store.events_of(place.portal.id, id))?;
        if let Some(answers) = answers_to(core, place, quote, &links).await? {
            return Ok(Some(answers));
        }
    }
    Ok(None)
}

/// Returns the meaning of a quote of the message with these links; `None` when the room does not
/// have it.
async fn answers_to(
    core: &Core,
    place: &Place<'_>,
    quote: &Quote,
    links: &[Link],
) -> Result<Option<Answers>, Halt> {
    let [first, more @ ..] = links else { return Ok(None) };
    if !more.is_empty() && first.direction == Direction::ToWechat {
        return answers_to_lines(core, place, quote, links).await;
    }
    if !is_here(core, place, first).await? {
        return Ok(None);
    }
    if let Some(part) = &quote.partial {
        // A long text has several events, and a message has one per item.
        for link in links.iter().take(MOST_LINES) {
            if let Some(words) = selected(core, place, quote, part, link).await? {
                return Ok(Some(Answers::Part(link.event.clone(), words)));
            }
        }
    }
    Ok(Some(Answers::To(first.event.clone())))
}

/// Returns the meaning of a quote of a message that carries several events, line by line.
async fn answers_to_lines(
    core: &Core,
    place: &Place<'_>,
    quote: &Quote,
    links: &[Link],
) -> Result<Option<Answers>, Halt> {
    let mut texts = Vec::new();
    let is_whole = quote.partial.is_none() && quote.body.is_none();
    if !is_whole && links.len() <= MOST_LINES {
        for link in links {
            texts.push(text_on_phone(core, place, link, 0).await?);
        }
    }
    let meant = lines::meant(&texts, quote);
    let candidates = match &meant {
        Meant::All => links,
        Meant::One(one) | Meant::Words(one, _) => links.get(*one..=*one).unwrap_or_default(),
    };
    // A contact of two rooms may have received texts from both in one message.
    for link in candidates.iter().rev() {
        if is_here(core, place, link).await? {
            return Ok(Some(match meant {
                Meant::All | Meant::One(_) => Answers::To(link.event.clone()),
                Meant::Words(_, words) => {
                    let words = convert::faces_to_unicode(&words).into_owned();
                    Answers::Part(link.event.clone(), words)
                }
            }));
        }
    }
    Ok(None)
}

/// Returns whether an event is in the room of the reply. A contact who was brought into another
/// room, or whose room was replaced, may quote a message of the former one.
async fn is_here(core: &Core, place: &Place<'_>, link: &Link) -> Result<bool, Halt> {
    if place.portal.group.is_none() && place.portal.generation() == 0 {
        return Ok(true);
    }
    match core.event(place.ghost, place.room, &link.event).await {
        Ok(_) => Ok(true),
        Err(Halt::Refused(_)) => Ok(false),
        Err(Halt::Stopping) => Err(Halt::Stopping),
    }
}

/// Returns the selected words of a message; `None` when they are not found in it.
async fn selected(
    core: &Core,
    place: &Place<'_>,
    quote: &Quote,
    part: &PartialText,
    link: &Link,
) -> Result<Option<String>, Halt> {
    let shown = |words: &str| convert::faces_to_unicode(words).into_owned();
    if let Some(Body::Text(text)) = quote.body.as_deref()
        && let Some(words) = part.within(text)
    {
        return Ok(Some(shown(words)));
    }
    let text = text_on_phone(core, place, link, link.item).await?;
    Ok(text.and_then(|text| part.within(&text).map(shown)))
}

/// Returns the text of a message as the phone shows it: from its event, or by rendering again the
/// part that was sent.
async fn text_on_phone(
    core: &Core,
    place: &Place<'_>,
    link: &Link,
    part: u16,
) -> Result<Option<String>, Halt> {
    let raw = match core.event(place.ghost, place.room, &link.event).await {
        Ok(raw) => raw,
        Err(Halt::Stopping) => return Err(Halt::Stopping),
        Err(Halt::Refused(_)) => return Ok(None),
    };
    let Ok(event) = event::parse(&raw) else { return Ok(None) };
    let Kind::Message(message) = &event.kind else { return Ok(None) };
    Ok(match link.direction {
        Direction::ToMatrix => Some(message.written.clone().unwrap_or(message.body.clone())),
        Direction::ToWechat => {
            let name = speaker::speaker(core, &event, message, place.portal).await?;
            let Ok(parts) = message::parts(core, &event, message, place.portal, &name) else {
                return Ok(None);
            };
            let line = match reply_line::target(message) {
                Some(of) => reply_line::line(core, place.room, of, place.portal, &[]).await?,
                None => None,
            };
            let sent = led_by(line.as_deref(), parts).into_iter().nth(part.into());
            sent.and_then(|part| part.text().map(str::to_owned))
        }
    })
}

/// Brings the quoted file into the room, as an event before the reply. Returns `None` when there is
/// none, or none that can be downloaded.
async fn bring(
    core: &Core,
    place: &Place<'_>,
    quote: &Quote,
) -> Result<Option<OwnedEventId>, Halt> {
    let quoted = quote.body.as_deref().and_then(Body::media);
    let Some(body) = quoted.filter(|body| body.remote().is_some()) else { return Ok(None) };
    let content = match Box::pin(media::bring(core, place.ghost, body)).await {
        Ok(file) => file.content,
        Err(Failed::Lost(_)) => return Ok(None),
        Err(Failed::Halt(halt)) => return Err(halt),
    };
    let txn = place.beside(Beside::Quoted).to_string();
    let at = ilink::plausible(quote.created, place.at).unwrap_or(place.at);
    let event = core.send(place.ghost, place.room, &content, (&txn, Some(at))).await?;
    // A later quote or a recall of this message refers to this event.
    if let Some(id) = quote.svr_id.as_ref().or(quote.msg_id.as_ref()) {
        place.link(core, id, 0, &event);
    }
    Ok(Some(event))
}

/// Returns the words that stand for a quoted message of which only the quote is known.
fn words(quote: &Quote, language: Language) -> String {
    let said = quote.body.as_deref().map(|body| match body {
        Body::Text(text) => {
            let part = quote.partial.as_ref().and_then(|part| part.within(text));
            convert::faces_to_unicode(part.unwrap_or(text)).into_owned()
        }
        Body::Media(body) => {
            let kind = Quoted::from(Medium::of(body)).text(language);
            match body.transcript() {
                Some(words) => format!("{kind} {words}"),
                None => kind,
            }
        }
        Body::Unsupported { .. } => Quoted::Unknown.text(language),
    });
    let title = quote.title.as_deref().map(|title| convert::faces_to_unicode(title).into_owned());
    let said = said.filter(|said| !said.trim().is_empty());
    match (title, said) {
        (Some(title), Some(said)) if title.contains(&said) => title,
        (Some(title), Some(said)) => format!("{title}: {said}"),
        (Some(words), None) | (None, Some(words)) => words,
        (None, None) => Quoted::Earlier.text(language),
    }
}

/// How long a quote waits for the answer to a running send; after that, the contact's messages go
/// on.
const PATIENCE: Duration = Duration::from_secs(10);
/// The greatest number of messages in a WeChat message that are compared line by line.
const MOST_LINES: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ilink::Message;
    use crate::ilink::Voice;
    use crate::ilink::{File, MediaBody};

    fn quote(title: Option<&str>, body: Option<Body>) -> Quote {
        Quote {
            svr_id: None,
            msg_id: None,
            created: None,
            title: title.map(str::to_owned),
            body: body.map(Box::new),
            partial: None,
        }
    }

    #[test]
    fn an_unknown_quote_shows_what_the_phone_sent_along() {
        let text = |text: &str| Some(Body::Text(text.to_owned()));
        let voice = Voice { transcript: Some("晚上见".into()), ..Voice::default() };
        let file = File { name: Some("a.pdf".into()), ..File::default() };
        for (title, body, en, zh) in [
            (None, text("hi [Smile]"), "hi 🙂", "hi 🙂"),
            (Some("Mum"), text("hi"), "Mum: hi", "Mum: hi"),
            (Some("Mum: hi"), text("hi"), "Mum: hi", "Mum: hi"),
            (Some("a summary"), None, "a summary", "a summary"),
            (None, text(" "), "[an earlier message]", "[较早的消息]"),
            (None, None, "[an earlier message]", "[较早的消息]"),
            (None, Some(Body::Media(MediaBody::Image(Default::default()))), "[image]", "[图片]"),
            (None, Some(Body::Media(MediaBody::Video(Default::default()))), "[video]", "[视频]"),
            (
                None,
                Some(Body::Media(MediaBody::Voice(voice))),
                "[voice message] 晚上见",
                "[语音] 晚上见",
            ),
            (
                Some("Mum"),
                Some(Body::Media(MediaBody::File(file))),
                "Mum: [file] a.pdf",
                "Mum: [文件] a.pdf",
            ),
            (
                None,
                Some(Body::Unsupported { kind: Some(8) }),
                "[message of an unknown kind]",
                "[未知类型的消息]",
            ),
        ] {
            let quote = quote(title, body);
            assert_eq!(words(&quote, Language::En), en);
            assert_eq!(words(&quote, Language::Zh), zh);
        }
    }

    #[test]
    fn of_an_unknown_text_the_selected_part_is_shown() {
        let raw = r#"{"item_list":[{"type":1,"text_item":{"text":"a"},"ref_msg":{"message_item":
            {"type":1,"text_item":{"text":"one two three"}},
            "partial_text":{"start":"two","end":"two"}}}]}"#;
        let message = Message::parse(raw).unwrap();
        assert_eq!(words(message.items[0].quote.as_ref().unwrap(), Language::En), "two");
    }
}
