// The watch of a collection step by step: the input at a time, and the action that follows.
#include "kube/watch_machine.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "support.hpp"
#include "watch_harness.hpp"
#include "watch_step.hpp"

using namespace lastgood;
using namespace lastgood::kube;
using namespace lastgood::kube::test;
using Machine = WatchMachine<Deployment>;
using Input = WatchInput<Deployment>;

namespace {

Input changed(std::string name, std::string version) {
  return WatchEvent<Deployment>(
      Changed<Deployment>{deployment(std::move(name), std::move(version))});
}
Input removed(std::string name, std::string version) {
  return WatchEvent<Deployment>(Deleted{.key = {"shop", std::move(name)},
                                        .uid = Uid("u1"),
                                        .version = ResourceVersion(std::move(version))});
}
Input bookmark(std::string version) {
  return WatchEvent<Deployment>(Bookmark{.version = ResourceVersion(std::move(version))});
}
// The bookmark after the initial events of a watch list.
Input last_initial_event(std::string version) {
  return WatchEvent<Deployment>(
      Bookmark{.version = ResourceVersion(std::move(version)), .initial_events_end = true});
}
Input error_event(ErrorKind kind, int status = 0) {
  return WatchEvent<Deployment>(error(kind, status));
}
Input page(std::string version, std::vector<Deployment> items, std::string continue_ = "") {
  return ListPage<Deployment>{.version = ResourceVersion(std::move(version)),
                              .continue_ = std::move(continue_),
                              .items = std::move(items)};
}

// An input at `when` ms, and the step that must follow.
struct TimedInput {
  std::int64_t when;
  Input input;
  WatchStep expected;
};

void play(Machine& machine, std::vector<TimedInput> inputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    CAPTURE(i, inputs[i].when);
    CHECK(watch_step_of(machine.step(std::move(inputs[i].input), at(inputs[i].when))) ==
          inputs[i].expected);
  }
}

Machine new_machine() {
  return Machine({.collection = "/d", .namespace_ = "", .page_size = 2}, no_jitter);
}

// A machine that synced with a watch list and then received an event. Its version is 5.
Machine watching_machine() {
  Machine machine = new_machine();
  play(machine, {{0, StartWatch{}, opens_watch_list("")},
                 {1, last_initial_event("4"), reads().replacing({})},
                 {2, changed("web", "5"), reads().upserting("web", "5")}});
  return machine;
}

// A machine that waits for the first page of a LIST, on a server without watch lists.
Machine listing_machine() {
  Machine machine = new_machine();
  play(machine,
       {{0, StartWatch{}, opens_watch_list("")},
        {1, error(ErrorKind::Invalid, 422), lists({.limit = 2}).restarted("NoWatchList")}});
  return machine;
}

}  // namespace

TEST_CASE("lists all objects with a watch list and then watches") {
  Machine machine = new_machine();
  CHECK_FALSE(machine.synced());
  play(machine, {{0, StartWatch{}, opens_watch_list("")},
                 {1, changed("a", "1"), reads()},
                 {1, changed("b", "2"), reads()},
                 {2, changed("a", "3"), reads()},
                 {3, removed("b", "4"), reads()},
                 {4, last_initial_event("4"), reads().replacing({{"a", "3"}})},
                 {5, changed("c", "5"), reads().upserting("c", "5")},
                 {6, removed("a", "6"), reads().removing("a")}});
  CHECK(machine.synced());
  CHECK(machine.version().value == "6");
}

TEST_CASE("lists in pages and then watches when the server rejects watch lists") {
  Machine machine = listing_machine();
  play(machine, {{2, page("7", {deployment("a", "1"), deployment("b", "2")}, "t1"),
                  lists({.limit = 2, .continue_ = "t1"})},
                 {3, page("7", {deployment("c", "3")}),
                  opens_watch("7").replacing({{"a", "1"}, {"b", "2"}, {"c", "3"}})},
                 {4, changed("d", "8"), reads().upserting("d", "8")},
                 {5, error_event(ErrorKind::Expired, 410),
                  lists({.limit = 2, .not_older_than = "8"}).restarted("Expired")}});
}

TEST_CASE("lists in pages when the server ignores the request for a watch list") {
  Machine machine = new_machine();
  play(machine,
       {{0, StartWatch{}, opens_watch_list("")},
        {1, changed("a", "1"), reads()},
        {60'000, bookmark("9"), lists({.limit = 2}).restarted("NoWatchList")},
        {60'001, page("9", {deployment("a", "1")}), opens_watch("9").replacing({{"a", "1"}})}});
}

TEST_CASE("opens another watch at the last version when the server ends the stream") {
  Machine machine = watching_machine();
  play(machine, {{3, bookmark("9"), reads()},
                 {300'000, StreamEnded{}, lists({.limit = 1}).restarted("Ended")},
                 {300'001, page("12", {}), opens_watch("9")}});
}

TEST_CASE("syncs again without a minimum version when the server's version decreased") {
  Machine machine = watching_machine();
  play(machine, {{9'000, StreamEnded{}, lists({.limit = 1}).restarted("Ended")},
                 {9'001, page("4", {}), opens_watch_list("").restarted("VersionDecreased")},
                 {9'002, last_initial_event("4"), reads().replacing({}).rewound()},
                 {9'003, changed("old", "5"), reads().upserting("old", "5")}});
}

TEST_CASE("opens another watch at the last version when versions cannot be compared") {
  Machine machine = new_machine();
  play(machine, {{0, StartWatch{}, opens_watch_list("")},
                 {1, last_initial_event("x9"), reads().replacing({})},
                 {9'000, StreamEnded{}, lists({.limit = 1}).restarted("Ended")},
                 {9'001, page("x1", {}), opens_watch("x9")}});
}

TEST_CASE(
    "backs off and then watches from the same version, without a sync, when connections fail") {
  Machine machine = watching_machine();
  play(machine, {{1'000, error(ErrorKind::ConnectionRefused),
                  backs_off_until(1'800).restarted("ConnectionRefused")},
                 {1'500, WaitElapsed{}, backs_off_until(1'800)},
                 {1'800, WaitElapsed{}, lists({.limit = 1})},
                 {1'800, error(ErrorKind::ConnectionRefused),
                  backs_off_until(3'400).restarted("ConnectionRefused")},
                 {3'400, WaitElapsed{}, lists({.limit = 1})},
                 {3'401, page("5", {}), opens_watch("5")},
                 {3'402, error(ErrorKind::ConnectionRefused),
                  backs_off_until(6'602).restarted("ConnectionRefused")},
                 {6'602, WaitElapsed{}, lists({.limit = 1})},
                 {6'603, page("5", {}), opens_watch("5")},
                 {6'604, changed("web", "6"), reads().upserting("web", "6")},
                 {6'605, error(ErrorKind::ConnectionClosed),
                  backs_off_until(7'405).restarted("ConnectionClosed")}});
}

TEST_CASE("waits for Retry-After, up to 60 s, when the server returns 429") {
  Machine machine = watching_machine();
  Error busy = error(ErrorKind::TooManyRequests, 429);
  busy.retry_after = Duration(7'000);
  Error too_long = busy;
  too_long.retry_after = std::chrono::hours(10);
  play(machine, {{1'000, busy, backs_off_until(8'000).restarted("TooManyRequests")},
                 {8'000, WaitElapsed{}, lists({.limit = 1})},
                 {8'000, too_long, backs_off_until(68'000).restarted("TooManyRequests")}});
}

TEST_CASE("doubles the backoff up to 30 s") {
  Machine machine = watching_machine();
  MonotonicTime now = at(1'000);
  Duration max_delay{0};
  for (int i = 0; i < 12; ++i) {
    const auto action = machine.step(error(ErrorKind::ConnectionRefused), now);
    const MonotonicTime until = std::get<BackoffWait>(action.next).until;
    max_delay = std::max(max_delay, until - now);
    now = until;
    CHECK(watch_step_of(machine.step(WaitElapsed{}, now)) == lists({.limit = 1}));
  }
  CHECK(max_delay == std::chrono::seconds(30));
}

TEST_CASE("syncs again when the version expired, without a minimum version the second time") {
  Machine machine = watching_machine();
  play(machine,
       {{1'000, error_event(ErrorKind::Expired, 410), opens_watch_list("5").restarted("Expired")},
        {1'001, error_event(ErrorKind::Expired, 410), opens_watch_list("").restarted("Expired")},
        {1'002, error_event(ErrorKind::Expired, 410), backs_off_until(1'802).restarted("Expired")},
        {1'802, WaitElapsed{}, opens_watch_list("")},
        {1'803, last_initial_event("90"), reads().replacing({})}});
}

TEST_CASE("syncs without a minimum version when the server has not reached the minimum version") {
  Machine machine = watching_machine();
  play(machine,
       {{1'000, error_event(ErrorKind::Expired, 410), opens_watch_list("5").restarted("Expired")},
        {4'000, error(ErrorKind::VersionTooLarge, 504),
         opens_watch_list("").restarted("VersionTooLarge")}});
}

TEST_CASE("backs off when the version expires right after a sync") {
  Machine machine = listing_machine();
  play(machine,
       {{1, page("7", {}), opens_watch("7").replacing({})},
        {2, error_event(ErrorKind::Expired, 410), backs_off_until(802).restarted("Expired")},
        {802, WaitElapsed{}, lists({.limit = 2, .not_older_than = "7"})},
        {803, page("8", {}), opens_watch("8").replacing({})},
        {804, error_event(ErrorKind::Expired, 410), backs_off_until(2'404).restarted("Expired")}});
}

TEST_CASE("syncs again immediately when the version expired during a restart of the API server") {
  Machine machine = new_machine();
  play(machine, {{0, StartWatch{}, opens_watch_list("")},
                 {1, last_initial_event("4"), reads().replacing({})},
                 {90'000, error(ErrorKind::ConnectionClosed),
                  backs_off_until(90'800).restarted("ConnectionClosed")},
                 {90'800, WaitElapsed{}, lists({.limit = 1})},
                 {90'801, page("6", {}), opens_watch("4")},
                 {90'802, error_event(ErrorKind::Expired, 410),
                  opens_watch_list("4").restarted("Expired")}});
}

TEST_CASE("starts the list again when a continue token expires, the second time with backoff") {
  Machine machine = listing_machine();
  play(machine,
       {{2, page("7", {deployment("a", "1")}, "t1"), lists({.limit = 2, .continue_ = "t1"})},
        {3, error(ErrorKind::Expired, 410), lists({.limit = 2}).restarted("ContinueExpired")},
        {4, page("8", {deployment("b", "1")}, "t2"), lists({.limit = 2, .continue_ = "t2"})},
        {5, error(ErrorKind::Expired, 410), backs_off_until(1'605).restarted("Expired")},
        {1'605, WaitElapsed{}, lists({.limit = 2})},
        {1'606, page("9", {deployment("c", "1")}), opens_watch("9").replacing({{"c", "1"}})}});
}

TEST_CASE("halves the page size when a page is too large") {
  Machine machine = listing_machine();
  play(machine, {{2, error(ErrorKind::TooLarge), backs_off_until(802).restarted("TooLarge")},
                 {802, WaitElapsed{}, lists({.limit = 1})}});
}

TEST_CASE("backs off when a watch ends right after it began") {
  Machine machine = watching_machine();
  play(machine, {{9'000, StreamEnded{}, lists({.limit = 1}).restarted("Ended")},
                 {9'001, page("5", {}), opens_watch("5")},
                 {9'002, StreamEnded{}, backs_off_until(9'802).restarted("ConnectionClosed")}});
}

TEST_CASE(
    "syncs without a minimum version when the server returns 500 five times, but not for 503") {
  for (const int status : {500, 503}) {
    CAPTURE(status);
    Machine machine = watching_machine();
    MonotonicTime now = at(1'000);
    for (int i = 0; i < 4; ++i) {
      now = std::get<BackoffWait>(machine.step(error(ErrorKind::Server, status), now).next).until;
      REQUIRE(watch_step_of(machine.step(WaitElapsed{}, now)) == lists({.limit = 1}));
      REQUIRE(watch_step_of(machine.step(page("5", {}), now)) == opens_watch("5"));
    }
    const WatchStep step = watch_step_of(machine.step(error(ErrorKind::Server, status), now));
    CHECK(step == (status == 500 ? opens_watch_list("").restarted("Server")
                                 : backs_off_until(25'800).restarted("Server")));
  }
}

TEST_CASE("removes an object and reports the problem when the object cannot be parsed") {
  Machine machine = watching_machine();
  const Unreadable unreadable{
      .key = {"shop", "web"}, .version = ResourceVersion("6"), .error = error(ErrorKind::Protocol)};
  const auto action = machine.step(WatchEvent<Deployment>(unreadable), at(3));
  CHECK(watch_step_of(action) == reads().removing("web"));
  CHECK(action.problems.size() == 1);
  CHECK(machine.version().value == "6");
}

TEST_CASE("ignores an input that does not belong to the current action") {
  Machine machine = watching_machine();
  play(machine,
       {{3, page("1", {}), reads()}, {3, StartWatch{}, reads()}, {3, WaitElapsed{}, reads()}});
  play(machine, {{4, error(ErrorKind::ConnectionRefused),
                  backs_off_until(804).restarted("ConnectionRefused")}});
  play(machine, {{5, changed("x", "9"), backs_off_until(804)},
                 {5, StreamEnded{}, backs_off_until(804)},
                 {5, error(ErrorKind::ConnectionClosed), backs_off_until(804)}});
  CHECK(machine.version().value == "5");
}

TEST_CASE("watches for a random time of 300 to 600 s") {
  for (const double random : {0.0, 0.5, 0.999999}) {
    Machine machine({.collection = "/d", .namespace_ = ""}, [random] { return random; });
    const auto action = machine.step(StartWatch{}, at(0));
    const auto& open = std::get<OpenStream>(action.next);
    const int seconds = std::stoi(query_parameter(open.call.target, "timeoutSeconds"));
    CHECK(seconds == 300 + static_cast<int>(random * 301));
    CHECK(query_parameter(open.call.target, "allowWatchBookmarks") == "true");
    CHECK(query_parameter(open.call.target, "resourceVersionMatch") == "NotOlderThan");
  }
}

TEST_CASE("allows 75 s without data in a watch list, and 130 s in another watch") {
  Machine machine({.collection = "/d", .namespace_ = ""}, [] { return 0.5; });
  const auto first = machine.step(StartWatch{}, at(0));
  CHECK(std::get<OpenStream>(first.next).idle_timeout == std::chrono::seconds(75));
  machine.step(last_initial_event("5"), at(1));
  const auto next = machine.step(StreamEnded{}, at(300'000));
  REQUIRE(std::holds_alternative<ListCall>(next.next));
  const auto watch = machine.step(page("5", {}), at(300'001));
  CHECK(std::get<OpenStream>(watch.next).idle_timeout == std::chrono::seconds(130));
}

TEST_CASE("lists in pages when the initial events do not end within 5 minutes") {
  Machine machine({.collection = "/d", .namespace_ = ""}, [] { return 0.5; });
  machine.step(StartWatch{}, at(0));
  const auto during = machine.step(changed("a", "1"), at(299'000));
  CHECK(std::holds_alternative<ReadStream>(during.next));
  const auto after = machine.step(changed("a", "2"), at(301'000));
  CHECK(std::holds_alternative<ListCall>(after.next));
}

TEST_CASE("lists in pages for good after two watch lists without data") {
  Machine machine({.collection = "/d", .namespace_ = ""}, [] { return 0.5; });
  machine.step(StartWatch{}, at(0));
  const auto is_list = [](const WatchAction<Deployment>& action) {
    return std::holds_alternative<ListCall>(action.next);
  };
  CHECK(is_list(machine.step(error(ErrorKind::TimedOut), at(30'000))));
  machine.step(page("5", {}), at(30'001));
  CHECK_FALSE(is_list(machine.step(error(ErrorKind::Expired), at(90'000))));
  CHECK(is_list(machine.step(error(ErrorKind::TimedOut), at(120'000))));
  machine.step(page("6", {}), at(120'001));
  CHECK(is_list(machine.step(error(ErrorKind::Expired), at(180'000))));
}
