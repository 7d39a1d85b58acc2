// What the answers to one HTTP check mean together.
#include <catch2/catch.hpp>

#include "checks/container.hpp"
#include "checks/http.hpp"
#include "support/printers.hpp"
#include "unit/checks/pods.hpp"

namespace lastgood::checks::test {
namespace {

using api::ProbeOutcome;
using api::Reason;
using enum api::MeasurementResult;

api::Check check_of(int max_failing_percent = 25) {
  return {.name = "health",
          .http = {.port = 8080,
                   .path = "/health",
                   .timeout = Duration(2000),
                   .max_failing_percent = max_failing_percent}};
}

std::string pod_name(std::size_t i) { return "web-" + std::to_string(i); }

ProbeResult asked(const std::string& pod, ProbeOutcome outcome, int status = 0,
                  const std::string& detail = "") {
  return {.ask = {.pod = pod,
                  .question = {.host = "10.0.0.1",
                               .port = 8080,
                               .target = "/health",
                               .host_header = "myapp:8080"}},
          .answer = {.outcome = outcome, .status = status, .detail = detail}};
}

std::vector<ProbeResult> statuses(const std::vector<int>& codes) {
  std::vector<ProbeResult> out;
  for (const int code : codes)
    out.push_back(asked(pod_name(out.size()), ProbeOutcome::Answered, code));
  return out;
}

std::vector<ProbeResult> outcomes(const std::vector<ProbeOutcome>& list) {
  std::vector<ProbeResult> out;
  for (const auto outcome : list)
    out.push_back(
        asked(pod_name(out.size()), outcome, outcome == ProbeOutcome::Answered ? 200 : 0));
  return out;
}

std::vector<ProbeResult> excused(ExclusionReason exclusion, std::vector<ProbeResult> answers,
                                 const std::vector<std::size_t>& which) {
  for (const std::size_t i : which) answers[i].exclusion = exclusion;
  return answers;
}
std::vector<ProbeResult> stopped(std::vector<ProbeResult> answers,
                                 const std::vector<std::size_t>& which) {
  return excused(ExclusionReason::Stopped, std::move(answers), which);
}
std::vector<ProbeResult> starting(std::vector<ProbeResult> answers,
                                  const std::vector<std::size_t>& which) {
  return excused(ExclusionReason::Starting, std::move(answers), which);
}

struct Row {
  const char* name;
  std::vector<ProbeResult> answers;
  api::MeasurementResult result;
  Reason reason;
  std::string message;
};

std::vector<Row> rows() {
  using enum ProbeOutcome;
  return {
      {"every pod answers well", statuses({200, 204, 302}), Pass, Reason::Passed,
       "3 of 3 pods passed /health: web-0 answered 200, expected 200-399 (limit 25% of pods)"},
      {"one of three answers 500", statuses({200, 500, 200}), Fail, Reason::WrongStatus,
       "1 of 3 pods failed /health: web-1 answered 500, expected 200-399 (limit 25% of pods)"},
      {"one of four is a quarter, which is not more than a quarter", statuses({200, 500, 200, 200}),
       Pass, Reason::Passed,
       "1 of 4 pods failed /health: web-1 answered 500, expected 200-399 (limit 25% of pods)"},
      {"a status just outside", statuses({400}), Fail, Reason::WrongStatus,
       "1 of 1 pods failed /health: web-0 answered 400, expected 200-399 (limit 25% of pods)"},
      {"refused", outcomes({ConnectionRefused}), Fail, Reason::ConnectionRefused,
       "1 of 1 pods failed /health: web-0 refused or reset the connection on port 8080 (limit 25% "
       "of pods)"},
      {"no answer in time", outcomes({TimedOut}), Fail, Reason::TimedOut,
       "1 of 1 pods failed /health: web-0 gave no answer within 2s (limit 25% of pods)"},
      {"closed at once", outcomes({ConnectionClosed}), Fail, Reason::ConnectionClosed,
       "1 of 1 pods failed /health: web-0 closed the connection before a whole answer (limit 25% "
       "of pods)"},
      {"garbage", outcomes({InvalidResponse}), Fail, Reason::InvalidResponse,
       "1 of 1 pods failed /health: web-0 gave no HTTP answer (limit 25% of pods)"},
      {"the commonest failure gives the reason",
       outcomes({ConnectionClosed, ConnectionRefused, TimedOut, ConnectionRefused}), Fail,
       Reason::ConnectionRefused,
       "4 of 4 pods failed /health: web-1 refused or reset the connection on port 8080 (limit 25% "
       "of pods)"},
      {"a pod that cannot be reached counts for nothing",
       outcomes({Unreachable, Answered, Answered}), Pass, Reason::Passed,
       "2 of 2 pods passed /health: web-1 answered 200, expected 200-399 (limit 25% of pods); 1 "
       "could not be reached and count "
       "for nothing"},
      {"half of those that could be asked fail", outcomes({Unreachable, Answered, TimedOut}), Fail,
       Reason::TimedOut,
       "1 of 2 pods failed /health: web-2 gave no answer within 2s (limit 25% of pods); 1 could "
       "not be reached and count for "
       "nothing"},
      {"a pod that was stopped while it was asked has not failed",
       stopped(outcomes({ConnectionRefused, Answered}), {0}), Pass, Reason::Passed,
       "1 of 1 pods passed /health: web-1 answered 200, expected 200-399 (limit 25% of pods); 1 "
       "stopped meanwhile and count for "
       "nothing"},
      {"nor has it spoken for those that stay and fail",
       stopped(outcomes({ConnectionRefused, TimedOut, Answered}), {0}), Fail, Reason::TimedOut,
       "1 of 2 pods failed /health: web-1 gave no answer within 2s (limit 25% of pods); 1 stopped "
       "meanwhile and count for "
       "nothing"},
      {"what a pod answers well before it goes is an answer", stopped(statuses({200}), {0}), Pass,
       Reason::Passed,
       "1 of 1 pods passed /health: web-0 answered 200, expected 200-399 (limit 25% of pods)"},
      {"all that were asked were stopped", stopped(statuses({503, 503}), {0, 1}), Unknown,
       Reason::PodsTerminating, "web-0 was stopped while it was asked"},
      {"pods were stopped while a URL was asked as it stands",
       stopped({asked("", ConnectionRefused)}, {0}), Unknown, Reason::PodsTerminating,
       "http://myapp:8080/health was asked while pods were stopped"},
      {"who starts up and refuses has not failed",
       starting(outcomes({ConnectionRefused, Answered}), {0}), Pass, Reason::Passed,
       "1 of 1 pods passed /health: web-1 answered 200, expected 200-399 (limit 25% of pods); 1 "
       "still starting and count for "
       "nothing"},
      {"nor who gives no answer, or closes",
       starting(outcomes({TimedOut, ConnectionClosed}), {0, 1}), Unknown, Reason::PodsStarting,
       "web-0 is not ready yet and may still be starting"},
      {"but who starts up and has another answer has given it", starting(statuses({503}), {0}),
       Fail, Reason::WrongStatus,
       "1 of 1 pods failed /health: web-0 answered 503, expected 200-399 (limit 25% of pods)"},
      {"a URL is asked as it stands while all start up",
       starting({asked("", ConnectionRefused)}, {0}), Unknown, Reason::PodsStarting,
       "http://myapp:8080/health was asked while no pod is ready yet"},
      {"none can be reached", outcomes({Unreachable, Unreachable}), Unknown, Reason::Unreachable,
       "web-0 cannot be reached from here"},
      {"the name does not resolve",
       {asked("", DNSLookupFailed, 0, "Host not found")},
       Unknown,
       Reason::DNSLookupFailed,
       "http://myapp:8080/health has a name that does not resolve (Host not found)"},
      {"a URL asked as it stands fails",
       {asked("", Answered, 503)},
       Fail,
       Reason::WrongStatus,
       "http://myapp:8080/health answered 503, expected 200-399"},
      {"a URL asked as it stands passes",
       {asked("", Answered, 200)},
       Pass,
       Reason::Passed,
       "http://myapp:8080/health answered 200, expected 200-399"},
      {"a handshake fails",
       {asked("", InvalidResponse, 0, "wrong version number")},
       Fail,
       Reason::InvalidResponse,
       "http://myapp:8080/health gave no HTTP answer (wrong version number)"},
      {"nobody was asked",
       {},
       Unknown,
       Reason::NoPodsToProbe,
       "no pod of the new revision was asked"},
  };
}

}  // namespace

TEST_CASE("answers become a measurement that says what was found and what was expected") {
  for (const auto& row : rows()) {
    DYNAMIC_SECTION(row.name) {
      const auto measurement = measure_http(check_of(), row.answers);
      CHECK(measurement.check == "health");
      CHECK(measurement.result == row.result);
      CHECK(measurement.reason == row.reason);
      CHECK(measurement.message == row.message);
      CHECK(measurement.must_hold == Duration(0));
      CHECK_FALSE(measurement.immediate);
    }
  }
}

TEST_CASE("who was stopped while it was asked is told by two listings of the pods") {
  const std::vector<api::Pod> then{running("web-0"), running("web-1"), deleting(running("web-2"))};
  struct Row {
    const char* name;
    std::vector<api::Pod> now;
    std::vector<bool> pods_stopped;  // web-0, web-1
    bool url_stopped;
  };
  auto evicted = running("web-1");
  evicted.phase = "Failed";
  const std::vector<Row> rows{
      {"all are there still", then, {false, false}, false},
      {"one that went before it was asked is nobody's matter",
       {running("web-0"), running("web-1")},
       {false, false},
       false},
      {"one is gone", {running("web-0")}, {false, true}, true},
      {"one is being deleted", {deleting(running("web-0")), running("web-1")}, {true, false}, true},
      {"one was evicted", {running("web-0"), evicted}, {false, true}, true},
      {"one crashed: nobody stopped it",
       {running("web-0"), crashed("web-1")},
       {false, false},
       false},
      {"one came", {running("web-0"), running("web-1"), running("web-3")}, {false, false}, false},
      {"all are gone", {}, {true, true}, true},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      std::vector<ProbeResult> pods =
          outcomes({ProbeOutcome::ConnectionRefused, ProbeOutcome::ConnectionRefused});
      exclude_terminating(pods, then, row.now);
      CHECK(std::vector<bool>{pods[0].exclusion == ExclusionReason::Stopped,
                              pods[1].exclusion == ExclusionReason::Stopped} == row.pods_stopped);
      std::vector<ProbeResult> url{asked("", ProbeOutcome::ConnectionRefused)};
      exclude_terminating(url, then, row.now);
      CHECK((url[0].exclusion == ExclusionReason::Stopped) == row.url_stopped);
    }
  }
}

TEST_CASE("who is not ready may still be starting, until it has had its time or was ready before") {
  const auto created = [](api::Pod pod, Duration ago) {
    pod.meta.created = now - ago;
    return pod;
  };
  const auto unready = [&](Duration ago) { return created(running("web-0", false), ago); };
  constexpr Duration minute = std::chrono::minutes(1);
  auto was_ready = unready(minute);
  was_ready.taken_on = now - minute;
  was_ready.unready_since = now - std::chrono::seconds(20);
  auto never_ready = was_ready;
  never_ready.unready_since = now - minute + std::chrono::seconds(1);
  auto ageless = running("web-0", false);
  ageless.meta.created.reset();
  struct Row {
    const char* name;
    std::vector<api::Pod> pods;
    std::optional<Time> rolled_out;
    bool starts;
    bool url_starts;
  };
  const std::vector<Row> rows{
      {"it came a minute ago and is not ready", {unready(minute)}, {}, true, true},
      {"it is ready", {created(running("web-0"), minute)}, {}, false, false},
      {"it has had its time", {unready(start_up)}, {}, false, false},
      {"almost", {unready(start_up - std::chrono::seconds(1))}, {}, true, true},
      {"nobody knows since when it is there", {ageless}, {}, false, false},
      {"it was there when the rollout was complete, so it was ready",
       {unready(minute)},
       now - std::chrono::seconds(30),
       false,
       false},
      {"it came after that", {unready(minute)}, now - std::chrono::seconds(90), true, true},
      {"it has been ready since kubelet took it on", {was_ready}, {}, false, false},
      {"it has not", {never_ready}, {}, true, true},
      {"another is ready, which the URL may lead to",
       {unready(minute), running("web-1")},
       {},
       true,
       false},
      {"it is gone", {}, {}, false, false},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      std::vector<ProbeResult> all = outcomes({ProbeOutcome::ConnectionRefused});
      all.push_back(asked("", ProbeOutcome::ConnectionRefused));
      exclude_starting(all, row.pods, row.rolled_out, now);
      CHECK((all[0].exclusion == ExclusionReason::Starting) == row.starts);
      CHECK((all[1].exclusion == ExclusionReason::Starting) == row.url_starts);
    }
  }
}

TEST_CASE("how many pods may fail is the policy's to say") {
  CHECK(measure_http(check_of(0), statuses({200, 200, 500})).result == Fail);
  CHECK(measure_http(check_of(50), statuses({200, 500})).result == Pass);
  CHECK(measure_http(check_of(50), statuses({200, 500, 500})).result == Fail);
  CHECK(measure_http(check_of(99), statuses({500, 500})).result == Fail);
}

TEST_CASE("which statuses are well is the policy's to say") {
  auto check = check_of();
  check.http.expected = {{.from = 200, .to = 200}, {.from = 418, .to = 418}};
  CHECK(measure_http(check, statuses({418})).result == Pass);
  CHECK(measure_http(check, statuses({204})).message ==
        "1 of 1 pods failed /health: web-0 answered 204, expected 200,418 (limit 25% of pods)");
}

TEST_CASE("where only a part of many pods was asked, the message says so") {
  CHECK(measure_http(check_of(), statuses({200, 200}), 240).message ==
        "2 of 2 pods passed /health: web-0 answered 200, expected 200-399 (limit 25% of pods); 2 "
        "of 240 pods were asked");
}

TEST_CASE("a message is never longer than status and Events can hold") {
  auto long_one =
      asked(std::string(253, 'p'), ProbeOutcome::InvalidResponse, 0, std::string(200, 'd'));
  long_one.ask.question.target = "/" + std::string(2000, 't');
  CHECK(measure_http(check_of(), std::vector{long_one}).message.size() <= 512);
}

}  // namespace lastgood::checks::test
