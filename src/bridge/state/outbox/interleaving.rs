//! Random interleavings of everything that can happen to a queue, compared with a simple model.
//!
//! The sender of this test uses the outbox as `send::sender` does.

use std::collections::{BTreeMap, HashMap, VecDeque};

use proptest::prelude::*;
use ruma::{EventId, user_id};

use super::{
    tests::{PORTAL, outgoing, picture_named, queue, uploaded},
    *,
};

/// A step of the test.
#[derive(Debug, Clone)]
enum Step {
    /// A user writes a text that becomes `texts` messages, with or without an image.
    Push { texts: usize, picture: bool },
    /// The sender uploads an image or sends the next part, joined with others if it may.
    Send { join: bool, end: End },
    /// The user redacts the text of this number.
    Cancel(usize),
    /// The user edits the text of this number, perhaps with another image.
    Replace { number: usize, picture: bool },
    /// The bridge is killed and reads `read` entries of its store for now.
    Restart { read: usize },
}

/// How a try ends. An answer that reports a failure comes only while WeChat does not have the
/// message.
#[derive(Debug, Clone, Copy)]
enum End {
    Accepted,
    /// WeChat has the message, and the answer is lost.
    AnswerLost,
    /// WeChat does not have the message, and no answer comes.
    RequestLost,
    NotNow,
    Never,
    /// The bridge is killed before the request; the rest of the store is read at once.
    KilledBefore,
    /// The bridge is killed after WeChat has the message and before that is stored.
    KilledAfter,
}

/// A text in the model.
#[derive(Debug)]
struct Text {
    parts: Vec<String>,
    waits: bool,
    tried: bool,
}

/// The bridge's store, the queue and WeChat.
struct Play {
    outbox: Outbox,
    /// The stored state of each unfinished message.
    store: BTreeMap<u64, (Vec<Part>, Progress)>,
    /// The entries of the store that are not yet in the queue.
    unread: VecDeque<u64>,
    /// The messages that WeChat accepted, by client id; for an image also its upload.
    taken: HashMap<(u64, u16), (String, Option<Upload>)>,
    shown: Vec<String>,
    texts: Vec<Text>,
    edits: usize,
    uploads: usize,
}

impl Play {
    fn new() -> Self {
        Self {
            outbox: queue([]),
            store: BTreeMap::new(),
            unread: VecDeque::new(),
            taken: HashMap::new(),
            shown: Vec::new(),
            texts: Vec::new(),
            edits: 0,
            uploads: 0,
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Push { texts, picture } => {
                let number = self.texts.len();
                let texts = (0..texts).map(|part| Part::Text(format!("{number}.{part}")));
                let picture = picture.then(|| picture_named(&format!("{number}.png")));
                let parts: Vec<_> = texts.chain(picture).collect();
                self.texts.push(Text { parts: lines(&parts), waits: true, tried: false });
                self.store.insert(number as u64, (parts, Progress::default()));
                self.unread.push_back(number as u64);
                // Texts from before the kill are read before later ones.
                if self.unread.len() == 1 {
                    self.read(1);
                }
            }
            Step::Send { join, end } => self.send(join, end),
            Step::Cancel(number) => self.cancel(number),
            Step::Replace { number, picture } => self.replace(number, picture),
            Step::Restart { read } => self.restart(read),
        }
        self.check();
    }

    fn restart(&mut self, read: usize) {
        self.outbox = queue([]);
        self.unread = self.store.keys().copied().collect();
        self.read(read);
    }

    fn read(&mut self, count: usize) {
        for _ in 0..count {
            let Some(number) = self.unread.pop_front() else { return };
            let (parts, progress) = self.store[&number].clone();
            self.outbox.push(PORTAL, Outgoing { parts, progress, ..outgoing(number, &[]) });
        }
    }

    fn send(&mut self, join: bool, end: End) {
        let Some(head) = self.outbox.head(PORTAL) else { return };
        if !head.is_complete() && !self.unread.is_empty() {
            return;
        }
        if head.next_media().is_some_and(|media| head.upload_of(media).is_none()) {
            return self.upload(&head, end);
        }
        if join {
            self.outbox.join(PORTAL, LIMIT);
        }
        let mut head = self.outbox.begin_try(PORTAL, head.entry.id).unwrap();
        let first = !head.progress.tried;
        if first {
            head.progress.tried = true;
            head.progress.along = u16::try_from(head.with.len()).unwrap();
            self.outbox.put_head(PORTAL, head.clone());
            self.note(head.all(), true);
        }
        let id = (head.entry.id.0, head.progress.parts_done);
        match (end, self.taken.contains_key(&id)) {
            (End::Accepted, _) | (End::NotNow | End::Never, true) => {
                self.take(&head);
                self.accepted(head);
            }
            (End::AnswerLost, _) => self.take(&head),
            (End::RequestLost, _) => {}
            (End::NotNow, false) if first => {
                let changed = self.outbox.undo_try(PORTAL, head.entry.id);
                self.note(changed.iter(), false);
            }
            (End::NotNow, false) => {}
            (End::Never, false) => {
                let done = usize::from(head.progress.parts_done);
                self.texts[number(&head)].parts.truncate(done);
                head.with.iter().for_each(|one| self.texts[number(one)].parts.clear());
                self.end(&head);
            }
            (End::KilledBefore, _) => self.restart(usize::MAX),
            (End::KilledAfter, _) => {
                self.take(&head);
                self.restart(1);
            }
        }
    }

    /// Uploads an image; the upload is stored before anything is sent.
    fn upload(&mut self, head: &Outgoing, end: End) {
        match end {
            End::RequestLost | End::NotNow => {}
            End::KilledBefore | End::KilledAfter => self.restart(1),
            End::Accepted | End::AnswerLost | End::Never => {
                self.uploads += 1;
                let uri = head.next_media().unwrap().uri.as_str();
                let upload = uploaded(uri, &self.uploads.to_string());
                let head = self.outbox.put_upload(PORTAL, head.entry.id, upload).unwrap();
                self.store.get_mut(&head.entry.id.0).unwrap().1 = head.progress;
            }
        }
    }

    /// Hands WeChat a message; one with a known client id is dropped.
    fn take(&mut self, head: &Outgoing) {
        let (id, part) = ((head.entry.id.0, head.progress.parts_done), head.next_part().unwrap());
        let upload = match &part {
            Part::Text(_) => None,
            Part::Media(media) => Some(head.upload_of(media).unwrap().clone()),
        };
        let sent = (part.line(), upload);
        match self.taken.get(&id) {
            Some(earlier) => assert_eq!(*earlier, sent, "another item under the same client id"),
            None => {
                self.shown.extend(sent.0.split('\n').map(str::to_owned));
                self.taken.insert(id, sent);
            }
        }
    }

    fn accepted(&mut self, mut head: Outgoing) {
        head.progress.parts_done += 1;
        head.tries = 0;
        self.note(std::iter::once(&head), true);
        if usize::from(head.progress.parts_done) < head.parts.len() {
            self.outbox.put_head(PORTAL, head);
        } else {
            self.end(&head);
        }
    }

    fn end(&mut self, head: &Outgoing) {
        for one in head.all() {
            self.store.remove(&one.entry.id.0);
            self.texts[number(one)].waits = false;
        }
        self.outbox.remove(PORTAL, head.entry.id);
    }

    fn note<'a>(&mut self, changed: impl Iterator<Item = &'a Outgoing>, tried: bool) {
        for one in changed {
            self.store.get_mut(&one.entry.id.0).unwrap().1 = one.progress.clone();
            self.texts[number(one)].tried = tried;
        }
    }

    fn cancel(&mut self, number: usize) {
        self.read(usize::MAX);
        let event = EventId::parse(format!("${number}")).unwrap();
        let changed = self.outbox.cancel(PORTAL, &event);
        self.expect(number, &changed);
        if matches!(changed, Changed::Done(_)) {
            self.store.remove(&(number as u64));
            self.texts[number] = Text { parts: Vec::new(), waits: false, tried: false };
        }
    }

    fn replace(&mut self, number: usize, picture: bool) {
        self.read(usize::MAX);
        let event = EventId::parse(format!("${number}")).unwrap();
        self.edits += 1;
        let edit = self.edits;
        let mut parts = vec![Part::Text(format!("{number}, edit {edit}"))];
        let old = self.store.get(&(number as u64)).and_then(|(parts, _)| parts.last());
        match old {
            Some(Part::Media(_)) if picture => parts.push(picture_named(&format!("{edit}.gif"))),
            Some(Part::Media(media)) => parts.push(Part::Media(media.clone())),
            Some(Part::Text(_)) | None => {}
        }
        let alice = user_id!("@alice:b.org");
        let changed = self.outbox.replace(PORTAL, &event, alice, (&parts, &event));
        self.expect(number, &changed);
        if matches!(changed, Changed::Done(_)) {
            self.texts[number].parts = lines(&parts);
            self.store.get_mut(&(number as u64)).unwrap().0 = parts;
        }
    }

    /// Asserts that exactly the untried messages can be changed.
    fn expect(&self, number: usize, changed: &Changed) {
        let model = self.texts.get(number).map(|text| (text.waits, text.tried));
        match (model, changed) {
            (Some((true, false)), Changed::Done(_))
            | (Some((true, true)), Changed::TooLate)
            | (Some((false, _)) | None, Changed::NotThere) => {}
            (model, changed) => panic!("text {number} is {model:?}, and yet {changed:?}"),
        }
    }

    fn check(&self) {
        let waiting = self.texts.iter().filter(|text| text.waits).count();
        assert_eq!(self.outbox.queued(PORTAL) + self.unread.len(), waiting);
        assert_eq!(self.store.len(), waiting);
    }

    /// Sends everything that still waits.
    fn drain(&mut self) {
        self.read(usize::MAX);
        while self.outbox.head(PORTAL).is_some() {
            self.step(Step::Send { join: false, end: End::Accepted });
        }
    }
}

/// Returns what the phone shows of these parts.
fn lines(parts: &[Part]) -> Vec<String> {
    parts.iter().map(Part::line).collect()
}

/// Returns the number of the text that a message is.
fn number(outgoing: &Outgoing) -> usize {
    usize::try_from(outgoing.entry.id.0).unwrap()
}

fn any_step() -> impl Strategy<Value = Step> {
    let end = prop_oneof![
        4 => Just(End::Accepted),
        1 => Just(End::AnswerLost),
        1 => Just(End::RequestLost),
        2 => Just(End::NotNow),
        1 => Just(End::Never),
        1 => Just(End::KilledBefore),
        2 => Just(End::KilledAfter),
    ];
    prop_oneof![
        4 => (prop_oneof![4 => Just(1_usize), 1 => 2..4_usize], prop::bool::weighted(0.3))
            .prop_map(|(texts, picture)| Step::Push { texts, picture }),
        1 => Just(Step::Push { texts: 0, picture: true }),
        6 => (any::<bool>(), end).prop_map(|(join, end)| Step::Send { join, end }),
        1 => (0..12_usize).prop_map(Step::Cancel),
        2 => (0..12_usize, any::<bool>())
            .prop_map(|(number, picture)| Step::Replace { number, picture }),
        1 => (0..4_usize).prop_map(|read| Step::Restart { read }),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_everything_is_shown_once_in_order_as_it_was_last_wanted(
        steps in prop::collection::vec(any_step(), 1..60),
    ) {
        let mut play = Play::new();
        for step in steps {
            play.step(step);
        }
        play.drain();
        let wanted: Vec<_> = play.texts.iter().flat_map(|text| text.parts.clone()).collect();
        prop_assert_eq!(play.shown, wanted);
        prop_assert!(play.store.is_empty());
    }
}

/// The limit of a joined message in bytes: some texts fit, not all.
const LIMIT: usize = 20;
