#include "checks/pod_metrics_value.hpp"

#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "unit/checks/pod_metrics_fixtures.hpp"

namespace lastgood::checks::test {

using api::Reason;
using Value = api::PodMetricsCheck::Value;

namespace {

using Pages = std::vector<std::string>;

// The pods of a revision, each with the pages of its scrapes.
class Revision {
 public:
  explicit Revision(api::PodMetricsCheck check)
      : check_(std::move(check)), question_(question(check_)) {}
  Revision(const Revision&) = delete;
  Revision& operator=(const Revision&) = delete;

  Revision& pod(const Pages& pages) {
    const auto metric =
        check_.value == Value::Gauge ? PodWindow::Metric::Gauge : PodWindow::Metric::Counter;
    pods_.push_back(
        {.name = fmt::format("web-{}", pods_.size()), .window = window(question_, pages, metric)});
    return *this;
  }
  [[nodiscard]] RevisionMetrics metrics() const {
    return value_of_revision(check_, question_, pods_, std::chrono::seconds(10));
  }
  [[nodiscard]] RevisionValue value() const {
    auto out = metrics();
    INFO((out ? std::string() : out.error().message));
    REQUIRE(out);
    return *std::move(out);
  }
  [[nodiscard]] ScrapeProblem problem() const {
    const auto out = metrics();
    REQUIRE_FALSE(out);
    return out.error();
  }

 private:
  api::PodMetricsCheck check_;
  PodMetricsQuestion question_;
  std::vector<PodOfRevision> pods_;
};

// The pages of a pod before and after these requests.
Pages requests(double good, double bad) { return {page(1000, 500), page(1000 + good, 500 + bad)}; }

// Requests of at most 0.1 s, of at most 1 s, and longer ones.
std::string histogram(double fast, double slow, double slowest) {
  return fmt::format(
      "d_bucket{{le=\"0.1\"}} {}\nd_bucket{{le=\"1\"}} {}\nd_bucket{{le=\"+Inf\"}} {}\n", fast,
      fast + slow, fast + slow + slowest);
}
api::PodMetricsCheck latency_check() {
  return {.value = Value::Latency,
          .histogram = "d",
          .quantile = 0.9,
          .minimum_requests = 10,
          .fail_if = api::Comparison{.limit = 0.5}};
}
api::PodMetricsCheck gauge_check() {
  return {.value = Value::Gauge, .gauge = "queue", .fail_if = api::Comparison{.limit = 5}};
}

}  // namespace

TEST_CASE("value_of_revision is the ratio of all errors and all requests of the pods") {
  Revision revision(ratio_check());
  revision.pod(requests(100, 0)).pod(requests(188, 12)).pod(requests(40, 0));
  const RevisionValue found = revision.value();
  CHECK(found.value == Approx(12.0 / 340));
  CHECK(found.requests == 340);
  CHECK(found.text == "12 of 340 requests of 3 pods failed in 10s: ratio ");
  CHECK(found.metric == R"(requests_total{code=~"5.."} / requests_total)");
  CHECK(found.pods_not_counted.empty());
}

TEST_CASE("value_of_revision is 0 if no request failed, also without a series for errors") {
  CHECK(Revision(ratio_check()).pod(requests(100, 0)).value().value == 0);
  const Pages no_errors{"requests_total{code=\"200\"} 5\n", "requests_total{code=\"200\"} 50\n"};
  CHECK(Revision(ratio_check()).pod(no_errors).value().value == 0);
}

TEST_CASE("value_of_revision has no value without enough traffic") {
  const auto idle = Revision(ratio_check()).pod(requests(0, 0)).pod(requests(0, 0)).problem();
  CHECK(idle.reason == Reason::NoTraffic);
  CHECK(idle.message == "2 pods had no request in 10s");
  const auto low = Revision(ratio_check()).pod(requests(0, 19)).problem();
  CHECK(low.reason == Reason::LowTraffic);
  CHECK(low.message ==
        "1 pod had 19 requests in 10s, fewer than minimumRequests 20; send more requests, or lower "
        "minimumRequests");
  CHECK(Revision(ratio_check()).pod(requests(0, 20)).value().value == 1);
}

TEST_CASE("value_of_revision leaves out a pod whose scrape failed or whose counters were reset") {
  const Pages pages =
      GENERATE(Pages{page(0, 0), ""}, Pages{page(500, 500), page(1, 400)}, Pages{page(0, 0)});
  const RevisionValue found =
      Revision(ratio_check()).pod(requests(95, 5)).pod(pages).pod(requests(100, 0)).value();
  CHECK(found.value == Approx(0.025));
  CHECK(found.pods_not_counted.starts_with("1 of 3 pods is not counted: web-1: "));
}

TEST_CASE("value_of_revision has no value if more than half of the pods are not counted") {
  const Pages failed{page(0, 0), ""};
  const Pages reset{page(500, 500), page(1, 400)};
  CHECK(Revision(ratio_check()).pod(requests(0, 100)).pod(failed).metrics());
  const auto most =
      Revision(ratio_check()).pod(requests(0, 100)).pod(reset).pod(failed).pod(failed).problem();
  CHECK(most.reason == Reason::EndpointFailed);
  CHECK(most.message == "3 of 4 pods are not counted: web-2: it answered with status 500");
  CHECK(Revision(ratio_check()).pod(reset).pod(reset).problem().reason == Reason::CounterReset);
  CHECK(Revision(ratio_check()).problem().reason == Reason::NoPodsToProbe);
}

TEST_CASE("value_of_revision says whether the metric or only its labels are missing") {
  const Pages other{"other 1\n", "other 2\n"};
  const auto none = Revision(ratio_check()).pod(other).problem();
  CHECK(none.reason == Reason::MetricNotFound);
  CHECK(none.message.starts_with("no pod has the metric requests_total; "));

  api::PodMetricsCheck misspelt = ratio_check();
  misspelt.errors = R"(requests_total{cod=~"5.."})";
  const auto labels = Revision(misspelt).pod(requests(0, 100)).problem();
  CHECK(labels.reason == Reason::NoSeries);
  CHECK(labels.message ==
        "the pods have requests_total, but no series for requests_total{cod=~\"5..\"}; correct "
        "its labels");

  api::PodMetricsCheck no_match = ratio_check();
  no_match.total = R"(requests_total{path="/api"})";
  CHECK(Revision(no_match).pod(requests(0, 100)).problem().reason == Reason::NoSeries);
}

TEST_CASE("value_of_revision rejects more errors than requests, but allows a small difference") {
  api::PodMetricsCheck check = ratio_check();
  check.total = "all";
  check.errors = "errors";
  const auto pages = [](int all, int errors) {
    return Pages{"all 10\nerrors 10\n", fmt::format("all {}\nerrors {}\n", 10 + all, 10 + errors)};
  };
  CHECK(Revision(check).pod(pages(100, 150)).problem().reason == Reason::CounterReset);
  // The page was written between the two increments of a request.
  CHECK(Revision(check).pod(pages(100, 101)).value().value == 1);
}

TEST_CASE("value_of_revision uses the first convention that the pods have") {
  const auto body = [](int good, int bad) {
    return fmt::format(
        "istio_requests_total{{reporter=\"destination\",response_code=\"200\"}} 10\n"
        "http_requests_total{{status=\"200\"}} {}\nhttp_requests_total{{status=\"500\"}} {}\n",
        good, bad);
  };
  api::PodMetricsCheck check{.fail_if = api::Comparison{.limit = 0.05}};
  const RevisionValue found = Revision(check).pod({body(10, 0), body(40, 10)}).value();
  CHECK(found.value == Approx(0.25));
  CHECK(found.metric == R"(http_requests_total{status=~"5.."} / http_requests_total{status!=""})");
  const auto none = Revision(check).pod({"other 1\n", "other 2\n"}).problem();
  CHECK(none.reason == Reason::MetricNotFound);
  CHECK(none.message ==
        "the pods have none of the common metrics of requests, or had no request yet; set "
        "errorRatio.total and errorRatio.errors");
}

TEST_CASE("value_of_revision is a quantile of the sum of the histograms of the pods") {
  Revision revision(latency_check());
  revision.pod({histogram(0, 0, 0), histogram(80, 0, 0)});
  revision.pod({histogram(5, 5, 5), histogram(5, 25, 5)});
  const RevisionValue found = revision.value();
  CHECK(found.value == Approx(0.1 + 0.9 * 10 / 20));
  CHECK(found.text == "the quantile 0.9 of 100 requests of 2 pods in 10s is ");
  const RevisionValue above =
      Revision(latency_check()).pod({histogram(0, 0, 0), histogram(0, 0, 50)}).value();
  CHECK(above.value == 1);
  CHECK(above.text == "the quantile 0.9 of 50 requests of 1 pod in 10s is at least ");
}

TEST_CASE("value_of_revision has no quantile without traffic or without the bucket +Inf") {
  CHECK(Revision(latency_check()).pod({histogram(9, 9, 9), histogram(9, 9, 9)}).problem().reason ==
        Reason::NoTraffic);
  CHECK(Revision(latency_check()).pod({histogram(0, 0, 0), histogram(3, 3, 3)}).problem().reason ==
        Reason::LowTraffic);
  const Pages no_infinity{"d_bucket{le=\"1\"} 0\n", "d_bucket{le=\"1\"} 90\n"};
  CHECK(Revision(latency_check()).pod(no_infinity).problem().reason == Reason::NoData);
}

TEST_CASE("value_of_revision is the mean of the gauges of the pods") {
  const RevisionValue found =
      Revision(gauge_check()).pod({"queue 10\n"}).pod({"queue 2\n"}).value();
  CHECK(found.value == 6);
  CHECK(found.text == "the mean of queue in 2 pods is ");
  CHECK(Revision(gauge_check()).pod({"other 1\n"}).problem().reason == Reason::MetricNotFound);
  CHECK(Revision(gauge_check()).pod({"queue NaN\n"}).problem().reason == Reason::NotANumber);
  CHECK(Revision(gauge_check()).pod({"queue +Inf\n"}).problem().reason == Reason::InfiniteValue);
  CHECK(Revision(gauge_check()).pod({"queue{a=\"1\"} 1\nqueue{a=\"2\"} 1\n"}).problem().reason ==
        Reason::MultipleSeries);
}

TEST_CASE("value_of_revision has the value without each of three pods or more") {
  Revision revision(ratio_check());
  revision.pod(requests(100, 0)).pod(requests(0, 100));
  CHECK(revision.value().without_pod.empty());
  revision.pod(requests(100, 0));
  const auto without = revision.value().without_pod;
  REQUIRE(without.size() == 3);
  CHECK(without[0].value == Approx(0.5));
  CHECK(without[1].pod == "web-1");
  CHECK(without[1].value == 0);
  // There is no value without web-0: the other two pods have too little traffic.
  CHECK(Revision(ratio_check())
            .pod(requests(0, 100))
            .pod(requests(1, 0))
            .pod(requests(1, 0))
            .value()
            .without_pod.size() == 2);
}

TEST_CASE("value_of_revision is a finite number, and a ratio is from 0 to 1") {
  CHECK(rc::check([] {
    api::PodMetricsCheck check = ratio_check();
    check.minimum_requests = 1;
    const auto wanted = question(check);
    std::vector<PodOfRevision> pods;
    const auto count = *rc::gen::inRange(0, 6);
    for (int i = 0; i < count; ++i) {
      PodWindow pod(wanted, PodWindow::Metric::Counter);
      for (int j = 0; j < 3; ++j) {
        const auto good = *rc::gen::inRange(0, 50);
        const auto bad = *rc::gen::inRange(0, 50);
        pod.add(*rc::gen::inRange(0, 6) == 0 ? failed_scrape() : scrape(wanted, page(good, bad)));
      }
      pods.push_back({.name = fmt::format("web-{}", i), .window = std::move(pod)});
    }
    const auto found = value_of_revision(check, wanted, pods, std::chrono::seconds(10));
    if (!found) {
      RC_ASSERT(found.error().reason != Reason::None);
      return;
    }
    RC_ASSERT(found->value >= 0);
    RC_ASSERT(found->value <= 1);
  }));
}

}  // namespace lastgood::checks::test
