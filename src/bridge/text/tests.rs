//! The comparison of every sentence in both languages with `tests/fixtures/sentences.txt`.

use super::{
    AdminText, Answer, Cause, CommandScope, Found, GroupText, Held, ItemNotice, LoginText, Medium,
    Note, OutcomeCounts, Quoted, RoomText, SendRefusal, Server, StepText, Trouble, Worded,
};
use crate::{
    bridge::{
        command::{COMMANDS, help_text},
        state::reply_window::Hold,
    },
    clock::Timestamp,
    config::Language,
    convert::OtherKind,
    crypto::WithheldReason,
    id::{LoginId, PortalId},
    ilink::Mismatch,
    store::Direction,
    web::stage::Ending,
};

const NAME: &str = "Mum";
const PAGE: &str = "https://wechat.example.org/link/TOKEN";
const PREFIX: &str = "!wechat";
const LINK: &str = "https://matrix.to/#/!room?via=example.org";

#[test]
fn every_sentence_is_the_agreed_one() {
    let mut lines = Vec::new();
    for language in [Language::En, Language::Zh] {
        let texts = [
            helps(language),
            answers(language),
            admins(language),
            findings(language),
            notes(language),
            rooms(language),
            logins(language),
            steps(language),
            deliveries(language),
            groups(language),
        ];
        lines.push(format!("== {}", language.code()));
        lines.extend(texts.into_iter().flatten());
    }
    let said = lines.join("\n\n") + "\n";
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/sentences.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(golden, &said).unwrap();
    }
    let agreed = std::fs::read_to_string(golden).unwrap();
    assert_eq!(said, agreed, "run with UPDATE_GOLDEN=1 and read the difference");
}

#[test]
fn no_sentence_is_the_same_in_both_languages() {
    for texts in [helps, answers, admins, findings, notes, rooms, logins, steps, deliveries, groups]
    {
        for (en, zh) in texts(Language::En).iter().zip(texts(Language::Zh)) {
            let translated = *en != zh || en.starts_with("matrix-appservice-wechat");
            assert!(translated, "{en}");
        }
    }
}

fn helps(language: Language) -> Vec<String> {
    let lines = COMMANDS.iter().flat_map(|(section, usages)| {
        let whats = usages.iter().map(|usage| help_text::what(usage.command, language));
        std::iter::once(help_text::heading(*section, language)).chain(whats)
    });
    lines.collect()
}

fn answers(language: Language) -> Vec<String> {
    let names = "Mum, Dad";
    [
        Answer::Hello { prefix: PREFIX, marked: true },
        Answer::Hello { prefix: PREFIX, marked: false },
        Answer::EncryptedRoom { link: Some("https://matrix.to/#/!there") },
        Answer::EncryptedRoom { link: None },
        Answer::EncryptedGroup,
        Answer::NoPermission,
        Answer::UnderAnotherName,
        Answer::GhostRefuses { bot: "@wechatbot:example.org" },
        Answer::UnknownCommand { name: "dance" },
        Answer::LevelTooLow { admin: true },
        Answer::LevelTooLow { admin: false },
        Answer::InPortalOnly { prefix: PREFIX, name: "queue" },
        Answer::NotYourContact,
        Answer::NotInPortal,
        Answer::HelpContext { prefix: PREFIX, here: CommandScope::Management },
        Answer::HelpContext { prefix: PREFIX, here: CommandScope::Portal { own: true } },
        Answer::HelpContext { prefix: PREFIX, here: CommandScope::Group },
        Answer::HelpContext { prefix: PREFIX, here: CommandScope::Other },
        Answer::HelpElsewhere { names: "`voice`, `queue`", here: CommandScope::Management },
        Answer::HelpElsewhere { names: "`bridge`", here: CommandScope::Portal { own: true } },
        Answer::ManagementAlready,
        Answer::ManagementNotAlone,
        Answer::ManagementSet,
        Answer::Version { version: "1.2.3" },
        Answer::Pong,
        Answer::NothingToCancel,
        Answer::WhichContact { choices: "1. Mum\n2. Dad" },
        Answer::NoSuchNumber { last: 2 },
        Answer::NothingDone,
        Answer::TooLate,
        Answer::NoDigitsWanted,
        Answer::TooManyLogins { prefix: PREFIX },
        Answer::IdHere { room: "!room:example.org", user: "@alice:example.org" },
        Answer::Synced { done: 1, refused: "" },
        Answer::Synced { done: 2, refused: "" },
        Answer::Synced { done: 2, refused: NAME },
        Answer::Merges,
        Answer::NoSuchContact { wanted: "Aunt", names },
        Answer::ConfirmLogout { name: NAME },
        Answer::LogoutKept,
        Answer::LoggedOut { name: NAME },
        Answer::NameUsage { prefix: PREFIX },
        Answer::Renamed { name: NAME },
        Answer::VoiceUsage { prefix: PREFIX },
        Answer::VoiceSet { items: false },
        Answer::VoiceSet { items: true },
        Answer::LanguageUsage,
        Answer::LanguageSet,
        Answer::PleaseRemove,
        Answer::TakenBack,
        Answer::Dropped { count: 0 },
        Answer::Dropped { count: 1 },
        Answer::Dropped { count: 2 },
        Answer::QueueUsage,
        Answer::Retried { count: 0 },
        Answer::Retried { count: 1 },
        Answer::Retried { count: 2 },
    ]
    .map(|answer| answer.text(language))
    .into()
}

fn admins(language: Language) -> Vec<String> {
    let counts =
        OutcomeCounts { delivered: 5, unconfirmed: 4, refused: 3, ignored: 2, cancelled: 1 };
    [
        AdminText::NobodyLinked,
        AdminText::Owner { user: ruma::user_id!("@alice:example.org"), count: 2 },
        AdminText::More { count: 1 },
        AdminText::More { count: 7 },
        AdminText::Running { version: "1.2.3", minutes: 1 + 60 * (2 + 24 * 3) },
        AdminText::Logins { all: 5, active: 3, stale: 1 },
        AdminText::Outcomes { way: Direction::ToMatrix, counts },
        AdminText::Outcomes { way: Direction::ToWechat, counts },
        AdminText::Queues { queued: 1, contacts: 1, unfinished: 1 },
        AdminText::Queues { queued: 4, contacts: 2, unfinished: 6 },
        AdminText::Stored { kib: 512, messages: 90 },
        AdminText::SudoUsage,
        AdminText::DoinUsage,
        AdminText::NoSuchRoom { room: "#none:example.org" },
        AdminText::OwnerGone { user: ruma::user_id!("@alice:example.org"), count: 1 },
        AdminText::OwnerGone { user: ruma::user_id!("@alice:example.org"), count: 2 },
    ]
    .map(|text| text.text(language))
    .into()
}

fn findings(language: Language) -> Vec<String> {
    let url = || "https://matrix.example.org/".to_owned();
    let user = || "@wechatbot:example.org".to_owned();
    let why = || Cause::said("Connection refused");
    let path = || "/var/lib/bridge".to_owned();
    let file = || "registration.yaml".to_owned();
    [
        Found::Homeserver { version: "v1.15".into() },
        Found::HomeserverAway { url: url(), why: Cause::silence(15) },
        Found::Token { bot: user() },
        Found::TokenRefused,
        Found::BotOutside { bot: user(), why: Cause::taken_for("@other:example.org") },
        Found::Ghosts,
        Found::GhostsOutside { ghost: "@wechat_doctor:example.org".into(), why: why() },
        Found::Puppets,
        Found::PuppetsRefused { why: Cause::unknown_token() },
        Found::Registration { file: file() },
        Found::RegistrationDiffers { file: file(), keys: "url, namespaces".into() },
        Found::RegistrationUnreadable { file: file(), why: Cause::no_yaml() },
        Found::Reached { millis: 12, running: true },
        Found::Reached { millis: 12, running: false },
        Found::NotReached { url: url(), why: Cause::homeserver(&crate::matrix::Error::Stalled) },
        Found::ReachedStranger { url: url() },
        Found::OtherRegistration { id: "wechat".into() },
        Found::NoAddress,
        Found::CannotListen { address: "192.0.2.1:29350".into(), why: why() },
        Found::Ilink { host: "ilinkai.weixin.qq.com".into() },
        Found::IlinkAway {
            host: "ilinkai.weixin.qq.com".into(),
            why: Cause::wechat(&crate::ilink::Error::Timeout),
        },
        Found::IlinkUnusable { why: why() },
        Found::Polls { polling: 3 },
        Found::StalePolls { polling: 3, stale: 1 },
        Found::Store { logins: 3 },
        Found::StoreNew { path: path() },
        Found::StoreInUse { by_us: true },
        Found::StoreInUse { by_us: false },
        Found::StoreOfOther { path: path() },
        Found::StoreRefused { why: Cause::store(&crate::store::Error::Closed) },
        Found::Disk { free_mib: 4096 },
        Found::DiskFull { path: path(), free_mib: 100, wanted_mib: 456 },
        Found::Clock { of: Server::Homeserver },
        Found::Clock { of: Server::Wechat },
        Found::ClockOff { of: Server::Homeserver, seconds: 90, ahead: true },
        Found::ClockOff { of: Server::Wechat, seconds: 90, ahead: false },
        Found::Sandbox,
        Found::EncryptionOff,
        Found::KeysStarting,
        Found::NoKeys { here: false },
        Found::NoKeys { here: true },
        Found::Keys { identity: "abcd efgh".into(), slow: false },
        Found::Keys { identity: "abcd efgh".into(), slow: true },
        Found::KeysWrong,
        Found::KeysStale { seconds: 300 },
        Found::SandboxMissing { why: Cause::no_sandbox("a worker cannot be started") },
        Found::NoSandboxHere {
            why: Cause::no_sandbox("only Linux can filter what a process asks of the system"),
        },
        Found::Page { url: url() },
        Found::PageAway { url: url(), why: why() },
        Found::PageIsNotOurs { url: url(), status: 502 },
        Found::PageOpen { url: url() },
    ]
    .map(|found| found.text(language))
    .into()
}

fn notes(language: Language) -> Vec<String> {
    [
        Note::NoLogins { prefix: PREFIX },
        Note::LoginLine { name: NAME, contact: "o9cq80Ab…", active: true, prefix: PREFIX },
        Note::LoginLine { name: NAME, contact: "o9cq80Ab…", active: false, prefix: PREFIX },
        Note::Choice { number: 1, name: NAME, contact: "o9cq80Ab…", active: true },
        Note::Choice { number: 2, name: NAME, contact: "o9cq80Ab…", active: false },
        Note::IdLine {
            name: NAME,
            room: "!room:example.org",
            portal: PortalId(3),
            login: LoginId(2),
            contact: "o9cq80Ab…",
            bot: "b1f00d00…",
        },
        Note::Queued { count: 2 },
        Note::StatusPortal { name: NAME, queued: 2 },
        Note::StatusBridge { logins: 1, active: 1, queued: 1 },
        Note::StatusBridge { logins: 3, active: 2, queued: 4 },
        Note::Window { left_minutes: 125, sends_left: 6 },
        Note::Window { left_minutes: 61, sends_left: 1 },
        Note::WindowClosed,
        Note::NeverHeard,
        Note::Greeting { name: NAME },
        Note::SessionLost { name: NAME, prefix: PREFIX },
        Note::PortalSessionLost { name: NAME, prefix: PREFIX },
        Note::RoomFailed { name: NAME },
        Note::DeliveryRefused { name: NAME },
        Note::Poison { name: NAME },
        Note::Unconfirmed { name: NAME, count: 3 },
        Note::QuotaLow { name: NAME, left: 1 },
        Note::QuotaLow { name: NAME, left: 2 },
        Note::SessionBack { name: NAME },
        Note::LeftOut { name: NAME, count: 395_001 },
        Note::Strangers { name: NAME, most: 50 },
        Note::WindowCloses { name: NAME, queued: 1 },
        Note::Queue { name: NAME },
        Note::QueueEmpty,
    ]
    .map(|note| note.text(language))
    .into()
}

fn rooms(language: Language) -> Vec<String> {
    let link = LINK;
    [
        RoomText::Closed { name: NAME },
        RoomText::ClosedFor { name: NAME, dropped: 0, prefix: PREFIX },
        RoomText::ClosedFor { name: NAME, dropped: 2, prefix: PREFIX },
        RoomText::GhostRemoved { name: NAME, prefix: PREFIX },
        RoomText::InviteMe { name: NAME, bot: "@wechatbot:example.org", link },
        RoomText::NotReplaced { name: NAME, link, prefix: PREFIX },
        RoomText::Moved { name: NAME },
        RoomText::ChatIsThere { name: NAME, link },
        RoomText::ConfirmDelete { name: NAME, queued: 0 },
        RoomText::ConfirmDelete { name: NAME, queued: 2 },
        RoomText::NotDeleted,
        RoomText::Deleted { name: NAME, dropped: 1 },
        RoomText::Deleted { name: NAME, dropped: 2 },
        RoomText::Ignored { name: NAME, prefix: PREFIX },
        RoomText::Unignored { name: NAME, left_out: 1 },
        RoomText::Unignored { name: NAME, left_out: 3 },
        RoomText::IsIgnored { left_out: 3 },
        RoomText::HasNoRoom,
        RoomText::IsNotRelayed,
        RoomText::RelayUsage { prefix: PREFIX },
        RoomText::RelaySet { on: true },
        RoomText::RelaySet { on: false },
        RoomText::AvatarUsage { prefix: PREFIX },
        RoomText::AvatarSet { name: NAME, removed: false },
        RoomText::AvatarSet { name: NAME, removed: true },
    ]
    .map(|text| text.text(language))
    .into()
}

fn logins(language: Language) -> Vec<String> {
    [
        LoginText::Code { url: "https://example.org/q", number: 1, of: 3, page: None },
        LoginText::Code { url: "https://example.org/q", number: 1, of: 3, page: Some(PAGE) },
        LoginText::PageOnly { page: PAGE },
        LoginText::Scanned,
        LoginText::DigitsWanted,
        LoginText::DigitsWrong,
        LoginText::Blocked,
        LoginText::Expired,
        LoginText::Redirected,
        LoginText::AlreadyBound { prefix: PREFIX },
        LoginText::Linked { name: NAME },
        LoginText::LinkedAgain { name: NAME },
        LoginText::LinkedKept { name: NAME, asked: "Dad" },
        LoginText::LinkedOther { name: NAME, wanted: "Dad" },
        LoginText::CodesUsedUp { prefix: PREFIX },
        LoginText::TimedOut { prefix: PREFIX },
        LoginText::Unreachable { prefix: PREFIX },
        LoginText::Incomplete { prefix: PREFIX },
        LoginText::BoundElsewhere { prefix: PREFIX },
        LoginText::NoCode { prefix: PREFIX },
        LoginText::BadServer,
        LoginText::Unusable { prefix: PREFIX },
        LoginText::Cancelled,
    ]
    .map(|text| text.text(language))
    .into()
}

fn steps(language: Language) -> Vec<String> {
    [
        StepText::Wait,
        StepText::Code { page: None },
        StepText::Code { page: Some(PAGE) },
        StepText::Scanned,
        StepText::Digits { wrong: false },
        StepText::Digits { wrong: true },
        StepText::Over(Ending::Cancelled),
        StepText::Over(Ending::TimedOut),
        StepText::Over(Ending::CodesUsedUp),
        StepText::Over(Ending::AlreadyLinked),
        StepText::Over(Ending::Unreachable),
        StepText::Over(Ending::Incomplete),
        StepText::Over(Ending::BoundElsewhere),
        StepText::Over(Ending::NoCode),
        StepText::Over(Ending::BadServer),
        StepText::Over(Ending::Unusable),
        StepText::Over(Ending::Stopped),
    ]
    .map(|text| text.text(language))
    .into()
}

fn groups(language: Language) -> Vec<String> {
    [
        GroupText::Bridged { name: NAME, prefix: PREFIX },
        GroupText::InManagementRoom,
        GroupText::Elsewhere { name: NAME, prefix: PREFIX },
        GroupText::ByAnother { name: NAME },
        GroupText::MayNotInvite,
        GroupText::BotMayNot { name: NAME },
        GroupText::NoRoomYet { name: NAME },
        GroupText::Unbridged { names: "Mum, Dad" },
        GroupText::NobodyHere,
        GroupText::NotBridged { name: NAME },
        GroupText::Moved { name: NAME, prefix: PREFIX },
        GroupText::Back { name: NAME },
        GroupText::TakenBackFor { name: NAME },
        GroupText::Replaced { names: NAME, bot: "@wechatbot:example.org", link: LINK },
        GroupText::NotReplaced { names: NAME, link: LINK, prefix: PREFIX },
        GroupText::Followed { names: "Mum, Dad" },
        GroupText::LeftBehind { name: NAME, link: LINK, prefix: PREFIX },
    ]
    .map(|text| text.text(language))
    .into()
}

fn deliveries(language: Language) -> Vec<String> {
    let holds = [
        Hold::NeverHeard,
        Hold::WindowClosed,
        Hold::QuotaSpent,
        Hold::Throttled(Timestamp(0)),
        Hold::LoggedOut,
        Hold::Unreachable,
    ];
    let kinds = [OtherKind::Location, OtherKind::Poll, OtherKind::Other];
    let others = [
        SendRefusal::Edit,
        SendRefusal::Redaction,
        SendRefusal::OnItsWay,
        SendRefusal::Reaction,
        SendRefusal::Vote,
        SendRefusal::LiveLocation,
        SendRefusal::Call,
        SendRefusal::Encrypted,
        SendRefusal::NoKey,
        SendRefusal::KeyWithheld(WithheldReason::NotAllowed),
        SendRefusal::KeyWithheld(WithheldReason::NoSession),
        SendRefusal::KeyWithheld(WithheldReason::Other),
        SendRefusal::Undecryptable,
        SendRefusal::FileEncrypted,
        SendRefusal::FileTooLarge { limit: 100 << 20 },
        SendRefusal::FileMissing,
        SendRefusal::FileAway,
        SendRefusal::Disk,
        SendRefusal::Rejected(-3),
        SendRefusal::NotAllowed,
        SendRefusal::RelayOff,
        SendRefusal::NotYours,
        SendRefusal::BadServer,
        SendRefusal::Unseen,
        SendRefusal::BadLogin,
        SendRefusal::UploadRefused(403),
        SendRefusal::UploadFailed,
        SendRefusal::BadFileServer,
        SendRefusal::NothingToRetry,
        SendRefusal::Poison,
    ];
    let archive = Medium::File { name: Some("photos.zip".into()) };
    let items = [
        ItemNotice::Differs { what: &Medium::Video, how: Mismatch::Digest },
        ItemNotice::Differs { what: &archive, how: Mismatch::Digest },
        ItemNotice::Differs {
            what: &archive,
            how: Mismatch::Size { announced: 1_024, came: 1_000 },
        },
        ItemNotice::Unknown { kind: Some(8) },
        ItemNotice::Unknown { kind: None },
        ItemNotice::Empty,
    ];
    let held = |why| Held { why, contact: NAME, prefix: PREFIX }.text(language);
    let refusals = kinds.map(SendRefusal::Kind).into_iter().chain(others);
    holds
        .map(held)
        .into_iter()
        .chain(refusals.map(|refusal| refusal.text(language)))
        .chain(lost(language))
        .chain(items.map(|item| item.text(language)))
        .chain(quoted().map(|quoted| quoted.text(language)))
        .chain([Worded::Reaction { key: "❤" }, Worded::PollEnded].map(|w| w.text(language)))
        .collect()
}

fn quoted() -> [Quoted; 10] {
    [
        Quoted::Picture,
        Quoted::Voice,
        Quoted::Video,
        Quoted::File { name: Some("a.pdf".into()) },
        Quoted::File { name: None },
        Quoted::Sticker,
        Quoted::Location,
        Quoted::Poll,
        Quoted::Unknown,
        Quoted::Earlier,
    ]
}

/// Returns each kind of item with one reason, and each reason with one kind.
fn lost(language: Language) -> Vec<String> {
    let named = Medium::File { name: Some("a.pdf".into()) };
    let kinds = [
        Medium::Image,
        Medium::Voice { transcript: Some("晚上见".into()) },
        Medium::Voice { transcript: None },
        Medium::File { name: None },
        Medium::Video,
    ];
    let reasons = [
        Trouble::TooLarge { size: Some(230_000_001), limit: 100 << 20 },
        Trouble::TooLarge { size: None, limit: 100 << 20 },
        Trouble::NoPlace,
        Trouble::NoKey,
        Trouble::Undecryptable,
        Trouble::Gone(404),
        Trouble::Unreachable,
        Trouble::BadServer,
        Trouble::Disk,
        Trouble::HomeserverLimit,
        Trouble::HomeserverRefuses,
        Trouble::HomeserverFails,
    ];
    let text = |what, why| ItemNotice::Lost { what, why, prefix: PREFIX }.text(language);
    let kinds = kinds.iter().map(|kind| text(kind, &Trouble::Gone(404)));
    kinds.chain(reasons.iter().map(|reason| text(&named, reason))).collect()
}
