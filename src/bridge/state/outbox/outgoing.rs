//! What is asked of one message that waits.

use ruma::EventId;

use super::{Media, Outgoing, Part};
use crate::store::Upload;

impl Outgoing {
    /// What is sent next; the texts of joined messages are lines of their own.
    pub(crate) fn next_part(&self) -> Option<Part> {
        let own = self.parts.get(usize::from(self.progress.parts_done))?;
        let Part::Text(text) = own else { return Some(own.clone()) };
        let along = self.with.iter().filter_map(|one| one.parts.first()?.text());
        Some(Part::Text(std::iter::once(text.as_str()).chain(along).collect::<Vec<_>>().join("\n")))
    }

    /// The file among what is still to be sent. It is brought to WeChat before the words that
    /// belong to it go out, so that they do not stand alone when it cannot be.
    pub(crate) fn next_media(&self) -> Option<&Media> {
        let left = self.parts.iter().skip(self.progress.parts_done.into());
        left.into_iter().find_map(|part| match part {
            Part::Text(_) => None,
            Part::Media(media) => Some(media),
        })
    }

    /// Where this file was brought to, if it was.
    pub(crate) fn upload_of(&self, media: &Media) -> Option<&Upload> {
        self.progress.uploaded.as_deref().filter(|upload| upload.of == media.uri.as_str())
    }

    /// This message and those whose texts go along with it.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Outgoing> {
        std::iter::once(self).chain(&self.with)
    }

    /// Whether everything is here that went along with it when it was tried before a restart.
    pub(crate) fn is_complete(&self) -> bool {
        self.with.len() >= usize::from(self.progress.along)
    }

    /// Whether nobody has tried to send any of it.
    pub(crate) fn is_untried(&self) -> bool {
        self.tries == 0 && !self.progress.tried && self.with.is_empty()
    }

    /// The text of a message that is nothing else and that nobody has tried.
    pub(crate) fn whole_text(&self) -> Option<&str> {
        let [Part::Text(text)] = self.parts.as_slice() else { return None };
        self.is_untried().then_some(text)
    }

    pub(super) fn carries(&self, event: &EventId) -> bool {
        self.all().any(|one| one.event == event)
    }
}
