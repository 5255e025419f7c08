//! One function, measured: by the clock, by its instructions, and by its calls.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use tokio::time::timeout;

use crate::{
    Result, certificates::Certificates, events::Events, meter::Usage, process::Process, proxy::Proxy,
    valgrind::Valgrind,
};

/// Of each start and each warm invocation, the median of so many.
const STARTS: usize = 5;
const WARM_PER_START: usize = 4;

/// Warm invocations whose instructions are counted, and those whose calls are.
const COUNTED: u32 = 10;
const METERED: usize = 4;

/// How often instructions are counted at least and at most, until the least of all counts has come out twice, or nearly.
const COUNTS: std::ops::RangeInclusive<usize> = 3..=10;
const NEARLY: f64 = 1.01;

/// What it may take until there is something to invoke a function with.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a function takes.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    pub(crate) name: String,
    /// The binary's size in MB.
    pub(crate) size: f64,
    /// In milliseconds.
    pub(crate) time: Phases,
    /// In millions; none without valgrind.
    pub(crate) instructions: Option<Phases>,
    /// In MB; none where the system doesn't say.
    pub(crate) memory: Option<f64>,
    /// Of a warm invocation.
    pub(crate) usage: Usage,
}

/// From the start of the process until it asks for an event; the first event; each that follows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Phases {
    pub(crate) init: f64,
    pub(crate) first: f64,
    pub(crate) warm: f64,
}

/// A function with all that it needs around it.
struct Bed<'a> {
    name: &'a str,
    binary: &'a Path,
    environment: BTreeMap<String, String>,
    events: Events,
    dynamodb: Proxy,
    _ses: Proxy,
}

/// Measures the function which that binary is.
pub(crate) async fn measure(
    name: &str,
    binary: &Path,
    certificates: &Certificates,
    valgrind: Option<&Valgrind>,
) -> Result<Measured> {
    let mut bed = timeout(PATIENCE, Bed::make(name, binary, certificates)).await??;
    let (time, memory) = bed.time().await?;
    let instructions = match valgrind {
        Some(valgrind) => Some(bed.instructions(valgrind).await?),
        None => None,
    };
    let usage = bed.usage().await?;
    let size = f64::from(u32::try_from(fs::metadata(binary)?.len())?) / 1e6;
    Ok(Measured { name: name.to_owned(), size, time, instructions, memory, usage })
}

impl<'a> Bed<'a> {
    async fn make(name: &'a str, binary: &'a Path, certificates: &Certificates) -> Result<Self> {
        let events = Events::start(name).await?;
        let stack = &events.product.stack;
        let dynamodb = Proxy::start(certificates, stack.dynamodb_url()).await?;
        let ses = Proxy::start(certificates, stack.api_url()).await?;
        // The limits use the table as a function does that only reads.
        let variables = stack.environment(name).or_else(|| stack.environment("check-session"));
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

    async fn start(&self, valgrind: Option<&Valgrind>) -> Result<Process> {
        Process::start(self.name, self.binary, &self.environment, valgrind).await
    }

    /// Milliseconds.
    async fn invoke(&mut self, process: &mut Process) -> Result<f64> {
        let event = timeout(PATIENCE, self.events.next()).await??;
        Ok(milliseconds(process.invoke(event).await?))
    }

    /// How long everything takes, and the most memory of all starts.
    async fn time(&mut self) -> Result<(Phases, Option<f64>)> {
        let (mut init, mut first, mut warm, mut memory) = (Vec::new(), Vec::new(), Vec::new(), None);
        for _ in 0..STARTS {
            let mut process = self.start(None).await?;
            init.push(milliseconds(process.ready().await?));
            first.push(self.invoke(&mut process).await?);
            for _ in 0..WARM_PER_START {
                warm.push(self.invoke(&mut process).await?);
            }
            memory = process.peak_memory().into_iter().chain(memory).reduce(f64::max);
        }
        Ok((Phases { init: median(init), first: median(first), warm: median(warm) }, memory))
    }

    /// Of processes with more invocations each: what a phase takes is what they take more.
    async fn instructions(&mut self, valgrind: &Valgrind) -> Result<Phases> {
        let init = self.least_instructions(valgrind, 0).await?;
        let first = self.least_instructions(valgrind, 1).await?;
        let warm = self.least_instructions(valgrind, 1 + COUNTED).await?;
        Ok(Phases { init, first: first - init, warm: (warm - first) / f64::from(COUNTED) })
    }

    /// The least of several counts, since what is more is chance. A failure doesn't count: that the function can do it was seen without
    /// valgrind.
    async fn least_instructions(&mut self, valgrind: &Valgrind, invocations: u32) -> Result<f64> {
        let (mut counts, mut failure) = (Vec::new(), None);
        for times in 1..=*COUNTS.end() {
            match self.count_instructions(valgrind, invocations).await {
                Ok(count) => counts.push(count),
                Err(error) => failure = Some(error),
            }
            counts.sort_by(f64::total_cmp);
            let is_confirmed = matches!(counts[..], [least, next, ..] if next <= least * NEARLY);
            if is_confirmed && times >= *COUNTS.start() {
                break;
            }
        }
        counts.first().copied().ok_or_else(|| failure.unwrap_or("nothing was counted".into()))
    }

    async fn count_instructions(&mut self, valgrind: &Valgrind, invocations: u32) -> Result<f64> {
        let mut process = self.start(Some(valgrind)).await?;
        process.ready().await?;
        for _ in 0..invocations {
            self.invoke(&mut process).await?;
        }
        process.instructions().await
    }

    /// The calls of a warm invocation. What is made at the same time can look as if it were not, when the machine is busy; never
    /// the other way round. So the least of a few is right.
    async fn usage(&mut self) -> Result<Usage> {
        self.dynamodb.switch_meter_on();
        let mut process = self.start(None).await?;
        process.ready().await?;
        self.invoke(&mut process).await?;
        let mut usages = Vec::new();
        for _ in 0..METERED {
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
