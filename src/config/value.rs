//! The parsers of single values. The error of each tells what to write instead.

use std::net::SocketAddr;

use ruma::{OwnedServerName, ServerName};
use url::Url;

use super::{
    DisplayName, Language, LogFormat, NAME_SLOT, VoiceOut, document::closest, permission::Level,
};
use crate::ilink::agent::is_bot_agent;

pub(super) fn web_address(text: &str) -> Result<Url, String> {
    let wrong = || {
        "is not a web address; write it with http:// or https://, \
         like \"https://matrix.example.org\""
            .to_owned()
    };
    let mut url = Url::parse(text).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(wrong());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user or a password; write the address alone".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must end before any ? or #; write the address alone".to_owned());
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

pub(super) fn server_name(text: &str) -> Result<OwnedServerName, String> {
    ServerName::parse(text).map_err(|_| {
        "is not a server name; write what stands behind the colon of your user id, \
         like \"example.org\""
            .to_owned()
    })
}

pub(super) fn socket_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "is not an address with a port; write numbers, like \"127.0.0.1:29350\" or \"[::]:29350\""
            .to_owned()
    })
}

/// Parses the name of a registration, which becomes a part of URLs.
pub(super) fn registration_id(text: &str) -> Result<String, String> {
    let sound =
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    sound
        .then(|| text.to_owned())
        .ok_or_else(|| "may hold only letters, digits, - _ and .; write \"wechat\"".to_owned())
}

/// Parses the localpart of a user id, as new users may have it.
pub(super) fn localpart(text: &str) -> Result<String, String> {
    let sound = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.=/+".contains(&b);
    if !text.is_empty() && text.len() <= MAX_LOCALPART && text.bytes().all(sound) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "may hold 1 to {MAX_LOCALPART} of a-z, 0-9 and - _ . = / +, without @ and without a server name"
    ))
}

pub(super) fn display_name(text: &str) -> Result<DisplayName, String> {
    if text.contains(NAME_SLOT) {
        return Ok(DisplayName(text.to_owned()));
    }
    Err("must contain {name}, which becomes the contact's name; write \"{name} (WeChat)\""
        .to_owned())
}

pub(super) fn not_blank(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("must not be empty; write some text or remove the line".to_owned());
    }
    Ok(text.to_owned())
}

pub(super) fn command_prefix(text: &str) -> Result<String, String> {
    if text.is_empty() || text.chars().any(char::is_whitespace) {
        return Err("must be one word; write \"!wechat\"".to_owned());
    }
    Ok(text.to_owned())
}

/// Parses the public address of the pages; returns it without a slash at the end.
pub(super) fn public_url(text: &str) -> Result<String, String> {
    let plain = |url: &Url| url.query().is_none() && url.fragment().is_none() && url.has_host();
    let is_safe = |url: &Url| match url.scheme() {
        "https" => true,
        "http" => url.host_str().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1")),
        _ => false,
    };
    let url = Url::parse(text).ok().filter(|url| plain(url) && is_safe(url));
    url.map(|url| url.as_str().trim_end_matches('/').to_owned()).ok_or_else(|| {
        "must be an https:// address without a question mark; write it like \
         \"https://wechat.example.org\""
            .to_owned()
    })
}

pub(super) fn language(text: &str) -> Result<Language, String> {
    one_of(text, &[("en", Language::En), ("zh", Language::Zh)])
}

pub(super) fn level(text: &str) -> Result<Level, String> {
    one_of(text, &[("relay", Level::Relay), ("user", Level::User), ("admin", Level::Admin)])
}

pub(super) fn voice_out(text: &str) -> Result<VoiceOut, String> {
    one_of(text, &[("file", VoiceOut::File), ("silk", VoiceOut::Silk)])
}

pub(super) fn log_format(text: &str) -> Result<LogFormat, String> {
    one_of(text, &[("pretty", LogFormat::Pretty), ("json", LogFormat::Json)])
}

pub(super) fn log_filter(text: &str) -> Result<String, String> {
    let parsed = tracing_subscriber::EnvFilter::builder().parse(text);
    if text.trim().is_empty() || parsed.is_err() {
        return Err("is not a filter; write error, warn, info, debug or trace, or levels by part \
                    like \"info,matrix_appservice_wechat::ilink=debug\""
            .to_owned());
    }
    Ok(text.to_owned())
}

/// Parses `host` or `*.host`.
pub(super) fn host_pattern(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("*.").unwrap_or(text);
    match url::Host::parse(host) {
        Ok(parsed) if !host.contains('*') => Ok(text.replace(host, &parsed.to_string())),
        Ok(_) | Err(_) => Err("must hold host names alone, like \"wechat.example.org\" or \
             \"*.example.org\", without https:// and without a port"
            .to_owned()),
    }
}

/// Parses `host` or `host:port`.
pub(super) fn host_and_port(text: &str) -> Result<String, String> {
    let url = Url::parse(&format!("http://{text}/")).ok();
    let alone = |url: &Url| url.path() == "/" && url.username().is_empty() && url.query().is_none();
    url.filter(alone).and_then(|url| Some((url.host_str()?.to_owned(), url.port()))).map_or_else(
        || {
            Err("must hold hosts or hosts with ports, like \"127.0.0.1:8080\", without http://"
                .to_owned())
        },
        |(host, port)| Ok(port.map_or(host.clone(), |port| format!("{host}:{port}"))),
    )
}

pub(super) fn proxy(text: &str) -> Result<super::ProxyUrl, String> {
    let sound = Url::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if sound {
        return Ok(super::ProxyUrl::new(text));
    }
    Err("is not the address of an HTTP proxy; write it like \"http://proxy.example.org:3128\""
        .to_owned())
}

pub(super) fn bot_agent(text: &str) -> Result<String, String> {
    if is_bot_agent(text) {
        return Ok(text.to_owned());
    }
    Err("must be products with versions of at most 32 characters each, separated by one space; \
         write it like \"my-bridge/1.0\""
        .to_owned())
}

fn one_of<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, String> {
    if let Some((_, value)) = choices.iter().find(|(name, _)| *name == text) {
        return Ok(*value);
    }
    let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
    let guess = closest(text, &names)
        .map_or_else(String::new, |name| format!("; did you mean \"{name}\"?"));
    Err(format!("must be one of {}{guess}", names.join(", ")))
}

const MAX_LOCALPART: usize = 64;
