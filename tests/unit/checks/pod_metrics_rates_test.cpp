#include "checks/pod_metrics_rates.hpp"

#include <rapidcheck.h>

#include <catch2/catch.hpp>

#include "unit/checks/pod_metrics_fixtures.hpp"

namespace lastgood::checks::test {

using api::Reason;

namespace {

// Indexes of the selectors of ratio_check().
constexpr std::size_t total = 0;
constexpr std::size_t errors = 1;

}  // namespace

TEST_CASE("PodWindow is not counted before the second scrape") {
  const auto wanted = question(ratio_check());
  CHECK(problem_of(window(wanted, {})) == Reason::FirstScrape);
  CHECK(problem_of(window(wanted, {page(1000, 900)})) == Reason::FirstScrape);
}

TEST_CASE("PodWindow adds the increases from scrape to scrape") {
  const auto wanted = question(ratio_check());
  const PodWindow found = window(wanted, {page(1000, 900), page(1090, 910), page(1100, 910)});
  CHECK(problem_of(found) == Reason::None);
  CHECK(found.increase(total) == 110);
  CHECK(found.increase(errors) == 10);
}

TEST_CASE("PodWindow counts a new series of a known metric from 0") {
  const auto wanted = question(ratio_check());
  const PodWindow found =
      window(wanted, {"requests_total{code=\"200\"} 10\n",
                      "requests_total{code=\"200\"} 20\nrequests_total{code=\"500\"} 7\n"});
  CHECK(problem_of(found) == Reason::None);
  CHECK(found.increase(total) == 17);
  CHECK(found.increase(errors) == 7);
}

TEST_CASE("PodWindow counts a metric only from the first page that has it") {
  const auto wanted = question(ratio_check());
  CHECK(problem_of(window(wanted, {"", page(9, 900)})) == Reason::FirstScrape);
  CHECK(problem_of(window(wanted, {"other 1\n", page(9, 900)})) == Reason::FirstScrape);
  const PodWindow later = window(wanted, {"other 1\n", page(9, 900), page(19, 901)});
  CHECK(problem_of(later) == Reason::None);
  CHECK(later.increase(total) == 11);
}

TEST_CASE("PodWindow begins a new window when counters were reset") {
  const auto wanted = question(ratio_check());
  struct Row {
    std::string_view name;
    std::string before;
    std::string after;
  };
  const auto row = GENERATE_REF(values<Row>({
      {"all counters fell", page(1000, 900), page(30, 20)},
      {"one counter fell", page(1000, 900), page(1200, 20)},
      {"a series is gone", page(1000, 900), "requests_total{code=\"200\"} 2000\n"},
      {"all series are gone", page(1000, 900), "other 1\n"},
      {"the process started again", page(10, 1, "process_start_time_seconds 100\n"),
       page(20, 15, "process_start_time_seconds 110\n")},
      {"the start of the process is gone", page(10, 1, "process_start_time_seconds 100\n"),
       page(20, 15)},
  }));
  INFO(row.name);
  const PodWindow reset = window(wanted, {row.before, row.after});
  CHECK(problem_of(reset) == Reason::CounterReset);
  CHECK_FALSE(reset.problem()->message.empty());

  const PodWindow later = window(wanted, {page(5, 5), page(50, 50), page(2, 2), page(12, 3)});
  CHECK(problem_of(later) == Reason::None);
  CHECK(later.increase(total) == 11);
  CHECK(later.increase(errors) == 1);
}

TEST_CASE("PodWindow accepts a start time of the process that differs by less than a second") {
  const auto wanted = question(ratio_check());
  CHECK(problem_of(window(wanted, {page(10, 1, "process_start_time_seconds 100.1\n"),
                                   page(20, 1, "process_start_time_seconds 100.3\n")})) ==
        Reason::None);
}

TEST_CASE("PodWindow counts the increase across a scrape that failed") {
  const auto wanted = question(ratio_check());
  const PodWindow failed = window(wanted, {page(10, 1), page(20, 1), ""});
  CHECK(problem_of(failed) == Reason::EndpointFailed);
  const PodWindow later = window(wanted, {page(10, 1), page(20, 1), "", page(50, 2)});
  CHECK(problem_of(later) == Reason::None);
  CHECK(later.increase(total) == 41);
}

TEST_CASE("PodWindow rejects a counter that is not finite, or is below zero") {
  const auto wanted = question(ratio_check());
  const auto value = GENERATE("NaN", "-1", "+Inf");
  const auto body = fmt::format("requests_total{{code=\"200\"}} {}\n", value);
  CHECK(problem_of(window(wanted, {page(1, 0), body})) == Reason::InvalidMetrics);
}

TEST_CASE("PodWindow stays excluded after a restart of a container") {
  const auto wanted = question(ratio_check());
  PodWindow excluded = window(wanted, {page(1, 0), page(2, 0)});
  excluded.exclude({.reason = Reason::CounterReset, .message = "restarted"});
  excluded.add(scrape(wanted, page(3, 0)));
  CHECK(problem_of(excluded) == Reason::CounterReset);
}

TEST_CASE("PodWindow adds the buckets of all series by their bound") {
  const auto wanted = question({.value = api::PodMetricsCheck::Value::Latency, .histogram = "d"});
  const auto body = [](int a, int b) {
    return fmt::format(
        "d_bucket{{path=\"/a\",le=\"0.5\"}} {0}\nd_bucket{{path=\"/a\",le=\"+Inf\"}} {0}\n"
        "d_bucket{{path=\"/b\",le=\"0.50\"}} {1}\nd_bucket{{path=\"/b\",le=\"+Inf\"}} {1}\n",
        a, b);
  };
  const PodWindow found = window(wanted, {body(1, 2), body(11, 22)});
  CHECK(found.bucket_increases(0).size() == 2);
  CHECK(found.bucket_increases(0).at(0.5) == 30);
}

TEST_CASE("PodWindow needs one scrape for a gauge, and gauges may fall") {
  const auto wanted =
      question({.value = api::PodMetricsCheck::Value::Gauge, .gauge = "queue_length"});
  const PodWindow found =
      window(wanted, {"queue_length 10\n", "queue_length -3\n"}, PodWindow::Metric::Gauge);
  CHECK(problem_of(found) == Reason::None);
  CHECK(found.values(0) == std::vector<double>{-3});
}

TEST_CASE("PodWindow never has a negative increase or more errors than requests") {
  CHECK(rc::check([] {
    const auto wanted = question(ratio_check());
    PodWindow found(wanted, PodWindow::Metric::Counter);
    double good = 0;
    double bad = 0;
    double real_requests = 0;
    double real_errors = 0;
    const auto steps = *rc::gen::inRange(1, 12);
    for (int i = 0; i < steps; ++i) {
      const double more_good = *rc::gen::inRange(0, 20);
      const double more_bad = *rc::gen::inRange(0, 20);
      good += more_good;
      bad += more_bad;
      real_requests += more_good + more_bad;
      real_errors += more_bad;
      if (*rc::gen::inRange(0, 5) == 0) good = bad = 0;  // a restart
      const bool fails = *rc::gen::inRange(0, 5) == 0;
      found.add(fails ? failed_scrape() : scrape(wanted, page(good, bad)));
      if (found.problem()) continue;
      RC_ASSERT(found.increase(total) >= found.increase(errors));
      RC_ASSERT(found.increase(errors) >= 0);
      RC_ASSERT(found.increase(total) <= real_requests);
      RC_ASSERT(found.increase(errors) <= real_errors);
    }
  }));
}

}  // namespace lastgood::checks::test
