use super::*;
use crate::ilink::host::HostRules;

const START: Timestamp = Timestamp(1_000_000);

fn login() -> QrLogin {
    let mut login = QrLogin::begin(START, LoginPatience::PICTURE);
    login.on_code("https://x/".to_owned());
    login
}

fn after(login: QrLogin, status: QrStatus) -> QrTurn {
    login.after(Ok(status), START)
}

fn polls(turn: QrTurn) -> (QrLogin, Option<LoginEvent>) {
    let QrTurn::Poll(login, event) = turn else { panic!("{turn:?}") };
    (login, event)
}

fn ends(turn: QrTurn) -> LoginEvent {
    let QrTurn::End(event) = turn else { panic!("{turn:?}") };
    event
}

fn base(host: &str) -> ApiBase {
    HostRules::new(&[], &[]).api_base(host).unwrap()
}

fn confirmed(bot: Option<&str>, token: Option<&str>) -> QrStatus {
    QrStatus::Confirmed(Confirmed {
        bot: bot.and_then(BotId::parse),
        token: token.map(BotToken::new),
        user: WechatUserId::parse("o9@im.wechat"),
        base_url: None,
    })
}

#[test]
fn waiting_failures_and_unknown_answers_are_polled_on() {
    let mut login = login();
    for answer in [
        Ok(QrStatus::Wait),
        Ok(QrStatus::Redirect(None)),
        Ok(QrStatus::Unknown("new".to_owned())),
        Ok(QrStatus::Unknown("new".to_owned())),
        Err(Error::Timeout),
        Err(Error::Http { status: 524 }),
        Err(Error::Garbled),
        Err(Error::Refused { code: -1, message: String::new() }),
    ] {
        let (goes_on, event) = polls(login.after(answer, START));
        assert!(event.is_none());
        login = goes_on;
    }
}

#[test]
fn a_scan_is_told_once_for_each_code() {
    let (login, event) = polls(after(login(), QrStatus::Scanned));
    assert!(matches!(event, Some(LoginEvent::Scanned)));
    let (mut login, event) = polls(after(login, QrStatus::Scanned));
    assert!(event.is_none());
    login.on_code(String::new());
    let (_, event) = polls(after(login, QrStatus::Scanned));
    assert!(matches!(event, Some(LoginEvent::Scanned)));
}

#[test]
fn digits_are_asked_for_and_asked_again_when_they_were_wrong() {
    let QrTurn::AskDigits { mut login, wrong: false } = after(login(), QrStatus::DigitsWanted)
    else {
        panic!("no digits wanted")
    };
    login.on_digits(VerifyCode::new("1111"));
    assert_eq!(login.digits(), Some(&VerifyCode::new("1111")));
    let QrTurn::AskDigits { mut login, wrong: true } = after(login, QrStatus::DigitsWanted) else {
        panic!("no digits wanted")
    };
    assert_eq!(login.digits(), None);
    login.on_digits(VerifyCode::new("4321"));
    let (login, _) = polls(login.after(Err(Error::Timeout), START));
    assert_eq!(login.digits(), Some(&VerifyCode::new("4321")));
    let (login, _) = polls(after(login, QrStatus::Scanned));
    assert_eq!(login.digits(), None);
}

#[test]
fn a_redirect_holds_until_the_next_code() {
    let there = base("idc2.weixin.qq.com");
    let (login, event) = polls(after(login(), QrStatus::Redirect(Some(there.clone()))));
    assert!(matches!(event, Some(LoginEvent::Redirected)));
    assert_eq!(login.redirected_to(), Some(&there));
    let (login, event) = polls(after(login, QrStatus::Redirect(Some(there.clone()))));
    assert!(event.is_none());
    let QrTurn::NewCode(mut login, LoginEvent::Expired) = after(login, QrStatus::Expired) else {
        panic!("no new code")
    };
    login.on_code(String::new());
    assert_eq!(login.redirected_to(), None);
}

#[test]
fn a_redirect_to_a_strange_host_ends_the_login() {
    let refused = Error::HostNotAllowed { host: "evil.example".to_owned() };
    let event = ends(login().after(Err(refused.clone()), START));
    assert!(matches!(event, LoginEvent::Failed(LoginFailure::Unreachable(e)) if e == refused));
}

#[test]
fn there_are_three_codes_whether_expired_or_blocked() {
    let QrTurn::NewCode(mut login, LoginEvent::Blocked) = after(login(), QrStatus::DigitsBlocked)
    else {
        panic!("no new code")
    };
    login.on_code(String::new());
    let QrTurn::NewCode(mut login, LoginEvent::Expired) = after(login, QrStatus::Expired) else {
        panic!("no new code")
    };
    let third = login.on_code(String::new());
    assert!(matches!(third, LoginEvent::Code { number: 3, of: 3, .. }));
    let event = ends(after(login, QrStatus::Expired));
    assert!(matches!(event, LoginEvent::Failed(LoginFailure::CodesUsedUp)));
}

#[test]
fn the_time_is_up_after_eight_minutes() {
    let later = |seconds| START.plus(Duration::from_secs(seconds));
    polls(login().after(Ok(QrStatus::Wait), later(479)));
    for answer in [Ok(QrStatus::Wait), Ok(QrStatus::DigitsWanted), Err(Error::Timeout)] {
        let event = ends(login().after(answer, later(480)));
        assert!(matches!(event, LoginEvent::Failed(LoginFailure::TimedOut)));
    }
    let late = login().after(Ok(confirmed(Some("b@im.bot"), Some("t"))), later(1_000));
    assert!(matches!(ends(late), LoginEvent::Confirmed(_)));
}

#[test]
fn a_confirmation_gives_the_credentials_without_printing_them() {
    let event = ends(after(login(), confirmed(Some("b@im.bot"), Some("TTT"))));
    let LoginEvent::Confirmed(credentials) = &event else { panic!("{event:?}") };
    assert_eq!(credentials.bot.as_str(), "b@im.bot");
    assert_eq!(credentials.token, BotToken::new("TTT"));
    assert!(!format!("{event:?} {credentials:?}").contains("TTT"));
}

#[test]
fn a_confirmation_without_id_or_token_is_a_failure() {
    let nameless = ends(after(login(), confirmed(None, Some("t"))));
    assert!(matches!(nameless, LoginEvent::Failed(LoginFailure::NoBotId)));
    let tokenless = ends(after(login(), confirmed(Some("b@im.bot"), None)));
    assert!(matches!(tokenless, LoginEvent::Failed(LoginFailure::NoToken)));
}

#[test]
fn a_person_who_is_bound_already_ends_the_login() {
    assert!(matches!(ends(after(login(), QrStatus::AlreadyBound)), LoginEvent::AlreadyBound));
}

#[test]
fn the_link_of_a_code_does_not_print() {
    let event =
        QrLogin::begin(START, LoginPatience::PICTURE).on_code("https://x/?qrcode=QQQ".to_owned());
    assert_eq!(format!("{event:?}"), "Code(1 of 3)");
}
