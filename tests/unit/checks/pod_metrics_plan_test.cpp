#include "checks/pod_metrics_plan.hpp"

#include <catch2/catch.hpp>

#include "unit/checks/pod_metrics_fixtures.hpp"
#include "unit/checks/pods.hpp"

namespace lastgood::checks::test {

using api::Reason;
using api::StringMap;

namespace {

api::Pod pod_with_annotations(const StringMap& annotations) {
  api::Pod out = running("web-a");
  for (const auto& [name, value] : annotations)
    out.meta.annotations.emplace("prometheus.io/" + name, value);
  return out;
}

ScrapeTarget target(const api::PodMetricsCheck& check, const api::Pod& pod) {
  const std::vector pods{pod};
  const auto targets = plan_scrapes(check, pods);
  REQUIRE(targets.size() == 1);
  return targets.front();
}

std::string url(const ScrapeTarget& target) {
  if (target.problem) return target.problem->message;
  return fmt::format("{}://{}:{}{}", target.call.tls ? "https" : "http", target.call.host,
                     target.call.port, target.call.target);
}

api::HttpCall call_of_pod() { return {.host = "10.0.0.1", .port = 8080, .target = "/metrics"}; }

}  // namespace

TEST_CASE("plan_scrapes finds the endpoint in the check, the annotations or the port names") {
  struct Row {
    api::PodMetricsCheck check;
    StringMap annotations;
    StringMap ports;
    std::string_view url;
  };
  const auto row = GENERATE(values<Row>({
      {{.port = 8080}, {}, {}, "http://10.0.0.1:8080/metrics"},
      {{}, {{"port", "9100"}}, {{"metrics", "1"}}, "http://10.0.0.1:9100/metrics"},
      {{},
       {{"port", "9100"}, {"path", "/m?x=1"}, {"scheme", "https"}, {"scrape", "true"}},
       {},
       "https://10.0.0.1:9100/m?x=1"},
      {{}, {}, {{"http", "8080"}, {"metrics", "9090"}}, "http://10.0.0.1:9090/metrics"},
      {{}, {{"path", "/m"}}, {{"http-metrics", "9090"}}, "http://10.0.0.1:9090/m"},
      {{.path = "/p"}, {{"port", "9100"}, {"path", "/m"}}, {}, "http://10.0.0.1:9100/p"},
      // Annotations with another port than the check describe another endpoint.
      {{.port = 8080}, {{"port", "9100"}, {"path", "/m"}}, {}, "http://10.0.0.1:8080/metrics"},
      {{.port = 9100}, {{"port", "9100"}, {"path", "/m"}}, {}, "http://10.0.0.1:9100/m"},
      {{.port = 8080}, {{"scrape", "false"}}, {}, "http://10.0.0.1:8080/metrics"},
      {{.scheme = "https", .port = 8443}, {}, {}, "https://10.0.0.1:8443/metrics"},
      {{},
       {{"scrape", "false"}, {"port", "9100"}},
       {},
       "annotation prometheus.io/scrape is \"false\"; set podMetrics.port to scrape the pod"},
      {{},
       {},
       {{"http", "8080"}},
       "the port of its metrics is not known; set podMetrics.port, the annotation "
       "prometheus.io/port of the pod, or name the container port \"metrics\""},
      {{},
       {{"port", "http"}},
       {},
       "annotation prometheus.io/port: \"http\" is not a whole number from 1 to 65535, such as "
       "\"3\""},
      {{},
       {{"port", "9100"}, {"path", "/a b"}},
       {},
       "annotation prometheus.io/path: \"/a b\" must begin with \"/\" and have no spaces"},
      {{},
       {{"port", "9100"}, {"scheme", "file"}},
       {},
       "annotation prometheus.io/scheme: \"file\" is not http or https"},
  }));
  api::Pod pod = pod_with_annotations(row.annotations);
  pod.port_names = row.ports;
  CHECK(url(target(row.check, pod)) == row.url);
}

TEST_CASE("plan_scrapes limits the response and sends the header Accept") {
  const auto call = target({.port = 1, .timeout = std::chrono::seconds(3)}, running("web-a")).call;
  CHECK(call.method == "GET");
  CHECK(call.max_body_bytes == max_exposition_size);
  CHECK(call.timeout == std::chrono::seconds(3));
  CHECK(call.headers == std::vector<api::HttpHeader>{{"Accept", std::string(exposition_accept)}});
  const auto secure = target({.scheme = "https", .port = 1}, running("web-a")).call;
  REQUIRE(secure.tls);
  CHECK(secure.tls->verify == api::TlsSettings::Verify::Nothing);
}

TEST_CASE("plan_scrapes leaves out pods that get no traffic") {
  api::Pod no_address = running("web-c");
  no_address.ip = "";
  const std::vector<api::Pod> pods{unready("web-a"),     terminating(running("web-b")),
                                   no_address,           on_unreachable_node("web-d"),
                                   unscheduled("web-e"), crashed("web-f"),
                                   running("web-g")};
  const auto targets = plan_scrapes({.port = 1}, pods);
  REQUIRE(targets.size() == 1);
  CHECK(targets.front().pod == "web-g");
}

TEST_CASE("plan_scrapes selects the same pods each time if there are many") {
  std::vector<api::Pod> pods;
  for (int i = 0; i < 120; ++i) pods.push_back(running(fmt::format("web-{:03}", i)));
  const auto names = [&] {
    std::vector<std::string> out;
    for (const ScrapeTarget& one : plan_scrapes({.port = 1}, pods)) out.push_back(one.pod);
    return out;
  };
  const auto first = names();
  CHECK(first.size() == max_scraped_pods);
  CHECK(first[1] == "web-002");
  std::ranges::reverse(pods);
  CHECK(names() == first);
}

TEST_CASE("no_targets says whether pods are missing or starting") {
  CHECK(no_targets({}).reason == Reason::NoPodsToProbe);
  const std::vector<api::Pod> gone{terminating(running("web-a"))};
  CHECK(no_targets(gone).reason == Reason::NoPodsToProbe);
  const std::vector<api::Pod> starting{unready("web-a"), unready("web-b")};
  CHECK(no_targets(starting).reason == Reason::PodsStarting);
  CHECK(no_targets(starting).message == "none of the 2 pods of the revision is ready");
}

TEST_CASE("parse_scrape has a reason for each response without metrics") {
  using enum api::ProbeOutcome;
  const auto wanted = question(ratio_check());
  struct Row {
    api::HttpResponse response;
    Reason reason;
    std::string_view message;
  };
  const auto row = GENERATE(values<Row>({
      {{.outcome = Answered, .status = 404},
       Reason::EndpointFailed,
       "http://10.0.0.1:8080/metrics returned 404, expected 200; check port, path and scheme of "
       "podMetrics"},
      {{.outcome = Answered, .status = 301},
       Reason::EndpointFailed,
       "http://10.0.0.1:8080/metrics returned 301, expected 200; check port, path and scheme of "
       "podMetrics"},
      {{.outcome = ConnectionRefused, .detail = "refused"},
       Reason::EndpointFailed,
       "http://10.0.0.1:8080/metrics refused or reset the connection; check port of podMetrics "
       "(refused)"},
      {{.outcome = TimedOut, .took = std::chrono::seconds(2)},
       Reason::EndpointFailed,
       "http://10.0.0.1:8080/metrics sent no complete response within 2s"},
      {{.outcome = ConnectionClosed},
       Reason::EndpointFailed,
       "http://10.0.0.1:8080/metrics closed the connection before the response was complete"},
      {{.outcome = InvalidResponse},
       Reason::EndpointFailed,
       "http://10.0.0.1:8080/metrics returned no valid HTTP response; check port and scheme of "
       "podMetrics"},
      {{.outcome = InvalidResponse, .status = 200, .is_too_large = true},
       Reason::TooManySeries,
       "http://10.0.0.1:8080/metrics returned more than 5 MiB; use a check prometheus"},
      {{.outcome = Answered, .status = 200, .content_type = "text/html", .body = "<html>\n"},
       Reason::InvalidMetrics,
       "http://10.0.0.1:8080/metrics: line 1: \"<html>\" does not begin with a metric name"},
      {{.outcome = Answered,
        .status = 200,
        .content_type = "application/openmetrics-text; version=1.0.0",
        .body = "requests_total 1\n"},
       Reason::InvalidMetrics,
       "http://10.0.0.1:8080/metrics: line 1: the last line is not # EOF, so the page was cut"},
  }));
  const auto found = parse_scrape(call_of_pod(), row.response, wanted);
  REQUIRE_FALSE(found);
  CHECK(found.error().reason == row.reason);
  CHECK(found.error().message == row.message);
}

TEST_CASE("parse_scrape names the address, the port and the path that were scraped") {
  const auto wanted = question(ratio_check());
  const auto message = [&](const api::HttpCall& call) {
    const api::HttpResponse response{.outcome = api::ProbeOutcome::ConnectionClosed};
    return parse_scrape(call, response, wanted).error().message;
  };
  const std::string closed = " closed the connection before the response was complete";
  CHECK(message({.tls = api::TlsSettings{}, .host = "10.0.0.1", .port = 443, .target = "/m"}) ==
        "https://10.0.0.1:443/m" + closed);
  CHECK(message({.host = "fd00::1", .port = 80, .target = "/m"}) ==
        "http://[fd00::1]:80/m" + closed);
  // The query string is not shown, because it may have a secret.
  CHECK(message({.host = "10.0.0.1", .port = 80, .target = "/m?token=s3cret"}) ==
        "http://10.0.0.1:80/m" + closed);
  const std::string path = "/" + std::string(1023, 'a');
  CHECK(message({.host = "10.0.0.1", .port = 80, .target = path}) ==
        "http://10.0.0.1:80/" + std::string(96, 'a') + "..." + closed);
}

TEST_CASE("parse_scrape reads the page of a response") {
  const auto wanted = question(ratio_check());
  const auto found = parse_scrape(
      call_of_pod(), {.outcome = api::ProbeOutcome::Answered, .status = 200, .body = page(1, 2)},
      wanted);
  REQUIRE(found);
  CHECK(found->series.size() == 2);
}

TEST_CASE("scrape_distance follows the interval of the check up to a limit") {
  using std::chrono::seconds;
  CHECK(scrape_distance({.interval = seconds(1)}) == seconds(1));
  CHECK(scrape_distance({.interval = seconds(10)}) == seconds(10));
  CHECK(scrape_distance({.interval = seconds(300)}) == seconds(30));
}

TEST_CASE("late_scrape has the reason ProbeLate, and names the timeout") {
  const Scrape scrape = late_scrape({.timeout = std::chrono::seconds(3)});
  REQUIRE_FALSE(scrape);
  CHECK(scrape.error().reason == Reason::ProbeLate);
  CHECK_THAT(scrape.error().message, Catch::Contains("did not begin this one within 3s"));
}

TEST_CASE("confirm_pods removes the pods that are terminating or gone") {
  const auto wanted = question(ratio_check());
  const auto pods = [&] {
    std::vector<PodOfRevision> out;
    for (const char* name : {"web-a", "web-b", "web-c"})
      out.push_back({.name = name, .window = window(wanted, {page(0, 0), page(9, 9)})});
    return out;
  };
  const std::vector<api::Pod> before{running("web-a"), running("web-b"), running("web-c")};
  auto revision = pods();
  confirm_pods(revision, before,
               std::vector<api::Pod>{running("web-a"), terminating(running("web-b"))});
  REQUIRE(revision.size() == 1);
  CHECK(revision[0].name == "web-a");
  CHECK_FALSE(revision[0].window.problem());

  auto unready_now = pods();
  confirm_pods(unready_now, before,
               std::vector<api::Pod>{unready("web-a"), unready("web-b"), unready("web-c")});
  CHECK(unready_now.size() == 3);
}

TEST_CASE("confirm_pods excludes a pod whose container restarted") {
  const auto wanted = question(ratio_check());
  std::vector<PodOfRevision> revision;
  for (const char* name : {"web-a", "web-b", "web-c"})
    revision.push_back({.name = name, .window = window(wanted, {page(0, 0), page(9, 9)})});
  const std::vector<api::Pod> before{running("web-a"), running("web-b"), running("web-c")};
  api::Pod restarted = running("web-b");
  restarted.containers.front().restarts = 1;
  const std::vector<api::Pod> now_pods{running("web-a"), restarted,
                                       started_at(running("web-c"), now)};
  confirm_pods(revision, before, now_pods);
  REQUIRE(revision.size() == 3);
  CHECK(problem_of(revision[0].window) == Reason::None);
  CHECK(problem_of(revision[1].window) == Reason::CounterReset);
  CHECK(problem_of(revision[2].window) == Reason::CounterReset);
}

}  // namespace lastgood::checks::test
