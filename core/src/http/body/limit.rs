//! The size limit of a response's body.

use bytes::Bytes;

use crate::http::error::Error;

/// Counts the bytes that may still come.
///
/// A compressed body has two: for what is sent, because that can go on without ever bringing anything, and
/// for what it expands to, because a few bytes can bring any number.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyLimit(Option<Limited>);

#[derive(Clone, Copy, Debug)]
struct Limited {
    limit: u64,
    left: u64,
}

impl BodyLimit {
    /// `None` is no limit.
    pub(super) fn new(limit: Option<u64>) -> Self {
        Self(limit.map(|limit| Limited { limit, left: limit }))
    }

    /// Takes the next chunk into account; refuses the first one that does not fit.
    pub(super) fn take(&mut self, chunk: Option<&Bytes>) -> Result<(), Error> {
        let (Some(Limited { limit, left }), Some(chunk)) = (&mut self.0, chunk) else { return Ok(()) };
        *left = left.checked_sub(chunk.len() as u64).ok_or(Error::TooLarge(*limit))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(limit: Option<u64>, chunks: &[usize]) -> usize {
        let mut limit = BodyLimit::new(limit);
        chunks.iter().take_while(|&&size| limit.take(Some(&vec![0; size].into())).is_ok()).count()
    }

    #[test]
    fn a_body_may_be_as_large_as_its_limit() {
        assert_eq!(accepted(Some(10), &[4, 6]), 2);
        assert_eq!(accepted(Some(10), &[4, 7]), 1);
        assert_eq!(accepted(Some(10), &[11]), 0);
        assert_eq!(accepted(Some(10), &[10, 0, 1]), 2);
        assert_eq!(accepted(None, &[1000, 1000]), 2);
    }

    #[test]
    fn a_body_beyond_its_limit_fails_with_an_error_that_names_the_limit() {
        let error = BodyLimit::new(Some(7)).take(Some(&Bytes::from_static(&[0; 8])));
        assert!(matches!(error, Err(Error::TooLarge(7))));
        assert!(BodyLimit::new(Some(7)).take(None).is_ok());
    }
}
