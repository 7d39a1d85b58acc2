// The series of /metrics: names, types, labels, buckets and values.
#include "net/metrics.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <sstream>
#include <string>
#include <vector>

namespace lastgood::net {
namespace {

using ports::ReconcileResult;

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) all.push_back(line);
  return all;
}

// The value of a series with its labels, such as `leader_election_master_status{name="lastgood"}`.
// -1 if the text does not have the series.
double value_of(const std::string& text, const std::string& series) {
  for (const auto& line : lines(text)) {
    if (line.starts_with(series + " ")) return std::stod(line.substr(series.size() + 1));
  }
  return -1;
}

// The upper bounds of a histogram's buckets, as they are written.
std::vector<std::string> buckets_of(const std::string& text, const std::string& name) {
  std::vector<std::string> bounds;
  for (const auto& line : lines(text)) {
    if (!line.starts_with(name + "_bucket{")) continue;
    const auto begin = line.find("le=\"") + 4;
    bounds.push_back(line.substr(begin, line.find('"', begin) - begin));
  }
  return bounds;
}

MonotonicTime monotonic_now() {
  return std::chrono::floor<Duration>(std::chrono::steady_clock::now());
}

}  // namespace

TEST_CASE("counts Deployments, measurements, states and rollbacks in the lastgood series") {
  Metrics metrics;
  metrics.guarded(7);
  metrics.measurement("http", "Fail");
  metrics.measurement("http", "Fail");
  metrics.measurement("rollout", "Pass");
  metrics.state_entered("Held", "NoTarget");
  metrics.unreadable_objects("Rollback", 3);
  metrics.unreadable_objects("Rollback", 2);
  metrics.opt_in_lost();
  metrics.rollback_finished("Succeeded");
  metrics.decision_to_patch(Duration(5));
  metrics.watch_restarted("Deployment", "Expired");
  const auto text = metrics.text();
  CHECK(value_of(text, "lastgood_guarded_deployments") == 7);
  CHECK(value_of(text, R"(lastgood_measurements_total{check="http",result="Fail"})") == 2);
  CHECK(value_of(text, R"(lastgood_measurements_total{check="rollout",result="Pass"})") == 1);
  CHECK(value_of(text, R"(lastgood_state_transitions_total{reason="NoTarget",state="Held"})") == 1);
  CHECK(value_of(text, R"(lastgood_unreadable_objects{kind="Rollback"})") == 2);
  CHECK(value_of(text, "lastgood_opt_ins_lost_total") == 1);
  CHECK(value_of(text, R"(lastgood_rollbacks_total{outcome="Succeeded"})") == 1);
  CHECK(value_of(text, R"(lastgood_decision_to_patch_seconds_bucket{le="0.004"})") == 0);
  CHECK(value_of(text, R"(lastgood_decision_to_patch_seconds_bucket{le="0.006"})") == 1);
  CHECK(value_of(text, R"(lastgood_watch_restarts_total{kind="Deployment",reason="Expired"})") ==
        1);
  CHECK(value_of(text, "lastgood_build_info{version=\"" LASTGOOD_VERSION "\"}") == 1);
}

TEST_CASE("counts requests to the API server like client-go") {
  Metrics metrics;
  metrics.api_request(
      {.method = "PATCH", .host = "10.0.0.1:443", .status = 200, .took = Duration(24)});
  metrics.api_request({.method = "GET", .host = "10.0.0.1:443", .took = Duration(10'000)});
  metrics.api_request({.method = "GET",
                       .host = "10.0.0.1:443",
                       .is_watch = true,
                       .status = 200,
                       .took = Duration(30)});
  const auto text = metrics.text();
  const auto requests = [&text](const std::string& code, const std::string& method) {
    return value_of(text, "rest_client_requests_total{code=\"" + code +
                              "\",host=\"10.0.0.1:443\",method=\"" + method + "\"}");
  };
  CHECK(requests("200", "PATCH") == 1);
  CHECK(requests("<error>", "GET") == 1);
  CHECK(requests("200", "GET") == 1);
  const std::string duration = "rest_client_request_duration_seconds";
  CHECK(value_of(text, duration + R"(_count{host="10.0.0.1:443",verb="GET"})") == 1);
  CHECK(value_of(text, duration + R"(_sum{host="10.0.0.1:443",verb="GET"})") == 10);
  CHECK(value_of(text, duration + R"(_count{host="10.0.0.1:443",verb="WATCH"})") == 1);
  CHECK(value_of(text, duration + R"(_bucket{host="10.0.0.1:443",verb="PATCH",le="0.005"})") == 0);
  CHECK(value_of(text, duration + R"(_bucket{host="10.0.0.1:443",verb="PATCH",le="0.025"})") == 1);
}

TEST_CASE("counts reconciles like controller-runtime") {
  Metrics metrics;
  const MonotonicTime now = monotonic_now();
  metrics.max_concurrent_reconciles(64);
  metrics.reconcile_started(now, Duration(0));
  metrics.reconcile_started(now, Duration(0));
  metrics.reconcile_started(now, Duration(0));
  metrics.reconcile_finished(now, Duration(7), ReconcileResult::Error);
  metrics.reconcile_finished(now, Duration(9), ReconcileResult::RequeueAfter);
  const auto text = metrics.text();
  const std::string reconcile = "controller_runtime_reconcile_";
  CHECK(value_of(text, reconcile + R"(total{controller="deployment",result="error"})") == 1);
  CHECK(value_of(text, reconcile + R"(total{controller="deployment",result="requeue_after"})") ==
        1);
  CHECK(value_of(text, reconcile + R"(total{controller="deployment",result="success"})") == 0);
  CHECK(value_of(text, reconcile + R"(errors_total{controller="deployment"})") == 1);
  CHECK(value_of(text, reconcile + R"(time_seconds_count{controller="deployment"})") == 2);
  CHECK(value_of(text, reconcile + R"(time_seconds_bucket{controller="deployment",le="0.005"})") ==
        0);
  CHECK(value_of(text, reconcile + R"(time_seconds_bucket{controller="deployment",le="0.01"})") ==
        2);
  CHECK(value_of(text, R"(controller_runtime_active_workers{controller="deployment"})") == 1);
  CHECK(value_of(text,
                 R"(controller_runtime_max_concurrent_reconciles{controller="deployment"})") == 64);
}

TEST_CASE("shows the length and the times of the work queue like client-go") {
  Metrics metrics;
  const MonotonicTime now = monotonic_now();
  metrics.queue_depth(3);
  for (int i = 0; i < 4; ++i) metrics.key_added();
  metrics.key_requeued();
  metrics.reconcile_started(now - Duration(60'000), Duration(50));
  metrics.reconcile_started(now - Duration(40'000), Duration(0));
  metrics.reconcile_started(now, Duration(0));
  metrics.reconcile_finished(now, Duration(20), ReconcileResult::Success);
  const auto text = metrics.text();
  const std::string labels = R"({controller="deployment",name="deployment"})";
  CHECK(value_of(text, "workqueue_depth" + labels) == 3);
  CHECK(value_of(text, "workqueue_adds_total" + labels) == 4);
  CHECK(value_of(text, "workqueue_retries_total" + labels) == 1);
  CHECK(value_of(text, "workqueue_queue_duration_seconds_count" + labels) == 3);
  CHECK(value_of(text, "workqueue_queue_duration_seconds_sum" + labels) == Approx(0.05));
  CHECK(value_of(text, "workqueue_work_duration_seconds_count" + labels) == 1);
  CHECK(value_of(text, "workqueue_work_duration_seconds_sum" + labels) == Approx(0.02));
  // The sum of 60 s and 40 s for the two running reconciles, with a tolerance for a slow machine.
  const double unfinished = value_of(text, "workqueue_unfinished_work_seconds" + labels);
  CHECK(unfinished >= 100);
  CHECK(unfinished < 110);
  const double longest = value_of(text, "workqueue_longest_running_processor_seconds" + labels);
  CHECK(longest >= 60);
  CHECK(longest < 65);
}

TEST_CASE("shows whether this replica holds the Lease") {
  Metrics metrics;
  const std::string series = R"(leader_election_master_status{name="lastgood"})";
  metrics.leader("lastgood", false);
  CHECK(value_of(metrics.text(), series) == 0);
  metrics.leader("lastgood", true);
  CHECK(value_of(metrics.text(), series) == 1);
}

TEST_CASE("uses the histogram buckets of controller-runtime and client-go") {
  Metrics metrics;
  metrics.api_request({.method = "GET", .host = "a", .status = 200});
  const auto text = metrics.text();
  CHECK(buckets_of(text, "controller_runtime_reconcile_time_seconds") ==
        std::vector<std::string>{
            "0.005", "0.01", "0.025", "0.05", "0.1", "0.15", "0.2", "0.25", "0.3", "0.35", "0.4",
            "0.45",  "0.5",  "0.6",   "0.7",  "0.8", "0.9",  "1",   "1.25", "1.5", "1.75", "2",
            "2.5",   "3",    "3.5",   "4",    "4.5", "5",    "6",   "7",    "8",   "9",    "10",
            "15",    "20",   "25",    "30",   "40",  "50",   "60",  "+Inf"});
  const std::vector<std::string> queue{"1e-08", "1e-07", "1e-06", "1e-05", "0.0001",
                                       "0.001", "0.01",  "0.1",   "1",     "10",
                                       "100",   "1000",  "+Inf"};
  CHECK(buckets_of(text, "workqueue_queue_duration_seconds") == queue);
  CHECK(buckets_of(text, "workqueue_work_duration_seconds") == queue);
  CHECK(buckets_of(text, "rest_client_request_duration_seconds") ==
        std::vector<std::string>{"0.005", "0.025", "0.1", "0.25", "0.5", "1", "2", "4", "8", "15",
                                 "30", "60", "+Inf"});
}

TEST_CASE("shows the series that alerts need before their first event") {
  const auto text = Metrics().text();
  const std::string labels = R"({controller="deployment",name="deployment"})";
  CHECK(value_of(text, "lastgood_guarded_deployments") == 0);
  CHECK(value_of(text, R"(lastgood_unreadable_objects{kind="DeploymentGuard"})") == 0);
  CHECK(value_of(text, "lastgood_decision_to_patch_seconds_count") == 0);
  CHECK(value_of(text, R"(controller_runtime_reconcile_total{controller="deployment",)"
                       R"(result="error"})") == 0);
  CHECK(value_of(text, R"(controller_runtime_reconcile_errors_total{controller="deployment"})") ==
        0);
  CHECK(value_of(text, "workqueue_depth" + labels) == 0);
  CHECK(value_of(text, "workqueue_longest_running_processor_seconds" + labels) == 0);
}

TEST_CASE("shows CPU time, memory, file descriptors and start time of the process") {
  const auto text = Metrics().text();
  CHECK(value_of(text, "process_resident_memory_bytes") > 1'000'000);
  CHECK(value_of(text, "process_cpu_seconds_total") > 0);
  CHECK(value_of(text, "process_open_fds") >= 3);
  const auto started = value_of(text, "process_start_time_seconds");
  const auto now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  CHECK(started <= now + 1);
  CHECK(started > now - 3600);
}

TEST_CASE("shows the series of the metric table with their types and labels, in the same order") {
  Metrics metrics;
  metrics.measurement("http", "Fail");
  metrics.state_entered("Held", "NoTarget");
  metrics.rollback_finished("Succeeded");
  metrics.api_request({.method = "GET", .host = "a", .status = 200});
  metrics.watch_restarted("Deployment", "Expired");
  metrics.leader("lastgood", true);
  const auto text = metrics.text();
  std::vector<std::string> shown;
  for (const auto& line : lines(text)) {
    if (line.starts_with("# TYPE ")) shown.push_back(line.substr(7));
  }
  std::vector<std::string> documented;
  for (const auto& metric : metric_table())
    documented.push_back(std::string(metric.name) + " " + std::string(metric.type));
  CHECK(shown == documented);
  for (const auto& metric : metric_table()) {
    std::istringstream labels{std::string(metric.labels)};
    for (std::string label; std::getline(labels, label, ',');) {
      INFO(metric.name << " " << label);
      CHECK(std::ranges::any_of(lines(text), [&](const std::string& line) {
        return line.starts_with(metric.name) && line.contains(label + "=\"");
      }));
    }
  }
}

TEST_CASE("bounds the number of series and the length of label values") {
  Metrics metrics;
  for (int i = 0; i < 5000; ++i)
    metrics.watch_restarted("Deployment", std::to_string(i) + std::string(1000, 'x'));
  metrics.api_request({.method = "GET", .host = "a", .status = 12345});
  const auto text = metrics.text();
  std::size_t count = 0;
  for (const auto& line : lines(text))
    count += line.starts_with("lastgood_watch_restarts_total{") ? 1 : 0;
  CHECK(count <= 257);  // 256 series, and the series "other"
  CHECK(text.size() < 100'000);
  CHECK(value_of(text, R"(lastgood_watch_restarts_total{kind="other",reason="other"})") ==
        5000 - 256);
  CHECK(value_of(text, R"(rest_client_requests_total{code="other",host="a",method="GET"})") == 1);
}

TEST_CASE("escapes quotes, backslashes and line breaks in label values") {
  Metrics metrics;
  metrics.watch_restarted("Deployment", "a\"b\\c\nd");
  CHECK_THAT(metrics.text(), Catch::Contains(R"(reason="a\"b\\c\nd")"));
}

}  // namespace lastgood::net
