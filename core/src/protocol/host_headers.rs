//! Headers of the host that go along with each request, such as `traceparent`.

use std::sync::Arc;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

/// What the protocol or the connection says itself; `proxy-` and `sec-` begin more of them.
const OWN: [&str; 18] = [
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "last-uuid",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-organization-uuid",
];

/// Headers of the host, checked; empty by default. Cloning is cheap.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostHeaders(pub(super) Option<Arc<HeaderMap>>);

impl HostHeaders {
    /// Takes what can go along; `refuse` is told of each other one: why, with its name and without its value.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>, mut refuse: impl FnMut(String)) -> Self {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            match checked(&name, &value) {
                Ok((name, value)) => drop(headers.insert(name, value)),
                Err(why) => refuse(why),
            }
        }
        Self((!headers.is_empty()).then(|| Arc::new(headers)))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

fn checked(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let header =
        HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("{name:?} is not a header name"))?;
    let text = header.as_str();
    if OWN.contains(&text) || text.starts_with("proxy-") || text.starts_with("sec-") {
        return Err(format!("the header {text} is the protocol's own"));
    }
    match HeaderValue::from_bytes(value.as_bytes()) {
        Ok(value) => Ok((header, value)),
        Err(_) => Err(format!("the header {text} would hold control characters")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(pairs: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let mut refused = Vec::new();
        let owned = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let headers = HostHeaders::new(owned, |why| refused.push(why));
        let names = headers.0.iter().flat_map(|map| map.keys()).map(ToString::to_string).collect();
        (names, refused)
    }

    #[test]
    fn what_cannot_go_along_is_left_out_and_named_without_its_value() {
        let pairs = [
            ("traceparent", "00-1-2-01"),
            ("Authorization", "secret"),
            ("LAST-UUID", "secret"),
            ("proxy-authorization", "secret"),
            ("a b", "secret"),
            ("x-own", "secret\n"),
            ("X-Tenant", "größer"),
        ];
        let (names, refused) = taken(&pairs);
        assert_eq!(names, ["traceparent", "x-tenant"]);
        assert_eq!(
            refused,
            [
                "the header authorization is the protocol's own",
                "the header last-uuid is the protocol's own",
                "the header proxy-authorization is the protocol's own",
                "\"a b\" is not a header name",
                "the header x-own would hold control characters",
            ]
        );
    }

    #[test]
    fn nothing_is_kept_of_no_headers() {
        assert_eq!(HostHeaders::new([], |_| {}), HostHeaders::default());
    }
}
