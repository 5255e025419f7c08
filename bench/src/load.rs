//! `bench load`: measures the release build of the local stack, in its own process, over loopback.
//!
//! It shows how many requests the stack handles, and whether that number falls as the table grows.
//! For comparison, it measures the stack's DynamoDB alone, which is an upper limit for the stack.

mod server;
mod work;

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{task::JoinSet, time::timeout};

use crate::{Result, client::Connection};
use server::{Server, cpu_time, cpu_time_of_all};
use work::Work;

/// The number of concurrent clients, except where a single client is measured.
const CLIENTS: usize = 16;

/// The duration of a run that only reads or only writes.
const RUN_TIME: Duration = Duration::from_secs(6);

/// Ten thousand sign-ups are made in three runs. The first and the last thousand have their own
/// run, so that they can be compared.
const EDGE_SIGN_UPS: u64 = 1000;
const MIDDLE_SIGN_UPS: u64 = 8000;
const EDGE_TIMEOUT: Duration = Duration::from_secs(40);
const MIDDLE_TIMEOUT: Duration = Duration::from_mins(4);

/// The time after which a missing response ends the bench with an error. It exceeds the timeout of
/// the functions.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(15);

/// The share of CPU time from which on the processors are considered the bottleneck.
const BUSY_SHARE: f64 = 0.9;

const HEAD: &str = "| what | connections | per second | p50 ms | p99 ms | CPU ms a request | the client's | what was the limit |\n\
                    | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n";

/// Runs that are made one after another on the same data.
struct Load {
    server: Server,
    /// A counter that gives every user and item a new number.
    numbers: Arc<AtomicU64>,
}

/// The result of a run.
struct Measured {
    name: String,
    connections: usize,
    duration: Duration,
    /// The latencies of all requests in ascending order.
    latencies: Vec<Duration>,
    /// The CPU time of the stack, of the client and of all processes, if the system reports it.
    cpu: Option<[Duration; 3]>,
}

/// Prints the measurements as a Markdown table.
pub(crate) async fn run() -> Result<()> {
    if cfg!(debug_assertions) {
        writeln!(
            io::stderr(),
            "this client is a debug build, which uses more CPU time; better: cargo run --release -p bench -- load"
        )?;
    }
    let server = Server::start().await?;
    let load = Load { server, numbers: Arc::default() };
    // Every row is printed as soon as it is measured, so that it is not lost if a later run fails.
    io::stdout().write_all(HEAD.as_bytes())?;
    load.measure().await.map_err(|error| format!("{error}\n{}", load.server.log_tail()).into())
}

impl Load {
    async fn measure(&self) -> Result<()> {
        let mut john = Connection::open(&self.server.api).await?;
        let sign_up = john.sign_up(self.numbers.fetch_add(1, Ordering::Relaxed));
        let bearer = timeout(RESPONSE_TIMEOUT, sign_up).await??.bearer;
        drop(john);
        let check = Work::CheckSession { bearer };
        for connections in [1, CLIENTS] {
            self.run("session checks", &check, connections, RUN_TIME, u64::MAX).await?.print()?;
        }

        let mut users = 0;
        let edge = (EDGE_SIGN_UPS, EDGE_TIMEOUT);
        for (count, timeout) in [edge, (MIDDLE_SIGN_UPS, MIDDLE_TIMEOUT), edge] {
            let mut run = self.run("sign-ups", &Work::SignUp, CLIENTS, timeout, count).await?;
            run.name = format!("sign-ups {} to {}", users + 1, users + run.latencies.len());
            users += run.latencies.len();
            run.print()?;
        }
        self.run("session checks after them", &check, CLIENTS, RUN_TIME, u64::MAX).await?.print()?;

        let table = self.server.table().await?;
        let put = Work::PutItem { table: table.clone() };
        self.run("DynamoDB alone: PutItem", &put, CLIENTS, RUN_TIME, u64::MAX).await?.print()?;
        put.perform(&mut Connection::open(&self.server.dynamodb).await?, 0).await?;
        let get = Work::GetItem { table };
        self.run("DynamoDB alone: GetItem", &get, CLIENTS, RUN_TIME, u64::MAX).await?.print()?;
        Ok(())
    }

    /// Performs `work` on all connections until the time is over or it was performed `count` times.
    async fn run(&self, name: &str, work: &Work, connections: usize, time: Duration, count: u64) -> Result<Measured> {
        writeln!(io::stderr(), "{name}, {connections} at a time")?;
        let address = if work.uses_dynamodb() { &self.server.dynamodb } else { &self.server.api };
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
                    let request_start = Instant::now();
                    let number = numbers.fetch_add(1, Ordering::Relaxed);
                    timeout(RESPONSE_TIMEOUT, work.perform(&mut client, number))
                        .await
                        .map_err(|_| "a response did not arrive in time")??;
                    latencies.push(request_start.elapsed());
                }
                Ok(latencies)
            });
        }
        let mut latencies = Vec::new();
        while let Some(worker) = workers.join_next().await {
            latencies.extend(worker??);
        }
        let duration = start.elapsed();
        let cpu = before.zip(cpu()).map(|(before, after)| {
            let [[server, own, all], [server_now, own_now, all_now]] = [before, after];
            [(server, server_now), (own, own_now), (all, all_now)].map(|(before, now)| now.saturating_sub(before))
        });
        latencies.sort_unstable();
        Ok(Measured { name: name.to_owned(), connections, duration, latencies, cpu })
    }
}

impl Measured {
    fn print(&self) -> Result<()> {
        Ok(io::stdout().write_all(self.row().as_bytes())?)
    }

    fn row(&self) -> String {
        let count = f64::from(u32::try_from(self.latencies.len()).unwrap_or(u32::MAX));
        let rate = count / self.duration.as_secs_f64();
        let [p50, p99] = [50, 99].map(|percent| self.percentile(percent));
        let [server, own] = match self.cpu {
            Some([server, own, _]) => [server, own].map(|time| format!("{:.2}", milliseconds(time) / count)),
            None => ["-", "-"].map(str::to_owned),
        };
        let Self { name, connections, .. } = self;
        let limit = self.limit();
        format!("| {name} | {connections} | {rate:.0} | {p50:.1} | {p99:.1} | {server} | {own} | {limit} |\n")
    }

    /// Returns a percentile of the latencies in milliseconds.
    fn percentile(&self, percent: usize) -> f64 {
        let index = (self.latencies.len() * percent).div_ceil(100).saturating_sub(1);
        self.latencies.get(index).copied().map_or(f64::NAN, milliseconds)
    }

    /// Names the program that used the most CPU time, if the processors were the bottleneck.
    fn limit(&self) -> String {
        let (Some([server, own, all]), Ok(processors)) = (self.cpu, std::thread::available_parallelism()) else {
            return "-".to_owned();
        };
        let processors = f64::from(u32::try_from(processors.get()).unwrap_or(u32::MAX));
        let share = |time: Duration| time.as_secs_f64() / self.duration.as_secs_f64() / processors;
        let [server, own, all] = [server, own, all].map(share);
        let others = (all - server - own).max(0.0);
        let bottleneck = if all < BUSY_SHARE {
            "waiting"
        } else if others > server.max(own) {
            "other processes"
        } else if own > server {
            "the client"
        } else {
            "the stack"
        };
        let [server, own, others] = [server, own, others].map(|share| share * 100.0);
        format!("{bottleneck} ({server:.0} % stack, {own:.0} % client, {others:.0} % others)")
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
        Measured { name: "sign-ups".to_owned(), connections: 16, duration: Duration::from_secs(10), latencies, cpu }
    }

    #[test]
    fn a_row_has_the_rate_the_percentiles_and_the_cpu_times() {
        let row = measured(Some([1, 2, 3])).row();
        assert!(row.starts_with("| sign-ups | 16 | 20 | 100.0 | 198.0 | 5.00 | 10.00 | "), "{row}");
    }

    #[test]
    fn a_row_has_dashes_if_the_system_reports_no_cpu_time() {
        assert!(measured(None).row().ends_with(" | - | - | - |\n"));
    }

    #[test]
    fn the_program_with_the_most_cpu_time_is_the_limit_if_all_are_busy() {
        for (cpu, expected) in [
            ([0, 0, 0], "waiting"),
            ([2, 1, 1_000_000], "other processes"),
            ([600_000, 1, 1_000_000], "the stack"),
            ([1, 600_000, 1_000_000], "the client"),
        ] {
            let limit = measured(Some(cpu)).limit();
            assert!(limit.starts_with(expected), "{limit}");
        }
    }
}
