//! Panics of the tasks that make connections.

use super::super::panicked;

#[tokio::test]
async fn a_task_that_panicked_is_reported_by_the_text_of_its_panic() {
    let error = tokio::spawn(async { panic!("no thread") }).await.unwrap_err();
    assert_eq!(panicked(error).to_string(), "no connection: no thread");
}
