//! The DynamoDB usage of an invocation.

use std::time::Instant;

/// A call to DynamoDB, as observed by the proxy.
#[derive(Clone, Copy)]
pub(crate) struct Call {
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
    pub(crate) reads: bool,
    pub(crate) units: f64,
}

/// The DynamoDB usage of an invocation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Usage {
    pub(crate) calls: usize,
    /// The number of times that the function waits for DynamoDB. Concurrent calls count once.
    pub(crate) round_trips: usize,
    pub(crate) read_units: f64,
    pub(crate) write_units: f64,
}

impl Usage {
    pub(crate) fn of(mut calls: Vec<Call>) -> Self {
        let units = |reads| calls.iter().filter(|call| call.reads == reads).fold(0.0, |sum, call| sum + call.units);
        let (read_units, write_units) = (units(true), units(false));
        // Finds the longest chain in which each call begins after the previous one has ended.
        calls.sort_by_key(|call| call.ended);
        let mut round_trips = 0;
        let mut last = None;
        for call in &calls {
            if last.is_none_or(|last| call.began >= last) {
                round_trips += 1;
                last = Some(call.ended);
            }
        }
        Self { calls: calls.len(), round_trips, read_units, write_units }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn round_trips(calls: &[(u64, u64)]) -> usize {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let call = |&(began, ended)| Call { began: at(began), ended: at(ended), reads: true, units: 1.0 };
        Usage::of(calls.iter().map(call).collect()).round_trips
    }

    #[test]
    fn concurrent_calls_are_one_round_trip() {
        assert_eq!(round_trips(&[]), 0);
        assert_eq!(round_trips(&[(0, 20), (1, 22), (2, 21)]), 1);
    }

    #[test]
    fn sequential_calls_are_two_round_trips_even_if_a_third_overlaps() {
        assert_eq!(round_trips(&[(0, 20), (21, 41)]), 2);
        assert_eq!(round_trips(&[(0, 20), (1, 41), (21, 42)]), 2);
    }

    #[test]
    fn read_and_write_units_are_counted_separately() {
        let now = Instant::now();
        let call = |reads, units| Call { began: now, ended: now, reads, units };
        let usage = Usage::of(vec![call(true, 0.5), call(false, 2.0), call(false, 7.0)]);
        assert_eq!((usage.calls, usage.read_units, usage.write_units), (3, 0.5, 9.0));
    }
}
