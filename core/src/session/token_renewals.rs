//! Tokens that were refused, and the tokens that replaced them.

use std::time::Duration;

use reqwest::header::HeaderValue;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::report::Reporter;

/// The time for which the host is not asked again about the same token.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// The renewals of tokens of one instance, whose sessions mostly have the same one: what is queued behind a token that
/// has expired asks once for all.
#[derive(Default)]
pub struct TokenRenewals(Mutex<Vec<Renewal>>);

struct Renewal {
    /// The refused token, as requests carry it.
    refused: HeaderValue,
    asked: Instant,
    token: Option<String>,
}

impl TokenRenewals {
    /// The host's token in the place of one that the server refused; `None` where it has none.
    pub async fn renew(&self, refused: &HeaderValue, reporter: &dyn Reporter) -> Option<String> {
        // Held while the host is asked: requests that come meanwhile wait for what it says.
        let mut renewals = self.0.lock().await;
        renewals.retain(|renewal| renewal.asked.elapsed() < ASK_AGAIN);
        if let Some(known) = renewals.iter().find(|renewal| renewal.refused == *refused) {
            return known.token.clone();
        }
        let token = reporter.renew_token().await.ok().flatten();
        renewals.push(Renewal { refused: refused.clone(), asked: Instant::now(), token: token.clone() });
        token
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::script::Recorder;
    use tokio::time::advance;

    fn refused(token: &'static str) -> HeaderValue {
        HeaderValue::from_static(token)
    }

    /// A host that fails the test when it is asked once too often.
    fn host(tokens: &[Option<&str>]) -> Recorder {
        Recorder::with_tokens(tokens)
    }

    #[tokio::test(start_paused = true)]
    async fn the_host_is_asked_once_for_each_token_that_was_refused() {
        let (renewals, host) = (TokenRenewals::default(), host(&[Some("new"), None]));
        for _ in 0..50 {
            assert_eq!(renewals.renew(&refused("old"), &host).await.as_deref(), Some("new"));
            assert_eq!(renewals.renew(&refused("new"), &host).await, None);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_ask_at_the_same_time_share_the_answer() {
        let (renewals, host) = (TokenRenewals::default(), host(&[Some("new")]));
        let old = refused("old");
        let (one, other) = tokio::join!(renewals.renew(&old, &host), renewals.renew(&old, &host));
        assert_eq!((one.as_deref(), other.as_deref()), (Some("new"), Some("new")));
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_second_the_host_is_asked_again() {
        let (renewals, host) = (TokenRenewals::default(), host(&[None, Some("new")]));
        assert_eq!(renewals.renew(&refused("old"), &host).await, None);
        advance(Duration::from_millis(999)).await;
        assert_eq!(renewals.renew(&refused("old"), &host).await, None);
        advance(Duration::from_millis(1)).await;
        assert_eq!(renewals.renew(&refused("old"), &host).await.as_deref(), Some("new"));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_older_than_a_second_is_not_kept() {
        let (renewals, host) = (TokenRenewals::default(), host(&[None; 100]));
        for number in 0..100 {
            let refused = HeaderValue::from_str(&number.to_string()).unwrap();
            renewals.renew(&refused, &host).await;
            advance(Duration::from_millis(500)).await;
        }
        assert!(renewals.0.lock().await.len() <= 2);
    }
}
