// What /metrics shows.
#include "net/metrics.hpp"

#include <catch2/catch.hpp>
#include <sstream>

namespace lastgood::net {
namespace {

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) all.push_back(line);
  return all;
}

double value_of(const std::string& text, const std::string& series) {
  for (const auto& line : lines(text)) {
    if (line.starts_with(series + " ")) return std::stod(line.substr(series.size() + 1));
  }
  return -1;
}

}  // namespace

TEST_CASE("Each event is one step of one series") {
  Metrics metrics;
  metrics.leader(true);
  metrics.guarded(7);
  metrics.sample("http", "Fail");
  metrics.sample("http", "Fail");
  metrics.sample("rollout", "Pass");
  metrics.state_entered("Held", "NoTarget");
  metrics.rollback_finished("Succeeded");
  metrics.decision_to_patch(Duration(5));
  metrics.api_call("PATCH", 200, Duration(3));
  metrics.api_call("GET", 0, Duration(10'000));
  metrics.watch_restarted("Deployment", "Expired");
  metrics.reconciled(Duration(2));
  const auto text = metrics.text();
  CHECK(value_of(text, "lastgood_leader") == 1);
  CHECK(value_of(text, "lastgood_guarded_deployments") == 7);
  CHECK(value_of(text, R"(lastgood_samples_total{check="http",result="Fail"})") == 2);
  CHECK(value_of(text, R"(lastgood_samples_total{check="rollout",result="Pass"})") == 1);
  CHECK(value_of(text, R"(lastgood_state_transitions_total{reason="NoTarget",state="Held"})") == 1);
  CHECK(value_of(text, R"(lastgood_rollbacks_total{outcome="Succeeded"})") == 1);
  CHECK(value_of(text, R"(lastgood_decision_to_patch_seconds_bucket{le="0.004"})") == 0);
  CHECK(value_of(text, R"(lastgood_decision_to_patch_seconds_bucket{le="0.006"})") == 1);
  CHECK(value_of(text, R"(lastgood_api_requests_total{code="200",verb="PATCH"})") == 1);
  CHECK(value_of(text, R"(lastgood_api_requests_total{code="none",verb="GET"})") == 1);
  CHECK(value_of(text, R"(lastgood_api_request_seconds_count{verb="PATCH"})") == 1);
  CHECK(value_of(text, R"(lastgood_watch_restarts_total{kind="Deployment",why="Expired"})") == 1);
  CHECK(value_of(text, "lastgood_reconcile_seconds_count") == 1);
  CHECK(value_of(text, "lastgood_build_info{version=\"" LASTGOOD_VERSION "\"}") == 1);
}

TEST_CASE("What can be alerted on is there before anything has happened") {
  const auto text = Metrics().text();
  CHECK(value_of(text, "lastgood_leader") == 0);
  CHECK(value_of(text, "lastgood_guarded_deployments") == 0);
  CHECK(value_of(text, "lastgood_decision_to_patch_seconds_count") == 0);
}

TEST_CASE("The process says what it uses") {
  const auto text = Metrics().text();
  CHECK(value_of(text, "process_resident_memory_bytes") > 1'000'000);
  CHECK(value_of(text, "process_cpu_seconds_total") > 0);
  CHECK(value_of(text, "process_open_fds") >= 3);
  const auto started = value_of(text, "process_start_time_seconds");
  const auto now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  CHECK(started <= now + 1);
  CHECK(started > now - 3600);
}

TEST_CASE("The table names every series that is shown, with its type, in order") {
  Metrics metrics;
  metrics.sample("http", "Fail");
  metrics.state_entered("Held", "NoTarget");
  metrics.rollback_finished("Succeeded");
  metrics.api_call("GET", 200, Duration(1));
  metrics.watch_restarted("Deployment", "Expired");
  std::vector<std::string> shown;
  for (const auto& line : lines(metrics.text())) {
    if (line.starts_with("# TYPE ")) shown.push_back(line.substr(7));
  }
  std::vector<std::string> told;
  for (const auto& row : metric_table()) told.push_back(std::string(row.name) + " " + std::string(row.type));
  CHECK(shown == told);
}

TEST_CASE("However many label values come, the series stay few and their text bounded") {
  Metrics metrics;
  for (int i = 0; i < 5000; ++i) metrics.watch_restarted("Deployment", std::to_string(i) + std::string(1000, 'x'));
  metrics.api_call("GET", 12345, Duration(1));
  const auto text = metrics.text();
  std::size_t count = 0;
  for (const auto& line : lines(text)) count += line.starts_with("lastgood_watch_restarts_total{") ? 1 : 0;
  CHECK(count <= 257);
  CHECK(text.size() < 100'000);
  CHECK(value_of(text, R"(lastgood_watch_restarts_total{kind="other",why="other"})") == 5000 - 256);
  CHECK(value_of(text, R"(lastgood_api_requests_total{code="other",verb="GET"})") == 1);
}

TEST_CASE("A label value that is no plain word cannot break the text") {
  Metrics metrics;
  metrics.watch_restarted("Deployment", "a\"b\\c\nd");
  CHECK_THAT(metrics.text(), Catch::Contains(R"(why="a\"b\\c\nd")"));
}

}  // namespace lastgood::net
