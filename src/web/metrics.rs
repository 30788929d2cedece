//! Metrics as the text that Prometheus reads. Knows their format, not their meaning.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet, text},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};

/// A metric, with one value or one for each set of labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// The name without the prefix `wechat_bridge_`, and for a counter without `_total`.
    pub name: &'static str,
    /// The description, a sentence without its full stop.
    pub help: &'static str,
    /// The values.
    pub value: MetricValue,
}

/// The values of a metric.
#[derive(Debug, Clone, PartialEq)]
pub enum MetricValue {
    /// A counter, which only grows.
    Counter(Vec<Sample>),
    /// A gauge, which goes up and down.
    Gauge(Vec<Sample>),
    /// A histogram of durations.
    Durations(Durations),
}

/// A number and its labels. Labels come from short fixed lists: never a user, a contact, a room or
/// anything else that people choose.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The name and the value of each label.
    pub labels: Vec<(&'static str, String)>,
    /// The number.
    pub value: f64,
}

/// A histogram of durations.
#[derive(Debug, Clone, PartialEq)]
pub struct Durations {
    /// The sum of all durations in seconds.
    pub sum: f64,
    /// For each upper limit in seconds: the number of durations up to it and above the limit
    /// before. The last limit is infinite.
    pub buckets: Vec<(f64, u64)>,
}

impl Sample {
    /// Makes a sample without labels.
    pub fn plain(value: f64) -> Self {
        Self { labels: Vec::new(), value }
    }

    /// Makes a sample with one label.
    pub fn of(label: &'static str, of: impl Into<String>, value: f64) -> Self {
        Self { labels: vec![(label, of.into())], value }
    }
}

/// Returns the text for one scrape, in the OpenMetrics form that Prometheus reads.
pub fn encode(metrics: Vec<Metric>) -> String {
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(Box::new(Metrics(metrics)));
    let mut encoded = String::new();
    // Writing into a text cannot fail.
    let _ = text::encode(&mut encoded, &registry);
    encoded
}

#[derive(Debug)]
struct Metrics(Vec<Metric>);

impl Collector for Metrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for Metric { name, help, value } in &self.0 {
            let kind = match value {
                MetricValue::Counter(_) => MetricType::Counter,
                MetricValue::Gauge(_) => MetricType::Gauge,
                MetricValue::Durations(_) => MetricType::Histogram,
            };
            value.encode(encoder.encode_descriptor(name, help, None, kind)?)?;
        }
        Ok(())
    }
}

impl MetricValue {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        match self {
            Self::Counter(samples) => samples.iter().try_for_each(|sample| {
                ConstCounter::new(sample.value).encode(encoder.encode_family(&sample.labels)?)
            }),
            Self::Gauge(samples) => match samples.as_slice() {
                [one] if one.labels.is_empty() => ConstGauge::new(one.value).encode(encoder),
                samples => samples.iter().try_for_each(|sample| {
                    ConstGauge::new(sample.value).encode(encoder.encode_family(&sample.labels)?)
                }),
            },
            Self::Durations(Durations { sum, buckets }) => {
                let count = buckets.iter().map(|(_, count)| count).sum();
                encoder.encode_histogram::<NoLabelSet>(*sum, count, buckets, None)
            }
        }
    }
}

const PREFIX: &str = "wechat_bridge";
/// The content type of the text that [`encode`] returns.
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_levels_and_durations_are_written_as_prometheus_reads_them() {
        let sends = vec![Sample::of("result", "accepted", 3.0)];
        let durations = Durations { sum: 0.5, buckets: vec![(0.1, 1), (f64::INFINITY, 2)] };
        let encoded = encode(vec![
            Metric { name: "sends", help: "Sends", value: MetricValue::Counter(sends) },
            Metric {
                name: "queued",
                help: "Waits",
                value: MetricValue::Gauge(vec![Sample::plain(2.0)]),
            },
            Metric { name: "took", help: "Took", value: MetricValue::Durations(durations) },
        ]);
        let expected = "\
# HELP wechat_bridge_sends Sends
# TYPE wechat_bridge_sends counter
wechat_bridge_sends_total{result=\"accepted\"} 3.0
# HELP wechat_bridge_queued Waits
# TYPE wechat_bridge_queued gauge
wechat_bridge_queued 2.0
# HELP wechat_bridge_took Took
# TYPE wechat_bridge_took histogram
wechat_bridge_took_sum 0.5
wechat_bridge_took_count 3
wechat_bridge_took_bucket{le=\"0.1\"} 1
wechat_bridge_took_bucket{le=\"+Inf\"} 3
# EOF
";
        assert_eq!(encoded, expected);
    }
}
