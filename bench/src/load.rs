//! `bench load`: the local stack's release build over loopback, as a process of its own. How much it takes, and whether it takes less as its
//! table grows; beside it what its DynamoDB takes alone, which nothing of the stack's can exceed.

mod client;
mod server;

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{task::JoinSet, time::timeout};

use crate::Result;
use client::{Connection, Work};
use server::{Server, cpu_time, cpu_time_of_all};

/// How many clients there are at a time, where there are many.
const MANY: usize = 16;

/// What whoever only reads or writes gets to do it.
const MOMENT: Duration = Duration::from_secs(6);

/// Ten thousand sign-ups, and how long they may take. The first and the last thousand are measured alone.
const EACH_END: u64 = 1000;
const BETWEEN: u64 = 8000;
const END_MAY_TAKE: Duration = Duration::from_secs(40);
const BETWEEN_MAY_TAKE: Duration = Duration::from_mins(4);

/// What an answer may take, after which everything ends with an error: longer than a function's own longest.
const PATIENCE: Duration = Duration::from_secs(15);

/// The share of the processors from which on they are what there was too little of.
const BUSY: f64 = 0.9;

const HEAD: &str = "| what | connections | per second | p50 ms | p99 ms | CPU ms a request | the client's | what was the limit |\n\
                    | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n";

/// One after another, on the same data.
struct Load {
    server: Server,
    /// How often something was done, so that every person and item is new.
    numbers: Arc<AtomicU64>,
}

/// What a run came to.
struct Measured {
    what: String,
    connections: usize,
    took: Duration,
    /// Of each, the shortest first.
    latencies: Vec<Duration>,
    /// The stack's, our own, and of all processes together, where the system tells.
    cpu: Option<[Duration; 3]>,
}

/// Prints what was measured, as a table in Markdown.
pub(crate) async fn run() -> Result<()> {
    if cfg!(debug_assertions) {
        writeln!(
            io::stderr(),
            "a client that is built for development takes more: cargo run --release -p bench -- load"
        )?;
    }
    let server = Server::start().await?;
    let load = Load { server, numbers: Arc::default() };
    // Rows come as they are measured: whatever fails later, those before stay.
    io::stdout().write_all(HEAD.as_bytes())?;
    load.measure().await.map_err(|error| format!("{error}\n{}", load.server.last_words()).into())
}

impl Load {
    async fn measure(&self) -> Result<()> {
        let mut john = Connection::open(&self.server.api).await?;
        let bearer =
            timeout(PATIENCE, client::sign_up(&mut john, self.numbers.fetch_add(1, Ordering::Relaxed))).await??;
        drop(john);
        let check = Work::CheckSession { bearer };
        for connections in [1, MANY] {
            self.run("session checks", &check, connections, MOMENT, u64::MAX).await?.print()?;
        }

        let mut people = 0;
        for (count, may_take) in [(EACH_END, END_MAY_TAKE), (BETWEEN, BETWEEN_MAY_TAKE), (EACH_END, END_MAY_TAKE)] {
            let mut run = self.run("sign-ups", &Work::SignUp, MANY, may_take, count).await?;
            run.what = format!("sign-ups {} to {}", people + 1, people + run.latencies.len());
            people += run.latencies.len();
            run.print()?;
        }
        self.run("session checks after them", &check, MANY, MOMENT, u64::MAX).await?.print()?;

        let table = self.server.table().await?;
        let put = Work::PutItem { table: table.clone() };
        self.run("DynamoDB alone: PutItem", &put, MANY, MOMENT, u64::MAX).await?.print()?;
        put.perform(&mut Connection::open(&self.server.dynamodb).await?, 0).await?;
        let get = Work::GetItem { table };
        self.run("DynamoDB alone: GetItem", &get, MANY, MOMENT, u64::MAX).await?.print()?;
        Ok(())
    }

    /// Does something as often as it can in that time, and no more often than that.
    async fn run(&self, what: &str, work: &Work, connections: usize, time: Duration, count: u64) -> Result<Measured> {
        writeln!(io::stderr(), "{what}, {connections} at a time")?;
        let address = if work.is_dynamodb_s() { &self.server.dynamodb } else { &self.server.api };
        let mut clients = Vec::new();
        for _ in 0..connections {
            clients.push(Connection::open(address).await?);
        }
        let left = Arc::new(AtomicU64::new(count));
        let cpu = || Some([cpu_time(self.server.id()?)?, cpu_time(std::process::id())?, cpu_time_of_all()?]);
        let (before, start) = (cpu(), Instant::now());
        let mut workers: JoinSet<Result<Vec<Duration>>> = JoinSet::new();
        for mut client in clients {
            let (work, left, numbers) = (work.clone(), Arc::clone(&left), Arc::clone(&self.numbers));
            workers.spawn(async move {
                let mut latencies = Vec::new();
                let take = |left: u64| left.checked_sub(1);
                while start.elapsed() < time && left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok() {
                    let began = Instant::now();
                    let number = numbers.fetch_add(1, Ordering::Relaxed);
                    timeout(PATIENCE, work.perform(&mut client, number))
                        .await
                        .map_err(|_| "an answer never came")??;
                    latencies.push(began.elapsed());
                }
                Ok(latencies)
            });
        }
        let mut latencies = Vec::new();
        while let Some(worker) = workers.join_next().await {
            latencies.extend(worker??);
        }
        let took = start.elapsed();
        let cpu = before.zip(cpu()).map(|(before, after)| {
            let [[server, own, all], [server_now, own_now, all_now]] = [before, after];
            [(server, server_now), (own, own_now), (all, all_now)].map(|(before, now)| now.saturating_sub(before))
        });
        latencies.sort_unstable();
        Ok(Measured { what: what.to_owned(), connections, took, latencies, cpu })
    }
}

impl Measured {
    fn print(&self) -> Result<()> {
        Ok(io::stdout().write_all(self.row().as_bytes())?)
    }

    fn row(&self) -> String {
        let count = f64::from(u32::try_from(self.latencies.len()).unwrap_or(u32::MAX));
        let rate = count / self.took.as_secs_f64();
        let [p50, p99] = [50, 99].map(|percent| self.percentile(percent));
        let [server, own] = match self.cpu {
            Some([server, own, _]) => [server, own].map(|time| format!("{:.2}", milliseconds(time) / count)),
            None => ["-", "-"].map(str::to_owned),
        };
        let Self { what, connections, .. } = self;
        let limit = self.limit();
        format!("| {what} | {connections} | {rate:.0} | {p50:.1} | {p99:.1} | {server} | {own} | {limit} |\n")
    }

    /// Milliseconds, which so many in a hundred were not above.
    fn percentile(&self, percent: usize) -> f64 {
        let index = (self.latencies.len() * percent).div_ceil(100).saturating_sub(1);
        self.latencies.get(index).copied().map_or(f64::NAN, milliseconds)
    }

    /// Whoever took most of the processors, if there was nothing left of them.
    fn limit(&self) -> String {
        let (Some([server, own, all]), Ok(processors)) = (self.cpu, std::thread::available_parallelism()) else {
            return "-".to_owned();
        };
        let processors = f64::from(u32::try_from(processors.get()).unwrap_or(u32::MAX));
        let share = |time: Duration| time.as_secs_f64() / self.took.as_secs_f64() / processors;
        let [server, own, all] = [server, own, all].map(share);
        let others = (all - server - own).max(0.0);
        let who = if all < BUSY {
            "waiting"
        } else if others > server.max(own) {
            "other processes"
        } else if own > server {
            "the client"
        } else {
            "the stack"
        };
        let [server, own, others] = [server, own, others].map(|share| share * 100.0);
        format!("{who} ({server:.0} % stack, {own:.0} % client, {others:.0} % others)")
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(cpu: Option<[u64; 3]>) -> Measured {
        let latencies = (1..=200).map(Duration::from_millis).collect();
        let cpu = cpu.map(|cpu| cpu.map(Duration::from_secs));
        Measured { what: "sign-ups".to_owned(), connections: 16, took: Duration::from_secs(10), latencies, cpu }
    }

    #[test]
    fn a_row_has_rate_percentiles_and_the_cpu_time_of_each() {
        let row = measured(Some([1, 2, 3])).row();
        assert!(row.starts_with("| sign-ups | 16 | 20 | 100.0 | 198.0 | 5.00 | 10.00 | "), "{row}");
    }

    #[test]
    fn where_the_system_tells_nothing_a_row_says_so() {
        assert!(measured(None).row().ends_with(" | - | - | - |\n"));
    }

    #[test]
    fn who_took_most_was_the_limit_if_all_was_taken() {
        for (cpu, who) in [
            ([0, 0, 0], "waiting"),
            ([2, 1, 1_000_000], "other processes"),
            ([600_000, 1, 1_000_000], "the stack"),
            ([1, 600_000, 1_000_000], "the client"),
        ] {
            let limit = measured(Some(cpu)).limit();
            assert!(limit.starts_with(who), "{limit}");
        }
    }
}
