#include "checks/metrics_baseline.hpp"

#include <catch2/catch.hpp>

namespace lastgood::checks::test {
namespace {

using enum api::MeasurementResult;
using std::chrono::seconds;

const Time now{seconds(1'000'000)};
const Time release = now - seconds(300);

api::Check check_with(const std::string& query, Duration interval = seconds(10)) {
  return {.name = "errors", .kind = api::PrometheusCheck{.query = query}, .interval = interval};
}

// A query for the pods of one revision, and one for all pods of the application.
const api::Check of_revision = check_with(R"(errors{pod=~"$pods"})");
const api::Check of_all = check_with("errors");

const std::vector<BaselineCandidate> candidates{
    {.revision = {.hash = TemplateHash("v1")}, .trust = BaselineTrust::Trusted}};

api::Measurement result(api::MeasurementResult value) {
  return {.check = "errors", .result = value};
}

enum class OldPods : std::uint8_t { Alive, Gone };
enum class NewPods : std::uint8_t { Started, NotStarted };

std::vector<Time> times(const api::Check& check, api::MeasurementResult measured, OldPods old_pods,
                        NewPods new_pods) {
  const api::Measurement measurement = result(measured);
  const MetricsBaseline plan =
      plan_metrics_baseline({.check = check,
                             .measurement = measurement,
                             .nothing_started = new_pods == NewPods::NotStarted,
                             .candidates = candidates,
                             .alive = old_pods == OldPods::Alive ? candidates.data() : nullptr,
                             .released = release},
                            now);
  return plan.times;
}

}  // namespace

TEST_CASE("plan_metrics_baseline chooses the times of the queries for the baseline") {
  const std::vector<Time> none{};
  const std::vector<Time> at_once{now};
  const std::vector<Time> before_pods{now - seconds(10), now};
  const std::vector<Time> before_release{release - seconds(10), release};
  using enum OldPods;
  using enum NewPods;
  CHECK(times(of_revision, Pass, Alive, Started) == none);
  CHECK(times(of_revision, Unknown, Alive, Started) == none);
  CHECK(times(of_revision, Fail, Alive, Started) == at_once);
  CHECK(times(of_revision, Fail, Gone, Started) == before_release);
  CHECK(times(of_revision, Unknown, Alive, NotStarted) == before_pods);
  CHECK(times(of_revision, Unknown, Gone, NotStarted) == none);
  CHECK(times(of_all, Fail, Alive, Started) == before_release);
  CHECK(times(of_all, Unknown, Alive, NotStarted) == before_pods);
  CHECK(times(check_with("errors", seconds(60)), Fail, Gone, Started) ==
        std::vector<Time>{release - seconds(15), release});
}

TEST_CASE("plan_metrics_baseline measures live pods if the failing series name pods") {
  const api::StringMap labels{{"app", "web"}};
  const api::Check rule{.name = "errors",
                        .kind = api::PrometheusRuleCheck{.match_labels = labels},
                        .interval = seconds(10)};
  const api::Check alert{.name = "errors", .kind = api::AlertCheck{.match_labels = labels}};
  const auto plan = [](const api::Check& check, bool names_pods) {
    api::Measurement failure = result(Fail);
    failure.names_pods = names_pods;
    return plan_metrics_baseline({.check = check,
                                  .measurement = failure,
                                  .candidates = candidates,
                                  .alive = candidates.data(),
                                  .released = release},
                                 now);
  };
  for (const api::Check& check : {rule, alert}) {
    CHECK(plan(check, true).times == std::vector<Time>{now});
    CHECK(plan(check, true).pod_label == PodLabel::Required);
    CHECK_FALSE(plan(check, true).before_release);
  }
  CHECK(plan(rule, false).before_release);
  CHECK(plan(alert, false).times.empty());
}

TEST_CASE("plan_metrics_baseline uses the clock of the server") {
  // The query was sent 2 s before `now`, and its response arrived at `now`.
  struct Row {
    Duration evaluated;  // from the sending of the query to its evaluation by the server's clock
    Duration shift;      // the expected shift of the time of the release
  };
  const Row row = GENERATE(values<Row>({{seconds(0), seconds(0)},
                                        {seconds(2), seconds(0)},
                                        {seconds(42), seconds(40)},
                                        {-seconds(20), -seconds(20)},
                                        {-seconds(290), -seconds(60)}}));
  api::Measurement failure = result(Fail);
  failure.at = now;
  failure.evaluated_at = now - seconds(2) + row.evaluated;
  MetricsBaselineInputs inputs{.check = of_revision,
                               .measurement = failure,
                               .candidates = candidates,
                               .alive = candidates.data(),
                               .released = release,
                               .queried_at = now - seconds(2)};
  CHECK(plan_metrics_baseline(inputs, now).times == std::vector{*failure.evaluated_at});
  CHECK(plan_metrics_baseline(inputs, now).at == now);
  inputs.alive = nullptr;
  const Time last = release + row.shift;
  CHECK(plan_metrics_baseline(inputs, now).times == std::vector{last - seconds(10), last});
  CHECK(plan_metrics_baseline(inputs, now).at == release);
}

TEST_CASE("baseline_variables selects pods that are gone for a time before the release") {
  api::Deployment deployment;
  deployment.meta.key = {.namespace_ = "shop", .name = "web"};
  const auto query_at = [&](bool before_release) {
    const MetricsBaseline plan{.candidate = candidates[0], .before_release = before_release};
    return codec::bind_query(R"(errors{pod=~"$pods"})", baseline_variables(deployment, plan, {}));
  };
  CHECK(query_at(true)->value == R"(errors{pod=~"web-v1-[a-z0-9]{5}"})");
  CHECK(query_at(false).error().kind == ErrorKind::NotFound);
}

TEST_CASE("metrics_baseline_result counts a failure before the release only if both results fail") {
  struct Row {
    const char* name;
    std::vector<api::MeasurementResult> results;
    std::optional<api::MeasurementResult> expected;
    int failures;
  };
  const std::vector<Row> rows{
      {"both fail", {Fail, Fail}, Fail, 2},
      {"only the last fails", {Pass, Fail}, std::nullopt, 0},
      {"the first has no value", {Unknown, Fail}, std::nullopt, 0},
      {"the last passes", {Fail, Pass}, Pass, 0},
      {"the last has no value", {Fail, Unknown}, std::nullopt, 0},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const MetricsBaseline plan{.candidate = candidates[0],
                               .times = {release - seconds(15), release},
                               .before_release = true};
    std::vector<api::Measurement> results;
    for (const api::MeasurementResult one : row.results) results.push_back(result(one));
    const auto found = metrics_baseline_result(plan, results, "revision 1");
    REQUIRE(found.has_value() == row.expected.has_value());
    if (!found) continue;
    CHECK(found->result == *row.expected);
    CHECK(found->consecutive_failures == row.failures);
    CHECK(found->before);
  }
}

TEST_CASE("metrics_baseline_result has the time of the last evaluation") {
  const MetricsBaseline plan{.candidate = candidates[0],
                             .times = {release - seconds(5), release + seconds(10)},
                             .at = release,
                             .before_release = true};
  const std::vector results{result(Pass), result(Pass)};
  CHECK(metrics_baseline_result(plan, results, "revision 1")->at == release);
}

TEST_CASE("metrics_baseline_result ignores a failure of a revision that never worked") {
  const MetricsBaseline plan{.candidate = {.trust = BaselineTrust::PassOnly}, .times = {now}};
  CHECK_FALSE(metrics_baseline_result(plan, std::vector{result(Fail)}, "revision 1"));
}

}  // namespace lastgood::checks::test
