//! The headers of requests.

use std::sync::Arc;

#[cfg(test)]
use reqwest::header::AsHeaderName;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING,
    USER_AGENT,
};

/// The name of this client, for servers and proxies.
pub(super) const AGENT: &str = concat!("session-ingress/", env!("CARGO_PKG_VERSION"));

/// The encodings that `body` decompresses.
const ACCEPTED_ENCODINGS: &str = "gzip, deflate, br";

/// The headers of a request: those that it shares with others, those of its host, and at most one of its own. Cloning is
/// cheap.
#[derive(Clone, Debug, PartialEq)]
pub struct Headers {
    shared: Arc<HeaderMap>,
    /// These do not replace those that are shared.
    of_host: Option<Arc<HeaderMap>>,
    own: Option<(HeaderName, HeaderValue)>,
}

impl Headers {
    /// These headers, and those that every request has unless it brings its own; without a length of the body, which the
    /// connection knows. A read that promised a body would wait for a server that waits for it, and what comes next over
    /// the connection, an append, would be taken for that body.
    pub fn new(mut headers: HeaderMap) -> Self {
        const USER: HeaderValue = HeaderValue::from_static(AGENT);
        const ANY_TEXT: HeaderValue = HeaderValue::from_static("application/json, text/plain, */*");
        const ENCODINGS: HeaderValue = HeaderValue::from_static(ACCEPTED_ENCODINGS);
        headers.remove(CONTENT_LENGTH);
        headers.remove(TRANSFER_ENCODING);
        headers.entry(USER_AGENT).or_insert(USER);
        headers.entry(ACCEPT).or_insert(ANY_TEXT);
        headers.entry(ACCEPT_ENCODING).or_insert(ENCODINGS);
        Self { shared: Arc::new(headers), of_host: None, own: None }
    }

    /// The same with one more, in the place of one that was added before.
    pub fn with(&self, name: HeaderName, value: HeaderValue) -> Self {
        Self { own: Some((name, value)), ..self.clone() }
    }

    /// The same with those of the host.
    pub fn of_host(&self, headers: Option<Arc<HeaderMap>>) -> Self {
        Self { of_host: headers, ..self.clone() }
    }

    #[cfg(test)]
    pub fn get(&self, name: impl AsHeaderName + PartialEq<HeaderName>) -> Option<&HeaderValue> {
        match &self.own {
            Some((own, value)) if name == *own => Some(value),
            _ => self.shared.get(name),
        }
    }

    /// Those that may go to another origin than the host meant: nothing in them is a secret.
    pub(super) fn for_another_origin(&self) -> Self {
        let of_all = [ACCEPT, USER_AGENT].into_iter();
        Self::new(of_all.filter_map(|name| Some((name.clone(), self.shared.get(&name)?.clone()))).collect())
    }

    /// As they are sent.
    pub fn to_map(&self) -> HeaderMap {
        let mut map = HeaderMap::clone(&self.shared);
        for (name, value) in self.of_host.iter().flat_map(|headers| headers.iter()) {
            map.entry(name).or_insert_with(|| value.clone());
        }
        if let Some((name, value)) = &self.own {
            map.insert(name.clone(), value.clone());
        }
        map
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{AUTHORIZATION, COOKIE};

    fn headers(pairs: &[(HeaderName, &'static str)]) -> Headers {
        Headers::new(
            pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect(),
        )
    }

    #[test]
    fn every_request_has_a_user_agent_and_accept_headers_unless_it_brings_its_own() {
        let sent = headers(&[(ACCEPT, "text/html")]).to_map();
        assert_eq!(
            (&sent[USER_AGENT], &sent[ACCEPT]),
            (&AGENT.parse().unwrap(), &"text/html".parse().unwrap())
        );
        assert_eq!((&sent[ACCEPT_ENCODING], sent.len()), (&ACCEPTED_ENCODINGS.parse().unwrap(), 3));
    }

    #[test]
    fn what_frames_a_body_is_not_taken_from_the_host() {
        let sent = headers(&[(CONTENT_LENGTH, "5"), (TRANSFER_ENCODING, "chunked")]).to_map();
        assert_eq!((sent.get(CONTENT_LENGTH), sent.get(TRANSFER_ENCODING)), (None, None));
    }

    #[test]
    fn an_added_header_is_found_and_sent_and_changes_no_other_request() {
        let shared = headers(&[(AUTHORIZATION, "secret")]);
        let with =
            shared.with(COOKIE, HeaderValue::from_static("a")).with(COOKIE, HeaderValue::from_static("b"));
        assert_eq!(
            (with.get(COOKIE).unwrap(), &with.to_map()[COOKIE]),
            (&"b".parse().unwrap(), &"b".parse().unwrap())
        );
        assert_eq!((with.get(AUTHORIZATION), shared.get(COOKIE)), (shared.get(AUTHORIZATION), None));
    }
}
