#include "net/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <sstream>

#include "net/process.hpp"

namespace lastgood::net {
namespace {

constexpr std::array table{
    MetricRow{"lastgood_build_info", "gauge", "Always 1; the label is the version.", "version"},
    MetricRow{"lastgood_leader", "gauge", "1 while this replica holds the lease and may act, else 0.", ""},
    MetricRow{"lastgood_guarded_deployments", "gauge", "Deployments that opted in.", ""},
    MetricRow{"lastgood_samples_total", "counter", "Answers of checks, by the kind of check and Pass, Fail or Unknown.",
              "check,result"},
    MetricRow{"lastgood_state_transitions_total", "counter", "Releases that entered a state, by the reason for it.",
              "state,reason"},
    MetricRow{"lastgood_rollbacks_total", "counter", "Rollbacks that came to an end, by how.", "outcome"},
    MetricRow{"lastgood_decision_to_patch_seconds", "histogram",
              "From the decision to roll back to the acknowledged patch of the template.", ""},
    MetricRow{"lastgood_api_requests_total", "counter",
              "Requests to the API server; code is the answer's status, or none where no answer came.", "verb,code"},
    MetricRow{"lastgood_api_request_seconds", "histogram", "How long the API server took, of a watch until it began.", "verb"},
    MetricRow{"lastgood_watch_restarts_total", "counter", "Watches begun again, by what is watched and why.", "kind,why"},
    MetricRow{"lastgood_reconcile_seconds", "histogram", "How long one look at one Deployment took, calls included.", ""},
    MetricRow{"process_cpu_seconds_total", "counter", "CPU time used, of user and system.", ""},
    MetricRow{"process_open_fds", "gauge", "Open file descriptors.", ""},
    MetricRow{"process_resident_memory_bytes", "gauge", "Resident memory.", ""},
    MetricRow{"process_start_time_seconds", "gauge", "When the process started, in seconds since 1970.", ""},
};

// Of one series' label values. What is beyond is a mistake of ours or of a server's, and must not fill the memory of
// whoever scrapes.
constexpr std::size_t max_series = 256;
constexpr std::size_t max_value = 64;

const prometheus::Histogram::BucketBoundaries call_buckets{0.001, 0.002, 0.004, 0.006, 0.01, 0.02, 0.05, 0.1, 0.5, 2, 10};
const prometheus::Histogram::BucketBoundaries act_buckets{0.002, 0.004, 0.006, 0.008, 0.01, 0.015, 0.025, 0.05, 0.1, 0.5, 2};

std::size_t place_of(std::string_view name) {
  return static_cast<std::size_t>(std::ranges::find(table, name, &MetricRow::name) - table.begin());
}

double in_seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

template <class Metric>
struct Series {
  prometheus::Family<Metric>* family = nullptr;
  std::set<prometheus::Labels> seen = {};

  template <class... Buckets>
  Metric& of(prometheus::Labels labels, const Buckets&... buckets) {
    for (auto& [name, value] : labels) {
      if (value.size() > max_value) value.resize(max_value);
    }
    if (!seen.contains(labels) && seen.size() >= max_series) {
      for (auto& [name, value] : labels) value = "other";
    }
    seen.insert(labels);
    return family->Add(labels, buckets...);
  }
};

prometheus::MetricFamily one_value(std::string_view name, double value) {
  const MetricRow& row = table.at(place_of(name));
  prometheus::MetricFamily family{.name = std::string(row.name), .help = std::string(row.help)};
  prometheus::ClientMetric metric;
  if (row.type == "counter") {
    family.type = prometheus::MetricType::Counter;
    metric.counter.value = value;
  } else {
    family.type = prometheus::MetricType::Gauge;
    metric.gauge.value = value;
  }
  family.metric.push_back(std::move(metric));
  return family;
}

template <class Builder>
auto* family(Builder builder, std::string_view name, prometheus::Registry& registry) {
  const MetricRow& row = table.at(place_of(name));
  return &builder.Name(std::string(row.name)).Help(std::string(row.help)).Register(registry);
}

}  // namespace

std::span<const MetricRow> metric_table() { return table; }

struct Metrics::Impl {
  prometheus::Registry registry;
  Series<prometheus::Gauge> build{family(prometheus::BuildGauge(), "lastgood_build_info", registry)};
  Series<prometheus::Gauge> leader{family(prometheus::BuildGauge(), "lastgood_leader", registry)};
  Series<prometheus::Gauge> guarded{family(prometheus::BuildGauge(), "lastgood_guarded_deployments", registry)};
  Series<prometheus::Counter> samples{family(prometheus::BuildCounter(), "lastgood_samples_total", registry)};
  Series<prometheus::Counter> states{family(prometheus::BuildCounter(), "lastgood_state_transitions_total", registry)};
  Series<prometheus::Counter> rollbacks{family(prometheus::BuildCounter(), "lastgood_rollbacks_total", registry)};
  Series<prometheus::Histogram> patches{family(prometheus::BuildHistogram(), "lastgood_decision_to_patch_seconds", registry)};
  Series<prometheus::Counter> requests{family(prometheus::BuildCounter(), "lastgood_api_requests_total", registry)};
  Series<prometheus::Histogram> request_times{family(prometheus::BuildHistogram(), "lastgood_api_request_seconds", registry)};
  Series<prometheus::Counter> restarts{family(prometheus::BuildCounter(), "lastgood_watch_restarts_total", registry)};
  Series<prometheus::Histogram> reconciles{family(prometheus::BuildHistogram(), "lastgood_reconcile_seconds", registry)};
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {
  impl_->build.of({{"version", LASTGOOD_VERSION}}).Set(1);
  // Shown from the first scrape on: an absent series cannot be alerted on.
  impl_->leader.of({}).Set(0);
  impl_->guarded.of({}).Set(0);
  impl_->patches.of({}, act_buckets);
  impl_->reconciles.of({}, call_buckets);
}

Metrics::~Metrics() = default;

std::string Metrics::text() const {
  auto families = impl_->registry.Collect();
  const ProcessUse use = process_use();
  families.push_back(one_value("process_cpu_seconds_total", use.cpu_seconds));
  families.push_back(one_value("process_open_fds", use.open_fds));
  families.push_back(one_value("process_resident_memory_bytes", use.resident_bytes));
  families.push_back(one_value("process_start_time_seconds", use.start_time_seconds));
  std::ranges::sort(families, {}, [](const auto& each) { return place_of(each.name); });
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, families);
  return std::move(text).str();
}

void Metrics::leader(bool is) { impl_->leader.of({}).Set(is ? 1 : 0); }

void Metrics::guarded(std::size_t deployments) { impl_->guarded.of({}).Set(static_cast<double>(deployments)); }

void Metrics::sample(std::string_view check_kind, std::string_view result) {
  impl_->samples.of({{"check", std::string(check_kind)}, {"result", std::string(result)}}).Increment();
}

void Metrics::state_entered(std::string_view state, std::string_view reason) {
  impl_->states.of({{"state", std::string(state)}, {"reason", std::string(reason)}}).Increment();
}

void Metrics::rollback_finished(std::string_view outcome) {
  impl_->rollbacks.of({{"outcome", std::string(outcome)}}).Increment();
}

void Metrics::decision_to_patch(Duration took) { impl_->patches.of({}, act_buckets).Observe(in_seconds(took)); }

void Metrics::api_call(std::string_view verb, int status, Duration took) {
  const std::string code = status == 0 ? "none" : status >= 100 && status <= 599 ? std::to_string(status) : "other";
  impl_->requests.of({{"verb", std::string(verb)}, {"code", code}}).Increment();
  impl_->request_times.of({{"verb", std::string(verb)}}, call_buckets).Observe(in_seconds(took));
}

void Metrics::watch_restarted(std::string_view kind, std::string_view why) {
  impl_->restarts.of({{"kind", std::string(kind)}, {"why", std::string(why)}}).Increment();
}

void Metrics::reconciled(Duration took) { impl_->reconciles.of({}, call_buckets).Observe(in_seconds(took)); }

}  // namespace lastgood::net
