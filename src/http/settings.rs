//! What a client is made of.

use std::time::Duration;

/// A snapshot of everything that tells one client from another. Equal settings share one client and its
/// connections.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Settings {
    /// `None`: no limit.
    pub(crate) connect_timeout: Option<Duration>,
    /// `NODE_EXTRA_CA_CERTS`: a file of more authorities to trust.
    pub(crate) extra_ca_certs: Option<String>,
    pub(crate) https_proxy: Option<String>,
    pub(crate) http_proxy: Option<String>,
    pub(crate) no_proxy: Option<String>,
}

impl Settings {
    /// Reads the environment through `variable`; an empty variable counts as none.
    pub(crate) fn read(mut variable: impl FnMut(&str) -> Option<String>) -> Self {
        let mut either = |lower: &str, upper: &str| {
            [lower, upper].into_iter().find_map(|name| variable(name).filter(|value| !value.is_empty()))
        };
        let all_proxy = either("all_proxy", "ALL_PROXY");
        Self {
            connect_timeout: None,
            https_proxy: either("https_proxy", "HTTPS_PROXY").or_else(|| all_proxy.clone()),
            http_proxy: either("http_proxy", "HTTP_PROXY").or(all_proxy),
            no_proxy: either("no_proxy", "NO_PROXY"),
            extra_ca_certs: variable("NODE_EXTRA_CA_CERTS").filter(|path| !path.is_empty()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Settings {
        Settings::read(|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_string())
        })
    }

    #[test]
    fn the_lower_case_form_of_a_proxy_variable_comes_first() {
        let settings = read(&[("HTTPS_PROXY", "upper"), ("https_proxy", "lower"), ("HTTP_PROXY", "http")]);
        assert_eq!(settings.https_proxy.as_deref(), Some("lower"));
        assert_eq!(settings.http_proxy.as_deref(), Some("http"));
    }

    #[test]
    fn all_proxy_stands_in_for_the_one_that_is_missing() {
        let settings = read(&[("ALL_PROXY", "all"), ("http_proxy", "http"), ("HTTPS_PROXY", "")]);
        assert_eq!(settings.https_proxy.as_deref(), Some("all"));
        assert_eq!(settings.http_proxy.as_deref(), Some("http"));
    }

    #[test]
    fn an_empty_environment_sets_nothing() {
        assert_eq!(read(&[]), Settings::default());
    }
}
