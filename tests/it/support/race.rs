//! Requests at the same moment.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::join_all;
use reqwest::RequestBuilder;
use tokio::sync::{Barrier, Mutex};

use super::{Answer, Product};

impl Product {
    /// Sends all of them at once, each over a connection of its own. The answers are in the order of the requests.
    pub(crate) async fn race(&self, requests: Vec<RequestBuilder>) -> Vec<Answer> {
        let send = async |request: RequestBuilder| Answer::read(request.send().await.expect("an answer")).await;
        together(requests.into_iter().map(send)).await
    }
}

/// Two races at a time would only slow each other down, until a busy machine looked like a busy DynamoDB.
static TRACK: Mutex<()> = Mutex::const_new(());

/// Runs all of them as tasks that wait for each other before they begin.
pub(crate) async fn together<T: Send + 'static>(
    racers: impl IntoIterator<Item: Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let _alone = TRACK.lock().await;
    let racers: Vec<_> = racers.into_iter().collect();
    let start = Arc::new(Barrier::new(racers.len()));
    let begin = |racer| {
        let start = Arc::clone(&start);
        tokio::spawn(async move {
            start.wait().await;
            racer.await
        })
    };
    let ends = join_all(racers.into_iter().map(begin)).await;
    ends.into_iter().map(|end| end.expect("a racer that arrives")).collect()
}

/// So many had their way, and the rest was refused with that status. Nothing else can happen, but that somebody is told to try
/// again: a busy machine looks like a busy DynamoDB.
#[track_caller]
pub(crate) fn won(answers: &[Answer], winners: usize, loss: u16) {
    let counts = statuses(answers);
    assert_eq!(counts.get(&202).copied().unwrap_or_default(), winners, "{counts:?}");
    assert!(counts.keys().all(|status| [202, loss, 503].contains(status)), "{counts:?}");
}

/// How many answers there were of each status.
pub(crate) fn statuses(answers: &[Answer]) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for answer in answers {
        *counts.entry(answer.status).or_default() += 1;
    }
    counts
}
