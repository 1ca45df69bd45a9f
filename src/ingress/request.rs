//! The requests of the protocol.

use std::time::Duration;

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};

use super::entry_uuid::EntryUuid;
use crate::http::{Failure, Limit, Request};

/// The head that an append continues from.
const LAST_UUID: HeaderName = HeaderName::from_static("last-uuid");
/// The head that the server has, in a conflict.
const X_LAST_UUID: HeaderName = HeaderName::from_static("x-last-uuid");
const X_ORGANIZATION_UUID: HeaderName = HeaderName::from_static("x-organization-uuid");

/// Entries on a page of teleport events.
const PAGE_LIMIT: u32 = 1000;

/// How long requests may take. The defaults are those of SPEC section 2; `None` is no limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Timeouts {
    pub(crate) connect: Option<Duration>,
    /// For a PUT to be answered, plus one second for each 64 KiB of body.
    pub(crate) append: Option<Duration>,
    /// For the headers of a read, and then between two chunks of its body.
    pub(crate) fetch: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Some(Duration::from_secs(10)),
            append: Some(Duration::from_secs(60)),
            fetch: Some(Duration::from_secs(20)),
        }
    }
}

impl Timeouts {
    fn append_limit(&self, body: usize) -> Option<Limit> {
        let extra = Duration::from_secs(body as u64 / (64 * 1024));
        let duration = self.append?.saturating_add(extra);
        Some(Limit { name: "appendMs", duration })
    }

    fn fetch_limit(&self) -> Option<Limit> {
        Some(Limit { name: "fetchMs", duration: self.fetch? })
    }
}

/// A session's log, and the authority to write and read it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Target {
    url: Url,
    authorization: HeaderValue,
}

impl Target {
    /// `url` is the host's, absolute; `token` goes into a header as it is.
    pub(crate) fn new(url: &str, token: &str) -> Result<Self, Failure> {
        Self::at(sendable_url(url)?, token)
    }

    /// The same with a URL that was parsed.
    pub(crate) fn at(url: Url, token: &str) -> Result<Self, Failure> {
        Ok(Self { url, authorization: bearer(token)? })
    }

    /// The same log with another token.
    pub(crate) fn with_token(&self, token: &str) -> Result<Self, Failure> {
        Self::at(self.url.clone(), token)
    }

    pub(crate) fn append(&self, head: Option<&EntryUuid>, body: &Bytes, timeouts: &Timeouts) -> Request {
        let mut headers = self.authorized();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(head) = head.and_then(EntryUuid::header) {
            headers.insert(LAST_UUID, head);
        }
        Request {
            method: Method::PUT,
            url: self.url.clone(),
            headers,
            body: body.clone(),
            answer_within: timeouts.append_limit(body.len()),
            // Only the status of the answer counts.
            chunk_within: None,
        }
    }

    pub(crate) fn read(&self, after_last_compact: bool, timeouts: &Timeouts) -> Request {
        get(log_url(self.url.clone(), after_last_compact), self.authorized(), timeouts)
    }

    fn authorized(&self) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, self.authorization.clone())])
    }
}

/// The server of OAuth and teleport reads, and who asks.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    base: String,
    headers: HeaderMap,
}

impl Account {
    /// `headers` are the host's; `organization` is added to them.
    pub(crate) fn new(
        base: String,
        headers: Vec<(String, String)>,
        organization: &str,
    ) -> Result<Self, Failure> {
        let mut map = HeaderMap::new();
        for (name, value) in &headers {
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| Failure::Unsendable(format!("{name:?} is no header name")))?;
            let value = sendable_header(name.as_str(), value)?;
            map.insert(name, value);
        }
        map.insert(X_ORGANIZATION_UUID, sendable_header("x-organization-uuid", organization)?);
        Ok(Self { base, headers: map })
    }

    pub(crate) fn read_log(
        &self,
        session: &str,
        after_last_compact: bool,
        timeouts: &Timeouts,
    ) -> Result<Request, Failure> {
        let url = sendable_url(&format!("{}/v1/session_ingress/session/{session}", self.base))?;
        Ok(get(log_url(url, after_last_compact), self.headers.clone(), timeouts))
    }

    /// `cursor` is what the page before gave.
    pub(crate) fn read_events(
        &self,
        session: &str,
        cursor: Option<&str>,
        timeouts: &Timeouts,
    ) -> Result<Request, Failure> {
        let url = format!("{}/v1/code/sessions/{session}/teleport-events", self.base);
        let mut url = sendable_url(&url)?;
        add_query(&mut url, &format!("limit={PAGE_LIMIT}"));
        if let Some(cursor) = cursor {
            add_query(&mut url, &format!("cursor={}", utf8_percent_encode(cursor, RESERVED)));
        }
        Ok(get(url, self.headers.clone(), timeouts))
    }
}

/// The head that a conflict names.
pub(crate) fn server_head(headers: &HeaderMap) -> Option<EntryUuid> {
    EntryUuid::new(headers.get(X_LAST_UUID)?.as_bytes())
}

fn get(url: Url, headers: HeaderMap, timeouts: &Timeouts) -> Request {
    let limit = timeouts.fetch_limit();
    Request {
        method: Method::GET,
        url,
        headers,
        body: Bytes::new(),
        answer_within: limit,
        chunk_within: limit,
    }
}

/// What is not percent-encoded in a query: the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn log_url(mut url: Url, after_last_compact: bool) -> Url {
    if after_last_compact {
        add_query(&mut url, "after_last_compact=true");
    }
    url
}

/// Adds to a query that the URL may have already.
fn add_query(url: &mut Url, parameter: &str) {
    let query = match url.query() {
        Some(query) => format!("{query}&{parameter}"),
        None => parameter.to_owned(),
    };
    url.set_query(Some(&query));
}

/// The URL of a request: absolute, http or https, without fragment.
pub(crate) fn sendable_url(text: &str) -> Result<Url, Failure> {
    let mut url = Url::parse(text)
        .map_err(|error| Failure::Unsendable(format!("the URL is not absolute or not valid: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Failure::Unsendable(format!("the URL's scheme is {}, not http or https", url.scheme())));
    }
    url.set_fragment(None);
    // The token speaks for the session; a second authorization would contradict it. Neither can fail: the
    // URL has a host.
    url.set_username("").ok();
    url.set_password(None).ok();
    Ok(url)
}

fn bearer(token: &str) -> Result<HeaderValue, Failure> {
    let mut value = sendable_header("authorization", &format!("Bearer {token}"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn sendable_header(name: &str, value: &str) -> Result<HeaderValue, Failure> {
    HeaderValue::from_bytes(value.as_bytes())
        .map_err(|_| Failure::Unsendable(format!("the header {name} would hold control characters")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> Target {
        Target::new(url, "t").unwrap()
    }

    fn read_url(url: &str) -> String {
        target(url).read(true, &Timeouts::default()).url.to_string()
    }

    #[test]
    fn an_append_is_a_put_with_token_type_and_head() {
        let head = EntryUuid::new("h").unwrap();
        let request =
            target("http://a.test/log?x=1#y").append(Some(&head), &"{}".into(), &Timeouts::default());
        assert_eq!((request.method.as_str(), request.url.as_str()), ("PUT", "http://a.test/log?x=1"));
        let headers = request.headers;
        assert_eq!(headers["authorization"], "Bearer t");
        assert_eq!(headers["content-type"], "application/json");
        assert_eq!(headers["last-uuid"], "h");
        assert_eq!(headers.len(), 3);
    }

    #[test]
    fn a_head_that_no_header_can_carry_is_no_head() {
        let head = EntryUuid::new("a\nb").unwrap();
        let request = target("http://a.test/").append(Some(&head), &"{}".into(), &Timeouts::default());
        assert!(!request.headers.contains_key("last-uuid"));
    }

    #[test]
    fn a_put_may_take_a_second_longer_for_each_64_kib() {
        let limit = |bytes| Timeouts::default().append_limit(bytes).unwrap().duration.as_millis();
        assert_eq!(limit(0), 60_000);
        assert_eq!(limit(64 * 1024), 61_000);
        assert_eq!(limit(12 * 1024 * 1024), 252_000);
    }

    #[test]
    fn the_default_limits_are_10_60_and_20_seconds() {
        let seconds = |limit: Option<Duration>| limit.unwrap().as_secs();
        let Timeouts { connect, append, fetch } = Timeouts::default();
        assert_eq!((seconds(connect), seconds(append), seconds(fetch)), (10, 60, 20));
    }

    #[test]
    fn a_read_is_limited_to_its_headers_and_then_between_chunks() {
        let request = target("http://a.test/").read(false, &Timeouts::default());
        let limit = Some(Limit { name: "fetchMs", duration: Duration::from_secs(20) });
        assert_eq!((request.answer_within, request.chunk_within), (limit, limit));
    }

    #[test]
    fn a_query_is_kept_and_a_fragment_dropped() {
        assert_eq!(read_url("http://a.test/log"), "http://a.test/log?after_last_compact=true");
        assert_eq!(read_url("http://a.test/log?x=%20#y"), "http://a.test/log?x=%20&after_last_compact=true");
    }

    #[test]
    fn what_cannot_be_requested_is_refused() {
        for url in ["", "log", "/log", "//a.test/log", "ftp://a.test/log", "file:///log", "http://", "a b"] {
            assert!(Target::new(url, "t").is_err(), "{url:?}");
        }
        for token in ["a\nb", "a\0b", "a\u{7f}b"] {
            assert!(Target::new("http://a.test/", token).is_err(), "{token:?}");
        }
    }

    #[test]
    fn a_refusal_does_not_name_the_token() {
        let Err(failure) = Target::new("http://a.test/", "secret\n") else { panic!("accepted") };
        assert!(!failure.to_string().contains("secret"));
    }

    fn account() -> Account {
        let headers = vec![("Authorization".into(), "Bearer o".into()), ("X-Other".into(), "1".into())];
        Account::new("http://api.test".into(), headers, "org").unwrap()
    }

    #[test]
    fn an_account_reads_logs_with_the_hosts_headers_and_its_organization() {
        let request = account().read_log("s", false, &Timeouts::default()).unwrap();
        assert_eq!(request.url.as_str(), "http://api.test/v1/session_ingress/session/s");
        assert_eq!(request.headers["authorization"], "Bearer o");
        assert_eq!(request.headers["x-organization-uuid"], "org");
        assert_eq!(request.headers["x-other"], "1");
    }

    #[test]
    fn events_come_1000_a_page_and_a_cursor_is_percent_encoded() {
        let url = |cursor| account().read_events("s", cursor, &Timeouts::default()).unwrap().url.to_string();
        let first = "http://api.test/v1/code/sessions/s/teleport-events?limit=1000";
        assert_eq!(url(None), first);
        assert_eq!(url(Some("")), format!("{first}&cursor="));
        assert_eq!(url(Some("a+b/c=&d ö~")), format!("{first}&cursor=a%2Bb%2Fc%3D%26d%20%C3%B6~"));
    }

    #[test]
    fn headers_that_cannot_be_sent_are_refused() {
        let refused = |name: &str, value: &str| {
            Account::new(String::new(), vec![(name.into(), value.into())], "org").is_err()
        };
        assert!(refused("a b", "1"));
        assert!(refused("a", "1\n2"));
        assert!(Account::new(String::new(), vec![], "o\r\n").is_err());
    }
}
