//! Measures one function: its times, its instructions, and its calls to DynamoDB.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use tokio::time::timeout;

use crate::{
    Result, certificates::Certificates, events::Events, meter::Usage, process::Process, proxy::Proxy,
    valgrind::Valgrind,
};

/// The number of starts, and of warm invocations after each start. Times are medians of these.
const STARTS: usize = 5;
const WARM_INVOCATIONS_PER_START: usize = 4;

/// The number of warm invocations whose instructions are counted.
const COUNTED_INVOCATIONS: u32 = 10;

/// The number of warm invocations whose calls to DynamoDB are metered.
const METERED_INVOCATIONS: usize = 4;

/// The minimum and maximum number of attempts to count instructions. Counting ends early when two
/// attempts agree on the lowest count, within the tolerance.
const COUNT_ATTEMPTS: std::ops::RangeInclusive<usize> = 3..=10;
const COUNT_TOLERANCE_FACTOR: f64 = 1.01;

/// The maximum time to create an event.
const EVENT_TIMEOUT: Duration = Duration::from_mins(1);

/// The measurements of one function.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    pub(crate) name: String,
    /// The binary's size in MB.
    pub(crate) size: f64,
    /// The duration of each phase in milliseconds.
    pub(crate) time: Phases,
    /// The instructions of each phase in millions; `None` without valgrind.
    pub(crate) instructions: Option<Phases>,
    /// The peak memory in MB; `None` if the system does not report it.
    pub(crate) memory: Option<f64>,
    /// The DynamoDB usage of a warm invocation.
    pub(crate) usage: Usage,
}

/// One value for each phase: init (from the start of the process until it requests an event), the
/// first invocation, and a later, warm invocation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Phases {
    pub(crate) init: f64,
    pub(crate) first: f64,
    pub(crate) warm: f64,
}

/// A function with the services that it needs.
struct TestBed<'a> {
    name: &'a str,
    binary: &'a Path,
    environment: BTreeMap<String, String>,
    events: Events,
    dynamodb: Proxy,
    _ses: Proxy,
}

/// Measures the function in `binary`.
pub(crate) async fn measure(
    name: &str,
    binary: &Path,
    certificates: &Certificates,
    valgrind: Option<&Valgrind>,
) -> Result<Measured> {
    let mut bed = timeout(EVENT_TIMEOUT, TestBed::start(name, binary, certificates)).await??;
    let (time, memory) = bed.time().await?;
    let instructions = match valgrind {
        Some(valgrind) => Some(bed.instructions(valgrind).await?),
        None => None,
    };
    let usage = bed.usage().await?;
    let size = f64::from(u32::try_from(fs::metadata(binary)?.len())?) / 1e6;
    Ok(Measured { name: name.to_owned(), size, time, instructions, memory, usage })
}

impl<'a> TestBed<'a> {
    async fn start(name: &'a str, binary: &'a Path, certificates: &Certificates) -> Result<Self> {
        let events = Events::start(name).await?;
        let stack = &events.stack;
        let dynamodb = Proxy::start(certificates, stack.dynamodb_url()).await?;
        let ses = Proxy::start(certificates, stack.api_url()).await?;
        // The lower bounds have no environment in the template; they use that of a function that
        // only reads.
        let variables = stack.environment(name).or_else(|| stack.environment(registry::MEASURED_IN_CI[0]));
        let mut environment = variables.ok_or("the product has no such function")?.clone();
        let roots = certificates.roots().display().to_string();
        for (variable, value) in [
            ("SSL_CERT_FILE", roots.as_str()),
            ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.url()),
            ("AWS_ENDPOINT_URL_SESV2", ses.url()),
        ] {
            environment.insert(variable.to_owned(), value.to_owned());
        }
        Ok(Self { name, binary, environment, events, dynamodb, _ses: ses })
    }

    async fn start_process(&self, valgrind: Option<&Valgrind>) -> Result<Process> {
        Process::start(self.name, self.binary, &self.environment, valgrind).await
    }

    /// Invokes the function with a new event, and returns the duration in milliseconds.
    async fn invoke(&mut self, process: &mut Process) -> Result<f64> {
        let event = timeout(EVENT_TIMEOUT, self.events.next()).await??;
        Ok(milliseconds(process.invoke(event).await?))
    }

    /// Measures the duration of each phase, and the peak memory of all starts.
    async fn time(&mut self) -> Result<(Phases, Option<f64>)> {
        let (mut init, mut first, mut warm, mut memory) = (Vec::new(), Vec::new(), Vec::new(), None);
        for _ in 0..STARTS {
            let mut process = self.start_process(None).await?;
            init.push(milliseconds(process.ready().await?));
            first.push(self.invoke(&mut process).await?);
            for _ in 0..WARM_INVOCATIONS_PER_START {
                warm.push(self.invoke(&mut process).await?);
            }
            memory = process.peak_memory().into_iter().chain(memory).reduce(f64::max);
        }
        Ok((Phases { init: median(init), first: median(first), warm: median(warm) }, memory))
    }

    /// Counts the instructions of each phase, as the difference between processes with more and
    /// fewer invocations.
    async fn instructions(&mut self, valgrind: &Valgrind) -> Result<Phases> {
        let init = self.min_instructions(valgrind, 0).await?;
        let first = self.min_instructions(valgrind, 1).await?;
        let warm = self.min_instructions(valgrind, 1 + COUNTED_INVOCATIONS).await?;
        Ok(Phases { init, first: first - init, warm: (warm - first) / f64::from(COUNTED_INVOCATIONS) })
    }

    /// Returns the lowest of several counts, because random effects only add instructions.
    ///
    /// A failed attempt is ignored if another succeeds: the function has already succeeded without
    /// valgrind.
    async fn min_instructions(&mut self, valgrind: &Valgrind, invocations: u32) -> Result<f64> {
        let (mut counts, mut failure) = (Vec::new(), None);
        for attempt in 1..=*COUNT_ATTEMPTS.end() {
            match self.count_instructions(valgrind, invocations).await {
                Ok(count) => counts.push(count),
                Err(error) => failure = Some(error),
            }
            counts.sort_by(f64::total_cmp);
            let is_confirmed = matches!(counts[..], [lowest, next, ..] if next <= lowest * COUNT_TOLERANCE_FACTOR);
            if is_confirmed && attempt >= *COUNT_ATTEMPTS.start() {
                break;
            }
        }
        counts.first().copied().ok_or_else(|| failure.unwrap_or("nothing was counted".into()))
    }

    async fn count_instructions(&mut self, valgrind: &Valgrind, invocations: u32) -> Result<f64> {
        let mut process = self.start_process(Some(valgrind)).await?;
        process.ready().await?;
        for _ in 0..invocations {
            self.invoke(&mut process).await?;
        }
        process.instructions().await
    }

    /// Returns the DynamoDB usage of a warm invocation.
    ///
    /// On a busy machine, concurrent calls can look sequential, but never the reverse. The lowest
    /// number of round trips in a few invocations is therefore the right one.
    async fn usage(&mut self) -> Result<Usage> {
        self.dynamodb.switch_meter_on();
        let mut process = self.start_process(None).await?;
        process.ready().await?;
        self.invoke(&mut process).await?;
        let mut usages = Vec::new();
        for _ in 0..METERED_INVOCATIONS {
            self.dynamodb.take_calls();
            self.invoke(&mut process).await?;
            usages.push(Usage::of(self.dynamodb.take_calls()));
        }
        usages.into_iter().min_by_key(|usage| usage.round_trips).ok_or_else(|| "nothing was metered".into())
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
