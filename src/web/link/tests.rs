use axum::body::{Body, to_bytes};
use futures_util::StreamExt as _;
use http::Request;
use tower::ServiceExt as _;

use super::*;
use crate::web::stage::Code;

struct FakeLogin {
    stages: watch::Sender<Stage>,
    wants: &'static str,
}

impl Watched for FakeLogin {
    fn stages(&self) -> watch::Receiver<Stage> {
        self.stages.subscribe()
    }

    fn enter(&self, digits: &str) -> bool {
        digits == self.wants
    }
}

impl FakeLogin {
    fn show(&self, view: View) {
        self.stages.send_modify(|stage| stage.view = view);
    }
}

fn login() -> Arc<FakeLogin> {
    Arc::new(FakeLogin { stages: watch::Sender::default(), wants: "1234" })
}

async fn ask(login: &Arc<FakeLogin>, request: Request<Body>) -> Response {
    let login = Arc::clone(login);
    let find = move |token: &str| (token == "T").then(|| Arc::clone(&login) as Arc<dyn Watched>);
    router(find).oneshot(request).await.unwrap()
}

fn get_in(language: &str, path: &str) -> Request<Body> {
    Request::get(path).header("accept-language", language).body(Body::empty()).unwrap()
}

async fn text(response: Response) -> String {
    String::from_utf8(to_bytes(response.into_body(), 1 << 20).await.unwrap().into()).unwrap()
}

#[tokio::test]
async fn the_page_speaks_the_browsers_language_and_has_all_its_words() {
    for (language, lang, title) in [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans", "请用微信扫一扫"),
        ("en-GB,en;q=0.9", "en", "Scan with WeChat"),
        ("de-DE,de;q=0.9, zh;q=0.5", "zh-Hans", "请用微信扫一扫"),
        ("fr", "en", "Scan with WeChat"),
        ("", "en", "Scan with WeChat"),
    ] {
        let page = text(ask(&login(), get_in(language, "/link/T")).await).await;
        assert!(page.contains(&format!("<html lang=\"{lang}\"")), "{language}");
        assert!(page.contains(title), "{language}");
        for (place, ..) in words::WORDS {
            assert!(!page.contains(&format!("{{{place}}}")), "{place} is not filled in");
        }
    }
}

#[tokio::test]
async fn an_unknown_token_is_over_in_every_way() {
    let post = Request::post("/link/U/digits").body(Body::from("1234")).unwrap();
    for request in [get_in("en", "/link/U"), get_in("en", "/link/U/events"), post] {
        assert_eq!(ask(&login(), request).await.status(), StatusCode::NOT_FOUND);
    }
    let page = text(ask(&login(), get_in("en", "/link/U")).await).await;
    assert!(page.contains("data-state=\"over\""));
}

#[tokio::test]
async fn nothing_is_stored_framed_or_loaded_from_elsewhere() {
    for path in ["/link/T", "/link/T/events", "/link/U"] {
        let response = ask(&login(), get_in("en", path)).await;
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("cache-control"), "no-store");
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    }
    let page = text(ask(&login(), get_in("en", "/link/T")).await).await;
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("src=\"/"));
}

#[tokio::test]
async fn digits_are_taken_when_they_are_wanted() {
    for (body, status) in [
        (" 1234 ", StatusCode::NO_CONTENT),
        ("99", StatusCode::CONFLICT),
        (&*"1".repeat(100), StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let request = Request::post("/link/T/digits").body(Body::from(body.to_owned())).unwrap();
        assert_eq!(ask(&login(), request).await.status(), status, "{body}");
    }
}

#[tokio::test]
async fn the_events_begin_with_what_is_and_follow_the_login() {
    let login = login();
    let response = ask(&login, get_in("en", "/link/T/events")).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut stream = response.into_body().into_data_stream();
    let mut next = async || {
        let chunk = stream.next().await?.unwrap();
        Some(String::from_utf8(chunk.into()).unwrap())
    };
    assert_eq!(next().await.unwrap(), "data: {\"state\":\"wait\"}\n\n");
    let code = Code { svg: "<svg/>".into(), url: "https://x.example/?q".into() };
    login.show(View::Code(Arc::new(code)));
    let told = next().await.unwrap();
    assert!(told.contains("data:image/svg+xml;base64,PHN2Zy8+"), "{told}");
    assert!(told.contains("https://x.example/?q"), "{told}");
    login.show(View::Digits { wrong: true });
    assert!(next().await.unwrap().contains("\"wrong\":true"));
    login.show(View::Done { login: 1 });
    assert!(next().await.unwrap().contains("done"));
    assert_eq!(next().await, None, "the stream ends with the login, not with its memory");
    drop(login);
}

#[test]
fn only_a_web_address_can_be_opened() {
    let code = |url: &str| View::Code(Arc::new(Code { svg: String::new(), url: url.into() }));
    assert!(tell(&code("javascript:alert(1)")).contains("\"url\":null"));
    assert!(!format!("{:?}", code("https://secret")).contains("secret"));
}

#[tokio::test]
async fn nothing_of_a_body_is_read_for_a_link_that_nobody_knows() {
    let never = Body::from_stream(futures_util::stream::pending::<Result<String, Infallible>>());
    let request = Request::post("/link/U/digits").body(never).unwrap();
    let answer = tokio::time::timeout(Duration::from_secs(10), ask(&login(), request)).await;
    assert_eq!(answer.expect("the body is waited for").status(), StatusCode::NOT_FOUND);
}
