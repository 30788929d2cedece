//! Figures as the text that Prometheus reads. Knows how they are written, not what they mean.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet, text},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};

/// One figure, or one for each set of labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Without the prefix `wechat_bridge_`, and for a counter without `_total`.
    pub name: &'static str,
    /// What it tells, as one sentence without its full stop.
    pub help: &'static str,
    /// How much.
    pub value: Value,
}

/// What is measured.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// It only grows.
    Counter(Vec<Sample>),
    /// It goes up and down.
    Gauge(Vec<Sample>),
    /// How long something took.
    Durations(Durations),
}

/// A number and what it belongs to. Labels come from short fixed lists: never a user, a contact, a
/// room or anything else that people bring along.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Name and value of each label.
    pub labels: Vec<(&'static str, String)>,
    /// How much.
    pub value: f64,
}

/// How often something took how long.
#[derive(Debug, Clone, PartialEq)]
pub struct Durations {
    /// All of them together, in seconds.
    pub sum: f64,
    /// For each upper limit in seconds: how often it took no longer, and longer than the limit
    /// before. The last limit is infinite.
    pub buckets: Vec<(f64, u64)>,
}

impl Sample {
    /// A number that belongs to nothing in particular.
    pub fn plain(value: f64) -> Self {
        Self { labels: Vec::new(), value }
    }

    /// A number with one label.
    pub fn of(label: &'static str, of: impl Into<String>, value: f64) -> Self {
        Self { labels: vec![(label, of.into())], value }
    }
}

/// The text for one scrape, in the OpenMetrics form that Prometheus reads.
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
                Value::Counter(_) => MetricType::Counter,
                Value::Gauge(_) => MetricType::Gauge,
                Value::Durations(_) => MetricType::Histogram,
            };
            value.encode(encoder.encode_descriptor(name, help, None, kind)?)?;
        }
        Ok(())
    }
}

impl Value {
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
/// The content type of [`encode`]'s text.
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_levels_and_durations_are_written_as_prometheus_reads_them() {
        let sends = vec![Sample::of("result", "accepted", 3.0)];
        let durations = Durations { sum: 0.5, buckets: vec![(0.1, 1), (f64::INFINITY, 2)] };
        let encoded = encode(vec![
            Metric { name: "sends", help: "Sends", value: Value::Counter(sends) },
            Metric { name: "queued", help: "Waits", value: Value::Gauge(vec![Sample::plain(2.0)]) },
            Metric { name: "took", help: "Took", value: Value::Durations(durations) },
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
