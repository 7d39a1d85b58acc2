#include "net/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <set>
#include <sstream>

#include "net/memory.hpp"
#include "net/process.hpp"

namespace lastgood::net {
namespace {

constexpr std::array table{
    MetricRow{"lastgood_build_info", "gauge", "Always 1. The label is the version.", "version"},
    MetricRow{"lastgood_guarded_deployments", "gauge", "Deployments that a valid policy governs.",
              ""},
    MetricRow{"lastgood_measurements_total", "counter",
              "Measurements of checks, by the kind of check and by Pass, Fail or Unknown.",
              "check,result"},
    MetricRow{"lastgood_state_transitions_total", "counter",
              "State changes of Deployments, by the new state and its reason.", "state,reason"},
    MetricRow{"lastgood_unreadable_objects", "gauge",
              "Objects that this version cannot read. Their Deployments are left alone.", "kind"},
    MetricRow{"lastgood_opt_ins_lost_total", "counter",
              "Writes that changed the template of a Deployment and ended its opt-in.", ""},
    MetricRow{"lastgood_rollbacks_total", "counter", "Finished rollbacks, by outcome.", "outcome"},
    MetricRow{"lastgood_decision_to_patch_seconds", "histogram",
              "Time from the decision to roll back to the acknowledged patch of the template.", ""},
    MetricRow{"lastgood_watch_restarts_total", "counter",
              "Watches that were opened again, by watched kind and reason.", "kind,reason"},
    MetricRow{"controller_runtime_reconcile_total", "counter",
              "Reconciles, by result: success, requeue_after or error.", "controller,result"},
    MetricRow{"controller_runtime_reconcile_errors_total", "counter",
              "Reconciles that failed and were requeued with backoff.", "controller"},
    MetricRow{"controller_runtime_reconcile_time_seconds", "histogram",
              "Time that a reconcile took, API requests included.", "controller"},
    MetricRow{"controller_runtime_max_concurrent_reconciles", "gauge",
              "Limit of concurrent reconciles.", "controller"},
    MetricRow{"controller_runtime_active_workers", "gauge", "Reconciles that are running.",
              "controller"},
    MetricRow{"workqueue_depth", "gauge", "Deployments that wait to be reconciled.",
              "name,controller"},
    MetricRow{"workqueue_adds_total", "counter", "Deployments added to the work queue.",
              "name,controller"},
    MetricRow{"workqueue_queue_duration_seconds", "histogram",
              "Time that a Deployment waited in the work queue.", "name,controller"},
    MetricRow{"workqueue_work_duration_seconds", "histogram",
              "Time from taking a Deployment out of the work queue to the end of its reconcile.",
              "name,controller"},
    MetricRow{"workqueue_unfinished_work_seconds", "gauge",
              "Sum of the running times of all reconciles that are running.", "name,controller"},
    MetricRow{"workqueue_longest_running_processor_seconds", "gauge",
              "Running time of the reconcile that has been running longest.", "name,controller"},
    MetricRow{"workqueue_retries_total", "counter",
              "Deployments requeued with a delay, after an error or for their next check.",
              "name,controller"},
    MetricRow{"rest_client_requests_total", "counter",
              "Requests to the API server, by status code, or <error> without a response.",
              "code,method,host"},
    MetricRow{"rest_client_request_duration_seconds", "histogram",
              "Time until the API server responded; for a watch, until it began.", "verb,host"},
    MetricRow{"leader_election_master_status", "gauge",
              "1 while this replica holds the Lease, else 0.", "name"},
    MetricRow{"lastgood_memory_limit_bytes", "gauge",
              "Memory limit of the cgroup of the controller, 0 without a limit.", ""},
    MetricRow{"process_cpu_seconds_total", "counter", "CPU time used, user and system.", ""},
    MetricRow{"process_open_fds", "gauge", "Open file descriptors.", ""},
    MetricRow{"process_resident_memory_bytes", "gauge", "Resident memory in bytes.", ""},
    MetricRow{"process_start_time_seconds", "gauge", "Start of the process, in Unix time.", ""},
};

// A series above this limit is counted under the label value "other". The limit protects Prometheus
// from a label with too many values.
constexpr std::size_t max_series = 256;
constexpr std::size_t max_label_bytes = 64;

// controller-runtime names a controller after its kind, and the work queue after the controller.
constexpr const char* controller_name = "deployment";
const prometheus::Labels controller_labels{{"controller", controller_name}};
const prometheus::Labels queue_labels{{"name", controller_name}, {"controller", controller_name}};

using Buckets = prometheus::Histogram::BucketBoundaries;

const Buckets patch_buckets{0.002, 0.004, 0.006, 0.008, 0.01, 0.015, 0.025, 0.05, 0.1, 0.5, 2};

// The buckets of controller-runtime and client-go.
const Buckets reconcile_buckets{0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3,  0.35,
                                0.4,   0.45, 0.5,   0.6,  0.7, 0.8,  0.9, 1.0,  1.25, 1.5,
                                1.75,  2.0,  2.5,   3.0,  3.5, 4.0,  4.5, 5,    6,    7,
                                8,     9,    10,    15,   20,  25,   30,  40,   50,   60};
const Buckets queue_buckets{1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1000};
const Buckets request_buckets{0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60};

std::size_t position_of(std::string_view name) {
  return static_cast<std::size_t>(std::ranges::find(table, name, &MetricRow::name) - table.begin());
}

double in_seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

const char* to_string(ports::ReconcileResult result) {
  switch (result) {
    case ports::ReconcileResult::Success: return "success";
    case ports::ReconcileResult::RequeueAfter: return "requeue_after";
    case ports::ReconcileResult::Error: return "error";
  }
  return "error";
}

// client-go also writes <error> if there was no response.
std::string code_of(int status) {
  if (status == 0) return "<error>";
  return status >= 100 && status <= 599 ? std::to_string(status) : "other";
}

template <class Metric>
struct Series {
  prometheus::Family<Metric>* family = nullptr;
  std::set<prometheus::Labels> seen = {};

  template <class... Arguments>
  // The series with these labels. Creates the series if it does not exist.
  Metric& with(prometheus::Labels labels, const Arguments&... buckets) {
    for (auto& [name, value] : labels) {
      if (value.size() > max_label_bytes) value.resize(max_label_bytes);
    }
    if (!seen.contains(labels) && seen.size() >= max_series) {
      for (auto& [name, value] : labels) value = "other";
    }
    seen.insert(labels);
    return family->Add(labels, buckets...);
  }
};

prometheus::MetricFamily single_value(std::string_view name, double value,
                                      const prometheus::Labels& labels = {}) {
  const MetricRow& metric = table.at(position_of(name));
  prometheus::MetricFamily family{.name = std::string(metric.name),
                                  .help = std::string(metric.help)};
  prometheus::ClientMetric metric_value;
  for (const auto& [label, text] : labels) metric_value.label.push_back({label, text});
  if (metric.type == "counter") {
    family.type = prometheus::MetricType::Counter;
    metric_value.counter.value = value;
  } else {
    family.type = prometheus::MetricType::Gauge;
    metric_value.gauge.value = value;
  }
  family.metric.push_back(std::move(metric_value));
  return family;
}

template <class Builder>
auto* family(Builder builder, std::string_view name, prometheus::Registry& registry) {
  const MetricRow& metric = table.at(position_of(name));
  return &builder.Name(std::string(metric.name)).Help(std::string(metric.help)).Register(registry);
}

}  // namespace

std::span<const MetricRow> metric_table() { return table; }

struct Metrics::Impl {
  using Gauges = Series<prometheus::Gauge>;
  using Counters = Series<prometheus::Counter>;
  using Histograms = Series<prometheus::Histogram>;

  Gauges gauge(std::string_view name) { return {family(prometheus::BuildGauge(), name, registry)}; }
  Counters counter(std::string_view name) {
    return {family(prometheus::BuildCounter(), name, registry)};
  }
  Histograms histogram(std::string_view name) {
    return {family(prometheus::BuildHistogram(), name, registry)};
  }

  prometheus::Registry registry;
  Gauges build_info = gauge("lastgood_build_info");
  Gauges guarded_deployments = gauge("lastgood_guarded_deployments");
  Counters measurements = counter("lastgood_measurements_total");
  Counters state_transitions = counter("lastgood_state_transitions_total");
  Gauges unreadable = gauge("lastgood_unreadable_objects");
  Counters opt_ins_lost = counter("lastgood_opt_ins_lost_total");
  Counters rollbacks = counter("lastgood_rollbacks_total");
  Histograms decision_to_patch = histogram("lastgood_decision_to_patch_seconds");
  Counters watch_restarts = counter("lastgood_watch_restarts_total");
  Counters reconciles = counter("controller_runtime_reconcile_total");
  Counters reconcile_errors = counter("controller_runtime_reconcile_errors_total");
  Histograms reconcile_time = histogram("controller_runtime_reconcile_time_seconds");
  Gauges max_reconciles = gauge("controller_runtime_max_concurrent_reconciles");
  Gauges active_workers = gauge("controller_runtime_active_workers");
  Gauges queue_depth = gauge("workqueue_depth");
  Counters queue_adds = counter("workqueue_adds_total");
  Histograms queue_duration = histogram("workqueue_queue_duration_seconds");
  Histograms work_duration = histogram("workqueue_work_duration_seconds");
  Counters queue_retries = counter("workqueue_retries_total");
  Counters requests = counter("rest_client_requests_total");
  Histograms request_duration = histogram("rest_client_request_duration_seconds");
  Gauges leader_status = gauge("leader_election_master_status");

  std::multiset<MonotonicTime> running = {};  // start times of the running reconciles
};

// Creates the series whose labels are known, so that the first scrape has them. For an alert, a
// missing series looks like a healthy one.
Metrics::Metrics() : impl_(std::make_unique<Impl>()) {
  impl_->build_info.with({{"version", LASTGOOD_VERSION}}).Set(1);
  impl_->guarded_deployments.with({});
  for (const char* kind : {"DeploymentGuard", "Rollback"}) impl_->unreadable.with({{"kind", kind}});
  impl_->opt_ins_lost.with({});
  impl_->decision_to_patch.with({}, patch_buckets);
  for (const auto result : {ports::ReconcileResult::Success, ports::ReconcileResult::RequeueAfter,
                            ports::ReconcileResult::Error}) {
    impl_->reconciles.with({{"controller", controller_name}, {"result", to_string(result)}});
  }
  impl_->reconcile_errors.with(controller_labels);
  impl_->reconcile_time.with(controller_labels, reconcile_buckets);
  impl_->max_reconciles.with(controller_labels);
  impl_->active_workers.with(controller_labels);
  impl_->queue_depth.with(queue_labels);
  impl_->queue_adds.with(queue_labels);
  impl_->queue_duration.with(queue_labels, queue_buckets);
  impl_->work_duration.with(queue_labels, queue_buckets);
  impl_->queue_retries.with(queue_labels);
}

Metrics::~Metrics() = default;

std::string Metrics::text() const {
  auto families = impl_->registry.Collect();
  const MonotonicTime now = std::chrono::floor<Duration>(std::chrono::steady_clock::now());
  double unfinished = 0;
  double longest = 0;
  for (const MonotonicTime started : impl_->running) {
    const double age = in_seconds(now - started);
    unfinished += age;
    longest = std::max(longest, age);
  }
  families.push_back(single_value("workqueue_unfinished_work_seconds", unfinished, queue_labels));
  families.push_back(
      single_value("workqueue_longest_running_processor_seconds", longest, queue_labels));
  families.push_back(single_value("lastgood_memory_limit_bytes", memory_limit_bytes().value_or(0)));
  const ProcessStats process = process_stats();
  families.push_back(single_value("process_cpu_seconds_total", process.cpu_seconds));
  families.push_back(single_value("process_open_fds", process.open_fds));
  families.push_back(single_value("process_resident_memory_bytes", process.resident_bytes));
  families.push_back(single_value("process_start_time_seconds", process.start_time_seconds));
  std::ranges::sort(families, {}, [](const auto& each) { return position_of(each.name); });
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, families);
  return std::move(text).str();
}

void Metrics::api_request(const ports::ApiRequest& request) {
  const std::string host(request.host);
  const std::string method(request.method);
  impl_->requests.with({{"code", code_of(request.status)}, {"method", method}, {"host", host}})
      .Increment();
  const std::string verb = request.is_watch ? "WATCH" : method;
  impl_->request_duration.with({{"verb", verb}, {"host", host}}, request_buckets)
      .Observe(in_seconds(request.took));
}

void Metrics::watch_restarted(std::string_view kind, std::string_view reason) {
  impl_->watch_restarts.with({{"kind", std::string(kind)}, {"reason", std::string(reason)}})
      .Increment();
}

void Metrics::leader(std::string_view lease, bool is_leader) {
  impl_->leader_status.with({{"name", std::string(lease)}}).Set(is_leader ? 1 : 0);
}

void Metrics::max_concurrent_reconciles(std::size_t count) {
  impl_->max_reconciles.with(controller_labels).Set(static_cast<double>(count));
}

void Metrics::queue_depth(std::size_t keys) {
  impl_->queue_depth.with(queue_labels).Set(static_cast<double>(keys));
}

void Metrics::key_added() { impl_->queue_adds.with(queue_labels).Increment(); }

void Metrics::key_requeued() { impl_->queue_retries.with(queue_labels).Increment(); }

void Metrics::reconcile_started(MonotonicTime started, Duration queued) {
  impl_->running.insert(started);
  impl_->active_workers.with(controller_labels).Increment();
  impl_->queue_duration.with(queue_labels, queue_buckets).Observe(in_seconds(queued));
}

void Metrics::reconcile_finished(MonotonicTime started, Duration took,
                                 ports::ReconcileResult result) {
  if (const auto found = impl_->running.find(started); found != impl_->running.end())
    impl_->running.erase(found);
  impl_->active_workers.with(controller_labels).Decrement();
  impl_->reconciles.with({{"controller", controller_name}, {"result", to_string(result)}})
      .Increment();
  if (result == ports::ReconcileResult::Error)
    impl_->reconcile_errors.with(controller_labels).Increment();
  impl_->reconcile_time.with(controller_labels, reconcile_buckets).Observe(in_seconds(took));
  impl_->work_duration.with(queue_labels, queue_buckets).Observe(in_seconds(took));
}

void Metrics::guarded(std::size_t deployments) {
  impl_->guarded_deployments.with({}).Set(static_cast<double>(deployments));
}

void Metrics::measurement(std::string_view check_kind, std::string_view result) {
  impl_->measurements.with({{"check", std::string(check_kind)}, {"result", std::string(result)}})
      .Increment();
}

void Metrics::state_entered(std::string_view state, std::string_view reason) {
  impl_->state_transitions.with({{"state", std::string(state)}, {"reason", std::string(reason)}})
      .Increment();
}

void Metrics::unreadable_objects(std::string_view kind, std::size_t count) {
  impl_->unreadable.with({{"kind", std::string(kind)}}).Set(static_cast<double>(count));
}

void Metrics::opt_in_lost() { impl_->opt_ins_lost.with({}).Increment(); }

void Metrics::rollback_finished(std::string_view outcome) {
  impl_->rollbacks.with({{"outcome", std::string(outcome)}}).Increment();
}

void Metrics::decision_to_patch(Duration took) {
  impl_->decision_to_patch.with({}, patch_buckets).Observe(in_seconds(took));
}

}  // namespace lastgood::net
