//! The rules for hosts that the bridge may connect to.
//!
//! The server names hosts for later calls (`baseurl`, `redirect_host`), and those calls carry the
//! bot token. So every address is checked against Tencent's domains and the configured ones.

use std::fmt;

use url::Url;

use super::error::{Error, printable};

/// The allowed hosts: Tencent's, those of the configuration, and those that may be reached without
/// TLS.
#[derive(Debug, Clone)]
pub struct HostRules {
    names: Vec<Pattern>,
    plain: Vec<(String, Option<u16>)>,
}

impl HostRules {
    /// Allows Tencent's domains and `extra` ("host" or "*.domain") over https, and `plain_http`
    /// ("host" for any port, "host:port" for one port) over http or https.
    pub fn new(extra: &[String], plain_http: &[String]) -> Self {
        let named = extra.iter().map(String::as_str);
        Self {
            names: TENCENT.into_iter().chain(named).map(Pattern::parse).collect(),
            plain: plain_http.iter().map(|entry| host_and_port(entry)).collect(),
        }
    }

    /// Returns whether `url` may be requested.
    pub fn allows(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        if !url.username().is_empty() || url.password().is_some() {
            return false;
        }
        let plain = self.is_plain(host, url.port_or_known_default());
        match url.scheme() {
            "https" => plain || self.names.iter().any(|name| name.matches(host)),
            "http" => plain,
            _ => false,
        }
    }

    /// Checks an address of the API: a URL, or a bare host with or without a port.
    ///
    /// # Errors
    /// [`Error::HostNotAllowed`] when it is no address or not an allowed one.
    pub fn api_base(&self, address: &str) -> Result<ApiBase, Error> {
        let address = address.trim();
        let refused = || Error::HostNotAllowed { host: printable(host_part(address)) };
        let mut url = if address.contains("://") {
            Url::parse(address).map_err(|_| refused())?
        } else {
            let (host, port) = host_and_port(address);
            let scheme = if self.is_plain(&host, port) { "http" } else { "https" };
            Url::parse(&format!("{scheme}://{address}")).map_err(|_| refused())?
        };
        if !self.allows(&url) {
            return Err(refused());
        }
        url.set_query(None);
        url.set_fragment(None);
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        Ok(ApiBase(url))
    }

    /// Checks the address of a file on the CDN, and returns it unchanged.
    ///
    /// # Errors
    /// [`Error::HostNotAllowed`] when it is no address or not an allowed one.
    pub(crate) fn file(&self, address: &str) -> Result<Url, Error> {
        let address = address.trim();
        let url = Url::parse(address).ok().filter(|url| self.allows(url));
        url.ok_or_else(|| Error::HostNotAllowed { host: printable(host_part(address)) })
    }

    fn is_plain(&self, host: &str, port: Option<u16>) -> bool {
        self.plain.iter().any(|(name, only)| {
            name.eq_ignore_ascii_case(host) && (only.is_none() || *only == port)
        })
    }
}

/// A checked base address, to which API paths are appended (docs/protocol.md §2).
#[derive(Clone, PartialEq, Eq)]
pub struct ApiBase(Url);

impl ApiBase {
    /// Returns the address of an endpoint below this base.
    pub(crate) fn endpoint(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        let joined = format!("{}{path}", url.path());
        url.set_path(&joined);
        url
    }
}

impl fmt::Debug for ApiBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiBase({})", self.0.host_str().unwrap_or_default())
    }
}

#[derive(Debug, Clone)]
enum Pattern {
    Exactly(String),
    Below(String),
}

impl Pattern {
    fn parse(text: &str) -> Self {
        let text = text.trim().to_ascii_lowercase();
        match text.strip_prefix('*') {
            Some(domain) if domain.starts_with('.') => Self::Below(domain.to_owned()),
            _ => Self::Exactly(text),
        }
    }

    fn matches(&self, host: &str) -> bool {
        match self {
            Self::Exactly(name) => name == host,
            Self::Below(domain) => host.len() > domain.len() && host.ends_with(domain.as_str()),
        }
    }
}

/// Splits "host" or "host:port" into host and port; an IPv6 address stands in brackets.
fn host_and_port(address: &str) -> (String, Option<u16>) {
    let address = host_part(address.trim());
    let split = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    match split {
        Some((host, port)) => (host.to_ascii_lowercase(), Some(port)),
        None => (address.to_ascii_lowercase(), None),
    }
}

/// Returns the part of an address that may be shown: without scheme, user, path and query.
fn host_part(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let authority = &rest[..end];
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

const TENCENT: [&str; 2] = ["*.weixin.qq.com", "*.wechat.com"];

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> HostRules {
        HostRules::new(
            &["*.relay.example".to_owned(), "One.Example".to_owned()],
            &["127.0.0.1:18200".to_owned(), "localhost".to_owned()],
        )
    }

    fn allows(url: &str) -> bool {
        rules().allows(&Url::parse(url).unwrap())
    }

    #[test]
    fn tencent_and_the_named_hosts_are_allowed_over_https() {
        for good in [
            "https://ilinkai.weixin.qq.com",
            "https://novac2c.cdn.weixin.qq.com/c2c",
            "https://a.WeChat.com:8443/",
            "https://b.relay.example/",
            "https://one.example/",
            "http://127.0.0.1:18200/",
            "https://127.0.0.1:18200/",
            "http://localhost:1/",
        ] {
            assert!(allows(good), "{good}");
        }
    }

    #[test]
    fn look_alikes_and_plain_http_are_not() {
        for bad in [
            "http://ilinkai.weixin.qq.com/",
            "https://weixin.qq.com.evil.example/",
            "https://evilweixin.qq.com/",
            "https://weixin.qq.com/",
            "https://relay.example/",
            "https://a.one.example/",
            "https://user:pw@ilinkai.weixin.qq.com/",
            "http://127.0.0.1:18201/",
            "http://127.0.0.1/",
            "https://169.254.169.254/",
            "ftp://ilinkai.weixin.qq.com/",
            "file:///etc/passwd",
            "data:text/plain,x",
        ] {
            assert!(!allows(bad), "{bad}");
        }
    }

    #[test]
    fn a_bare_host_gets_the_scheme_that_is_allowed() {
        let base = |address| rules().api_base(address).map(|base| base.endpoint("x/y").to_string());
        assert_eq!(base("idc2.weixin.qq.com"), Ok("https://idc2.weixin.qq.com/x/y".to_owned()));
        assert_eq!(base("127.0.0.1:18200"), Ok("http://127.0.0.1:18200/x/y".to_owned()));
        assert_eq!(
            base("https://a.weixin.qq.com/p?q#f"),
            Ok("https://a.weixin.qq.com/p/x/y".to_owned())
        );
    }

    #[test]
    fn the_address_of_a_file_is_kept_as_it_is() {
        let good = "https://novac2c.cdn.weixin.qq.com/c2c/download?encrypted_query_param=a%2Fb%3D";
        assert_eq!(rules().file(&format!(" {good}\n")).map(String::from), Ok(good.to_owned()));
        for (bad, host) in [
            ("https://evil.example/download?encrypted_query_param=secret", "evil.example"),
            ("http://novac2c.cdn.weixin.qq.com/x", "novac2c.cdn.weixin.qq.com"),
            ("novac2c.cdn.weixin.qq.com/x", "novac2c.cdn.weixin.qq.com"),
            ("", ""),
        ] {
            assert_eq!(rules().file(bad), Err(Error::HostNotAllowed { host: host.to_owned() }));
        }
    }

    #[test]
    fn a_base_that_is_not_allowed_is_named_without_its_secrets() {
        let refused = |address: &str| rules().api_base(address).unwrap_err();
        for (address, host) in [
            ("evil.example/path?token=1", "evil.example"),
            ("https://u:p@evil.example/", "evil.example"),
            ("http://a.weixin.qq.com", "a.weixin.qq.com"),
            ("", ""),
            ("a b", "a b"),
        ] {
            assert_eq!(refused(address), Error::HostNotAllowed { host: host.to_owned() });
        }
    }
}
