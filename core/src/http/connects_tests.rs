use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::sync::{Notify, watch};
use tower::service_fn;

use super::*;

fn bound(places: usize) -> BoundConnects {
    BoundConnects { places: Box::leak(Box::new(Semaphore::new(places))) }
}

#[tokio::test]
async fn no_more_connects_are_under_way_than_there_are_places() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (open, opened) = watch::channel(false);
    let connect = {
        let (now, most) = (Arc::clone(&now), Arc::clone(&most));
        service_fn(move |()| {
            let (now, most, mut opened) = (Arc::clone(&now), Arc::clone(&most), opened.clone());
            async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                opened.wait_for(|open| *open).await.unwrap();
                now.fetch_sub(1, Ordering::SeqCst);
                Ok::<_, BoxError>(())
            }
        })
    };
    let layer = bound(3);
    let tasks: Vec<_> = (0..10).map(|_| tokio::spawn(layer.layer(connect.clone()).call(()))).collect();
    while now.load(Ordering::SeqCst) < 3 {
        tokio::task::yield_now().await;
    }
    open.send(true).unwrap();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(most.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn connects_that_hang_keep_others_waiting_for_a_second_at_most() {
    let layer = bound(2);
    let hang = service_fn(|()| std::future::pending::<Result<(), BoxError>>());
    let hanging: Vec<_> = (0..5).map(|_| tokio::spawn(layer.layer(hang).call(()))).collect();
    tokio::task::yield_now().await;
    let begun = tokio::time::Instant::now();
    layer.layer(service_fn(async |()| Ok::<_, BoxError>(()))).call(()).await.unwrap();
    // Two at a time, and three rounds of them.
    assert_eq!(begun.elapsed().as_secs(), 2);
    hanging.iter().for_each(tokio::task::JoinHandle::abort);
}

/// A connect that waits for a place while something becomes of its request: whether it is made.
async fn is_made_after(event: impl AsyncFnOnce(Arc<Sending>)) -> bool {
    let layer = bound(1);
    let release = Arc::new(Notify::new());
    let hold = {
        let release = Arc::clone(&release);
        service_fn(move |()| {
            let release = Arc::clone(&release);
            async move {
                release.notified().await;
                Ok::<_, BoxError>(())
            }
        })
    };
    let holder = tokio::spawn(layer.layer(hold).call(()));
    tokio::task::yield_now().await;
    let made = Arc::new(AtomicUsize::new(0));
    let connect = {
        let made = Arc::clone(&made);
        service_fn(move |()| {
            made.fetch_add(1, Ordering::SeqCst);
            async { Ok::<_, BoxError>(()) }
        })
    };
    let sending = Arc::new(Sending::default());
    let mut service = layer.layer(connect);
    let waiting = sending.scope(poll_fn(|_| Poll::Ready(service.call(())))).await;
    event(sending).await;
    release.notify_one();
    holder.await.unwrap().unwrap();
    assert_eq!(waiting.await.is_ok(), made.load(Ordering::SeqCst) == 1);
    made.load(Ordering::SeqCst) == 1
}

#[tokio::test]
async fn a_connect_is_made_for_a_request_that_waits() {
    let mut kept = None;
    assert!(is_made_after(async |sending| kept = Some(sending)).await);
    drop(kept);
}

#[tokio::test]
async fn a_connect_is_given_up_when_its_request_has_ended() {
    assert!(!is_made_after(async |sending| drop(sending)).await);
}

#[tokio::test]
async fn a_connect_is_given_up_when_its_request_went_over_another_connection() {
    let mut kept = None;
    let write = async |sending: Arc<Sending>| {
        sending.watch(Bytes::from_static(b"body")).collect().await.unwrap();
        kept = Some(sending);
    };
    assert!(!is_made_after(write).await);
    drop(kept);
}
