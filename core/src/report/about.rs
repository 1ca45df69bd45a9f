//! What an error is about, for the host's logs.

use std::sync::Arc;

use reqwest::Url;

use super::Error;

/// An error for `logError`, or as a rejection, with what it is about.
#[derive(Debug)]
pub struct ErrorReport {
    pub error: Error,
    pub about: About,
}

/// The session, the entry and the log that an error is about, where they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    pub session_id: Option<Arc<str>>,
    pub uuid: Option<String>,
    /// Without query and credentials, which may hold secrets.
    pub url: Option<String>,
}

impl About {
    pub fn new(session_id: Option<Arc<str>>, uuid: Option<String>, url: &Url) -> Self {
        Self { session_id, uuid, url: Some(without_secrets(url)) }
    }
}

impl From<Error> for ErrorReport {
    fn from(error: Error) -> Self {
        Self { error, about: About::default() }
    }
}

/// The text of a URL without query, fragment, user name and password.
pub fn without_secrets(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // Neither can fail where there is a host, and without one there is nothing to remove.
    url.set_username("").ok();
    url.set_password(None).ok();
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_given_without_what_may_be_secret() {
        let url = Url::parse("https://user:secret@a.test:8080/log?token=secret#secret").unwrap();
        assert_eq!(without_secrets(&url), "https://a.test:8080/log");
    }
}
