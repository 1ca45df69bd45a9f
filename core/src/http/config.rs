//! Settings of connections.

use std::time::Duration;

use crate::http::secret::Secret;

/// Everything that tells one client from another, as it was when it was read. Equal settings share one client and its
/// connections.
///
/// Files are named here, and read when the client is built.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Settings {
    /// `None`: no limit.
    pub(super) connect_timeout: Option<Duration>,
    pub(super) tls: TlsSettings,
    pub(super) proxies: ProxySettings,
}

/// The options of `configure` for connections; `None` leaves one to the environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkOptions {
    /// PEM texts, one after the other.
    pub ca: Option<Secret>,
    pub cert: Option<Secret>,
    pub key: Option<Secret>,
    pub passphrase: Option<Secret>,
    pub proxy: ProxyOption,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ProxyOption {
    #[default]
    Environment,
    None,
    /// A URL that was checked.
    Url(Secret),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct TlsSettings {
    pub(super) store: Store,
    /// More authorities to trust.
    pub(super) ca: Option<Pem>,
    pub(super) identity: Option<Identity>,
    /// `NODE_TLS_REJECT_UNAUTHORIZED=0`.
    pub(super) danger_accept_invalid_certs: bool,
}

/// The places that replace the operating system's store, as for OpenSSL.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Store {
    /// `SSL_CERT_FILE`
    pub(super) file: Option<String>,
    /// `SSL_CERT_DIR`: one or several, separated as in `PATH`.
    pub(super) dirs: Option<String>,
}

/// A client certificate, which needs both of its parts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    pub(super) cert: Part,
    pub(super) key: Part,
    pub(super) passphrase: Option<Secret>,
}

/// One part of a client certificate, under the name by which it is set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) pem: Option<Pem>,
}

/// The source of a PEM text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Pem {
    /// The file that a variable names.
    File(&'static str, String),
    /// The value of an option.
    Text(&'static str, Secret),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum ProxySettings {
    /// One for everything, or none.
    Configured(Option<Secret>),
    Environment {
        https: Option<ProxyVariable>,
        http: Option<ProxyVariable>,
        no_proxy: Option<String>,
    },
}

impl Default for ProxySettings {
    fn default() -> Self {
        Self::Environment { https: None, http: None, no_proxy: None }
    }
}

/// The variable that names a proxy, which may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ProxyVariable {
    pub(super) name: &'static str,
    pub(super) url: Secret,
}

impl Settings {
    /// Reads each setting from `options`, else from the environment through `variable`. An empty variable counts as
    /// none.
    pub fn read(options: &NetworkOptions, mut variable: impl FnMut(&str) -> Option<String>) -> Self {
        let mut variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        Self {
            connect_timeout: None,
            tls: TlsSettings::read(options, &mut variable),
            proxies: ProxySettings::read(&options.proxy, &mut variable),
        }
    }

    pub fn connect_timeout(&self) -> Option<Duration> {
        self.connect_timeout
    }

    pub fn with_connect_timeout(self, connect_timeout: Option<Duration>) -> Self {
        Self { connect_timeout, ..self }
    }
}

impl TlsSettings {
    fn read(options: &NetworkOptions, variable: &mut impl FnMut(&str) -> Option<String>) -> Self {
        let store = Store { file: variable("SSL_CERT_FILE"), dirs: variable("SSL_CERT_DIR") };
        let text = |name, option: &Option<Secret>| option.clone().map(|text| Pem::Text(name, text));
        let mut file = |name: &'static str| variable(name).map(|path| Pem::File(name, path));
        let ca = text("tls.ca", &options.ca).or_else(|| file("NODE_EXTRA_CA_CERTS"));
        // A certificate and its key belong together: never one of each origin.
        let configured = [("tls.cert", &options.cert), ("tls.key", &options.key)];
        let identity = if configured.iter().any(|(_, option)| option.is_some()) {
            let [cert, key] = configured.map(|(name, option)| Part { name, pem: text(name, option) });
            Some(Identity { cert, key, passphrase: options.passphrase.clone() })
        } else {
            let [cert, key] = ["CLAUDE_CODE_CLIENT_CERT", "CLAUDE_CODE_CLIENT_KEY"]
                .map(|name| Part { name, pem: file(name) });
            (cert.pem.is_some() || key.pem.is_some()).then(|| {
                let of_environment = || variable("CLAUDE_CODE_CLIENT_KEY_PASSPHRASE").map(Secret::new);
                let passphrase = options.passphrase.clone().or_else(of_environment);
                Identity { cert, key, passphrase }
            })
        };
        let danger_accept_invalid_certs = variable("NODE_TLS_REJECT_UNAUTHORIZED").as_deref() == Some("0");
        Self { store, ca, identity, danger_accept_invalid_certs }
    }
}

impl ProxySettings {
    fn read(option: &ProxyOption, variable: &mut impl FnMut(&str) -> Option<String>) -> Self {
        let mut first = |names: &[&'static str]| {
            names.iter().find_map(|&name| Some(ProxyVariable { name, url: Secret::new(variable(name)?) }))
        };
        match option {
            ProxyOption::Url(url) => Self::Configured(Some(url.clone())),
            ProxyOption::None => Self::Configured(None),
            ProxyOption::Environment => Self::Environment {
                https: first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
                http: first(&["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]),
                no_proxy: variable("no_proxy").or_else(|| variable("NO_PROXY")),
            },
        }
    }
}
