//! The requests of the protocol.

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};

use super::entry_uuid::EntryUuid;
use super::host_headers::HostHeaders;
use super::timeouts::Timeouts;
use crate::http::{self, Headers, Request, Share};

/// Header of an append: the head that the entry follows.
const LAST_UUID: HeaderName = HeaderName::from_static("last-uuid");
/// Header of a 409: the head of the server.
const X_LAST_UUID: HeaderName = HeaderName::from_static("x-last-uuid");
const X_ORGANIZATION_UUID: HeaderName = HeaderName::from_static("x-organization-uuid");

/// Number of entries on a page of teleport events.
const PAGE_LIMIT: u32 = 1000;

/// The URL of a session's log, and the authorization to write and read it.
#[derive(Clone, Debug, PartialEq)]
pub struct LogEndpoint {
    url: Url,
    authorization: HeaderValue,
    /// The headers of appends without the head, made once for all appends.
    append_headers: Headers,
    of_host: HostHeaders,
}

impl LogEndpoint {
    /// `url` must be absolute, http or https, and `token` must have no control characters; an error otherwise.
    pub fn new(url: &str, token: &str) -> Result<Self, http::Error> {
        Self::at(sendable_url(url)?, token, HostHeaders::default())
    }

    fn at(url: Url, token: &str, of_host: HostHeaders) -> Result<Self, http::Error> {
        let authorization = bearer(token)?;
        let append_headers = Headers::new(HeaderMap::from_iter([
            (AUTHORIZATION, authorization.clone()),
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        ]));
        Ok(Self { url, authorization, append_headers: append_headers.of_host(of_host.0.clone()), of_host })
    }

    /// The same log, with these headers of the host.
    pub fn with_host_headers(&self, of_host: HostHeaders) -> Self {
        let append_headers = self.append_headers.of_host(of_host.0.clone());
        Self { append_headers, of_host, ..self.clone() }
    }

    /// The URL of the log.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The token as its requests carry it.
    pub fn authorization(&self) -> &HeaderValue {
        &self.authorization
    }

    /// The token itself.
    pub fn token(&self) -> &[u8] {
        self.authorization.as_bytes().strip_prefix(BEARER.as_bytes()).unwrap_or_default()
    }

    /// Whether this token is what its requests carry.
    pub fn has_token(&self, token: &str) -> bool {
        self.token() == token.as_bytes()
    }

    /// Whether `other` is the same log, whatever the tokens.
    pub fn is_same_log(&self, other: &Self) -> bool {
        self.url == other.url
    }

    /// The same log with another token; an error where no header can carry that.
    pub fn with_token(&self, token: &str) -> Result<Self, http::Error> {
        Self::at(self.url.clone(), token, self.of_host.clone())
    }

    /// The `PUT` of an entry that follows `head`.
    pub fn append(&self, head: Option<&EntryUuid>, body: &Bytes, timeouts: &Timeouts) -> Request {
        let head = head.and_then(EntryUuid::header);
        Request {
            method: Method::PUT,
            url: self.url.clone(),
            headers: head.map_or_else(
                || self.append_headers.clone(),
                |head| self.append_headers.with(LAST_UUID, head),
            ),
            body: body.clone(),
            share: Share::Appends,
            response_timeout: timeouts.append_limit(body.len()),
            // Only the status of the response counts.
            read_timeout: None,
            search_timeout: None,
            max_body_bytes: None,
        }
    }

    /// The `GET` of the log: all of it, or the entries since the last compaction.
    pub fn read(&self, after_last_compact: bool, timeouts: &Timeouts) -> Request {
        let headers = Headers::new(HeaderMap::from_iter([(AUTHORIZATION, self.authorization.clone())]));
        let headers = headers.of_host(self.of_host.0.clone());
        get(log_url(self.url.clone(), after_last_compact), headers, timeouts)
    }

    /// The `GET` of the whole log to look for an entry in it: a part of an append, which has to end.
    pub fn search(&self, timeouts: &Timeouts) -> Request {
        Request {
            share: Share::Appends,
            search_timeout: timeouts.search_limit(),
            ..self.read(false, timeouts)
        }
    }
}

/// The default server of OAuth and teleport reads.
pub const DEFAULT_BASE_API_URL: &str = "https://api.anthropic.com";
const API_VERSION: &str = "2023-06-01";

/// The server of OAuth and teleport reads, and the headers that authorize them.
#[derive(Clone, Debug)]
pub struct OAuthEndpoint {
    base: String,
    headers: Headers,
}

impl OAuthEndpoint {
    /// `headers` and the header for `organization` are sent with every request; an error names the one that cannot be
    /// sent. The last of duplicate names wins.
    pub fn new(
        base: String,
        headers: Vec<(String, String)>,
        organization: &str,
    ) -> Result<Self, http::Error> {
        let mut map = HeaderMap::new();
        for (name, value) in &headers {
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| http::Error::Unsendable(format!("{name:?} is not a header name")))?;
            let value = sendable_header(name.as_str(), value)?;
            map.insert(name, value);
        }
        map.insert(X_ORGANIZATION_UUID, sendable_header("x-organization-uuid", organization)?);
        Ok(Self { base, headers: Headers::new(map) })
    }

    /// The same with further headers of the host, where `new` was given none of that name.
    pub fn with_host_headers(self, of_host: HostHeaders) -> Self {
        Self { headers: self.headers.of_host(of_host.0), ..self }
    }

    /// The names and values of the headers for hosts that supply no headers.
    pub fn default_headers(access_token: &str) -> Vec<(String, String)> {
        [
            ("Authorization", format!("{BEARER}{access_token}")),
            ("Content-Type", "application/json".to_owned()),
            ("anthropic-version", API_VERSION.to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// The `GET` of a session's log; an error where the URL is not valid.
    pub fn read_log(
        &self,
        session: &str,
        after_last_compact: bool,
        timeouts: &Timeouts,
    ) -> Result<Request, http::Error> {
        let url = sendable_url(&format!("{}/v1/session_ingress/session/{session}", self.base))?;
        Ok(get(log_url(url, after_last_compact), self.headers.clone(), timeouts))
    }

    /// The pages of a session's teleport events; an error where the URL is not valid.
    pub fn read_teleport_events(
        &self,
        session: &str,
        timeouts: &Timeouts,
    ) -> Result<TeleportPages, http::Error> {
        let mut url = sendable_url(&format!("{}/v1/code/sessions/{session}/teleport-events", self.base))?;
        add_query(&mut url, &format!("limit={PAGE_LIMIT}"));
        Ok(TeleportPages(get(url, self.headers.clone(), timeouts)))
    }
}

/// Requests for the pages of a session's teleport events.
#[derive(Clone, Debug)]
pub struct TeleportPages(Request);

impl TeleportPages {
    /// The same pages with a limit, in bytes, for the body of each.
    pub fn at_most(self, bytes: Option<u64>) -> Self {
        Self(self.0.at_most(bytes))
    }

    /// The request for a page; `cursor` is the `next_cursor` of the page before it.
    pub fn page(&self, cursor: Option<&str>) -> Request {
        let mut request = self.0.clone();
        if let Some(cursor) = cursor {
            add_query(&mut request.url, &format!("cursor={}", utf8_percent_encode(cursor, RESERVED)));
        }
        request
    }
}

/// The head that the headers of a 409 name.
pub fn server_head(headers: &HeaderMap) -> Option<EntryUuid> {
    EntryUuid::new(headers.get(X_LAST_UUID)?.as_bytes())
}

fn get(url: Url, headers: Headers, timeouts: &Timeouts) -> Request {
    let limit = timeouts.fetch_limit();
    Request {
        method: Method::GET,
        url,
        headers,
        body: Bytes::new(),
        share: Share::Reads,
        response_timeout: limit,
        read_timeout: limit,
        search_timeout: None,
        max_body_bytes: None,
    }
}

/// The characters that are percent-encoded in a query: all but the unreserved ones of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn log_url(mut url: Url, after_last_compact: bool) -> Url {
    if after_last_compact {
        add_query(&mut url, "after_last_compact=true");
    }
    url
}

/// Adds a parameter to the query of the URL, if any.
fn add_query(url: &mut Url, parameter: &str) {
    let query = match url.query() {
        Some(query) => format!("{query}&{parameter}"),
        None => parameter.to_owned(),
    };
    url.set_query(Some(&query));
}

/// Parses the URL of a request: absolute, http or https. Drops the fragment, the user name and the password.
pub(super) fn sendable_url(text: &str) -> Result<Url, http::Error> {
    let mut url = Url::parse(text)
        .map_err(|error| http::Error::Unsendable(format!("the URL is not absolute or not valid: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(http::Error::Unsendable(format!(
            "the URL's scheme is {}, not http or https",
            url.scheme()
        )));
    }
    url.set_fragment(None);
    // The token authorizes the request; a user name in the URL would be a second authorization. Neither call can
    // fail, because the URL has a host.
    url.set_username("").ok();
    url.set_password(None).ok();
    Ok(url)
}

const BEARER: &str = "Bearer ";

fn bearer(token: &str) -> Result<HeaderValue, http::Error> {
    let mut value = sendable_header("authorization", &format!("{BEARER}{token}"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn sendable_header(name: &str, value: &str) -> Result<HeaderValue, http::Error> {
    HeaderValue::from_bytes(value.as_bytes())
        .map_err(|_| http::Error::Unsendable(format!("the header {name} would hold control characters")))
}
