//! The questions about a single waiting message.

use ruma::EventId;

use super::{MediaPart, Outgoing, Part};
use crate::store::Upload;

impl Outgoing {
    /// Returns the next part to be sent; the texts of joined messages are lines of their own.
    pub(crate) fn next_part(&self) -> Option<Part> {
        let own = self.parts.get(usize::from(self.progress.parts_done))?;
        let Part::Text(text) = own else { return Some(own.clone()) };
        let along = self.with.iter().filter_map(|one| one.parts.first()?.text());
        Some(Part::Text(std::iter::once(text.as_str()).chain(along).collect::<Vec<_>>().join("\n")))
    }

    /// Returns the file among the parts that are still to be sent. It is uploaded before the words
    /// that belong to it are sent, so that they are not sent alone when the upload fails.
    pub(crate) fn next_media(&self) -> Option<&MediaPart> {
        let left = self.parts.iter().skip(self.progress.parts_done.into());
        left.into_iter().find_map(|part| match part {
            Part::Text(_) => None,
            Part::Media(media) => Some(media),
        })
    }

    /// Returns the upload of this file, if there is one.
    pub(crate) fn upload_of(&self, media: &MediaPart) -> Option<&Upload> {
        self.progress.uploaded.as_deref().filter(|upload| upload.of == media.uri.as_str())
    }

    /// Returns this message and those whose texts are sent along with it.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Outgoing> {
        std::iter::once(self).chain(&self.with)
    }

    /// Returns whether all messages that were sent along before a restart are here.
    pub(crate) fn is_complete(&self) -> bool {
        self.with.len() >= usize::from(self.progress.along)
    }

    /// Returns whether no part of it was tried.
    pub(crate) fn is_untried(&self) -> bool {
        self.tries == 0 && !self.progress.tried && self.with.is_empty()
    }

    /// Returns the text of an untried message that is nothing else.
    pub(crate) fn whole_text(&self) -> Option<&str> {
        let [Part::Text(text)] = self.parts.as_slice() else { return None };
        self.is_untried().then_some(text)
    }

    pub(super) fn carries(&self, event: &EventId) -> bool {
        self.all().any(|one| one.event == event)
    }
}
