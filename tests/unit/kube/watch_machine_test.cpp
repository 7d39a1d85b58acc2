// The watch, turn by turn: what was given at which time, and what is due then.
#include "kube/watch_machine.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "support.hpp"

using namespace lastgood;
using namespace lastgood::machines;
using namespace lastgood::kube;
using api::Deployment;
using Machine = WatchMachine<Deployment>;
using Input = WatchInput<Deployment>;

namespace {

std::string parameter(const std::string& target, const std::string& name) {
  const auto begin = target.find(name + "=");
  if (begin == std::string::npos) return "";
  const auto value = begin + name.size() + 1;
  return target.substr(value, target.find('&', value) - value);
}

std::string words(const Deployment& object) { return object.meta.key.name + "@" + object.meta.resource_version.value; }

std::string words(const WatchNext& next) {
  if (std::holds_alternative<Read>(next)) return "read";
  if (const auto* wait = std::get_if<Wait>(&next)) return "wait to " + std::to_string((wait->until - at(0)).count());
  if (const auto* open = std::get_if<Open>(&next)) {
    const std::string& target = open->call.target;
    return (target.contains("sendInitialEvents") ? "watch-list from '" : "watch from '") + parameter(target, "resourceVersion") +
           "'";
  }
  const std::string& target = std::get<Fetch>(next).call.target;
  return "list " + target.substr(target.find('?') + 1);
}

// "read +web@5", "watch from '7' =[a@1 b@2]", "wait to 800 (Refused)".
std::string words(const WatchAction<Deployment>& action) {
  std::string text = words(action.next);
  if (action.change) {
    if (const auto* one = std::get_if<Upsert<Deployment>>(&*action.change)) text += " +" + words(one->object);
    if (const auto* gone = std::get_if<Remove>(&*action.change)) text += " -" + gone->key.name;
    if (const auto* all = std::get_if<Replace<Deployment>>(&*action.change)) {
      text += " =[";
      for (const auto& object : all->objects) text += (text.ends_with('[') ? "" : " ") + words(object);
      text += "]";
    }
  }
  if (!action.restarted.empty()) text += " (" + std::string(action.restarted) + ")";
  return text;
}

Input put(std::string name, std::string version) {
  return WatchEvent<Deployment>(Changed<Deployment>{deployment(std::move(name), std::move(version))});
}
Input gone(std::string name, std::string version) {
  return WatchEvent<Deployment>(
      Deleted{.key = {"shop", std::move(name)}, .uid = Uid("u1"), .version = ResourceVersion(std::move(version))});
}
Input bookmark(std::string version, bool end = false) {
  return WatchEvent<Deployment>(Bookmark{.version = ResourceVersion(std::move(version)), .initial_events_end = end});
}
Input error_event(ErrorKind kind, int status = 0) { return WatchEvent<Deployment>(error(kind, status)); }
Input page(std::string version, std::vector<Deployment> items, std::string next = "") {
  return ListPage<Deployment>{
      .version = ResourceVersion(std::move(version)), .continue_ = std::move(next), .items = std::move(items)};
}

struct Turn {
  std::int64_t when;
  Input input;
  std::string due;
};

void play(Machine& machine, std::vector<Turn> turns) {
  for (std::size_t i = 0; i < turns.size(); ++i) {
    CAPTURE(i, turns[i].when);
    CHECK(words(machine.step(std::move(turns[i].input), at(turns[i].when))) == turns[i].due);
  }
}

Machine fresh() { return Machine({.collection = "/d", .namespace_ = "", .page_size = 2}, no_chance); }

// Synced by a watch list and reading on at version 5; an event was read after.
Machine watching() {
  Machine machine = fresh();
  play(machine,
       {{0, Started{}, "watch-list from ''"}, {1, bookmark("4", true), "read =[]"}, {2, put("web", "5"), "read +web@5"}});
  return machine;
}

// The same on a server without watch lists.
Machine listing() {
  Machine machine = fresh();
  play(machine, {{0, Started{}, "watch-list from ''"}, {1, error(ErrorKind::Invalid, 422), "list limit=2 (NoWatchList)"}});
  return machine;
}

}  // namespace

TEST_CASE("A watch list gives every object first and goes on as a watch") {
  Machine machine = fresh();
  CHECK_FALSE(machine.synced());
  play(machine, {{0, Started{}, "watch-list from ''"},
                 {1, put("a", "1"), "read"},
                 {1, put("b", "2"), "read"},
                 {2, put("a", "3"), "read"},
                 {3, gone("b", "4"), "read"},
                 {4, bookmark("4", true), "read =[a@3]"},
                 {5, put("c", "5"), "read +c@5"},
                 {6, gone("a", "6"), "read -a"}});
  CHECK(machine.synced());
  CHECK(machine.version().value == "6");
}

TEST_CASE("Where watch lists are not known every object is listed by pages, then watched") {
  Machine machine = listing();
  play(machine,
       {{2, page("7", {deployment("a", "1"), deployment("b", "2")}, "t1"), "list limit=2&continue=t1"},
        {3, page("7", {deployment("c", "3")}), "watch from '7' =[a@1 b@2 c@3]"},
        {4, put("d", "8"), "read +d@8"},
        {5, error_event(ErrorKind::Expired, 410), "list limit=2&resourceVersion=8&resourceVersionMatch=NotOlderThan (Expired)"}});
}

TEST_CASE("A server that ignores the wish for a watch list is found out at its first bookmark") {
  Machine machine = fresh();
  play(machine, {{0, Started{}, "watch-list from ''"},
                 {1, put("a", "1"), "read"},
                 {60'000, bookmark("9"), "list limit=2 (NoWatchList)"},
                 {60'001, page("9", {deployment("a", "1")}), "watch from '9' =[a@1]"}});
}

TEST_CASE("A watch that the server ends goes on where it stood, after a look at the server's version") {
  Machine machine = watching();
  play(machine, {{3, bookmark("9"), "read"},
                 {300'000, StreamEnded{}, "list limit=1 (Ended)"},
                 {300'001, page("12", {}), "watch from '9'"}});
}

TEST_CASE("A version that went backwards means a restored backup: everything is read again, from no version") {
  Machine machine = watching();
  play(machine, {{9'000, StreamEnded{}, "list limit=1 (Ended)"},
                 {9'001, page("4", {}), "watch-list from '' (WentBackwards)"},
                 {9'002, bookmark("4", true), "read =[]"},
                 {9'003, put("old", "5"), "read +old@5"}});
}

TEST_CASE("Versions that cannot be compared are not held against the server") {
  Machine machine = fresh();
  play(machine, {{0, Started{}, "watch-list from ''"},
                 {1, bookmark("x9", true), "read =[]"},
                 {9'000, StreamEnded{}, "list limit=1 (Ended)"},
                 {9'001, page("x1", {}), "watch from 'x9'"}});
}

TEST_CASE("A refusal backs off, doubles, and watches again at the same version without a relist") {
  Machine machine = watching();
  play(machine, {{1'000, error(ErrorKind::Refused), "wait to 1800 (Refused)"},
                 {1'500, TimerFired{}, "wait to 1800"},
                 {1'800, TimerFired{}, "list limit=1"},
                 {1'800, error(ErrorKind::Refused), "wait to 3400 (Refused)"},
                 {3'400, TimerFired{}, "list limit=1"},
                 {3'401, page("5", {}), "watch from '5'"},
                 {3'402, error(ErrorKind::Refused), "wait to 6602 (Refused)"},
                 {6'602, TimerFired{}, "list limit=1"},
                 {6'603, page("5", {}), "watch from '5'"},
                 {6'604, put("web", "6"), "read +web@6"},
                 {6'605, error(ErrorKind::Closed), "wait to 7405 (Closed)"}});
}

TEST_CASE("429 waits as long as the server wishes, but not for ever") {
  Machine machine = watching();
  Error busy = error(ErrorKind::TooManyRequests, 429);
  busy.retry_after = Duration(7'000);
  Error mad = busy;
  mad.retry_after = std::chrono::hours(10);
  play(machine, {{1'000, busy, "wait to 8000 (TooManyRequests)"},
                 {8'000, TimerFired{}, "list limit=1"},
                 {8'000, mad, "wait to 68000 (TooManyRequests)"}});
}

TEST_CASE("The back-off grows to 30 s and no further") {
  Machine machine = watching();
  Steady now = at(1'000);
  Duration longest{0};
  for (int i = 0; i < 12; ++i) {
    const auto action = machine.step(error(ErrorKind::Refused), now);
    const Steady until = std::get<Wait>(action.next).until;
    longest = std::max(longest, until - now);
    now = until;
    CHECK(words(machine.step(TimerFired{}, now)) == "list limit=1");
  }
  CHECK(longest == std::chrono::seconds(30));
}

TEST_CASE("An expired version is listed again not older than what was seen, and once more from no version") {
  Machine machine = watching();
  play(machine, {{1'000, error_event(ErrorKind::Expired, 410), "watch-list from '5' (Expired)"},
                 {1'001, error_event(ErrorKind::Expired, 410), "watch-list from '' (Expired)"},
                 {1'002, error_event(ErrorKind::Expired, 410), "wait to 1802 (Expired)"},
                 {1'802, TimerFired{}, "watch-list from ''"},
                 {1'803, bookmark("90", true), "read =[]"}});
}

TEST_CASE("A version that the server has not reached is given up for no version") {
  Machine machine = watching();
  play(machine, {{1'000, error_event(ErrorKind::Expired, 410), "watch-list from '5' (Expired)"},
                 {4'000, error(ErrorKind::VersionTooLarge, 504), "watch-list from '' (VersionTooLarge)"}});
}

TEST_CASE("A server whose every version is expired at once is not asked for everything in a loop") {
  Machine machine = listing();
  play(machine, {{1, page("7", {}), "watch from '7' =[]"},
                 {2, error_event(ErrorKind::Expired, 410), "wait to 802 (Expired)"},
                 {802, TimerFired{}, "list limit=2&resourceVersion=7&resourceVersionMatch=NotOlderThan"},
                 {803, page("8", {}), "watch from '8' =[]"},
                 {804, error_event(ErrorKind::Expired, 410), "wait to 2404 (Expired)"}});
}

TEST_CASE("After a restart of the API server the expired version is listed again at once") {
  Machine machine = fresh();
  play(machine, {{0, Started{}, "watch-list from ''"},
                 {1, bookmark("4", true), "read =[]"},
                 {90'000, error(ErrorKind::Closed), "wait to 90800 (Closed)"},
                 {90'800, TimerFired{}, "list limit=1"},
                 {90'801, page("6", {}), "watch from '4'"},
                 {90'802, error_event(ErrorKind::Expired, 410), "watch-list from '4' (Expired)"}});
}

TEST_CASE("A continue token that expires midway means starting over, once at once and then with back-off") {
  Machine machine = listing();
  play(machine, {{2, page("7", {deployment("a", "1")}, "t1"), "list limit=2&continue=t1"},
                 {3, error(ErrorKind::Expired, 410), "list limit=2 (ContinueExpired)"},
                 {4, page("8", {deployment("b", "1")}, "t2"), "list limit=2&continue=t2"},
                 {5, error(ErrorKind::Expired, 410), "wait to 1605 (Expired)"},
                 {1'605, TimerFired{}, "list limit=2"},
                 {1'606, page("9", {deployment("c", "1")}), "watch from '9' =[c@1]"}});
}

TEST_CASE("A page that is too large is asked for in halves") {
  Machine machine = listing();
  play(machine, {{2, error(ErrorKind::TooLarge), "wait to 802 (TooLarge)"}, {802, TimerFired{}, "list limit=1"}});
}

TEST_CASE("A watch that ends as soon as it begins is a failure, not a reason to ask at once again") {
  Machine machine = watching();
  play(machine, {{9'000, StreamEnded{}, "list limit=1 (Ended)"},
                 {9'001, page("5", {}), "watch from '5'"},
                 {9'002, StreamEnded{}, "wait to 9802 (Closed)"}});
}

TEST_CASE("A version that makes the server fail five times is given up, whereas a busy server is waited for") {
  for (const int status : {500, 503}) {
    CAPTURE(status);
    Machine machine = watching();
    Steady now = at(1'000);
    for (int i = 0; i < 4; ++i) {
      now = std::get<Wait>(machine.step(error(ErrorKind::Server, status), now).next).until;
      REQUIRE(words(machine.step(TimerFired{}, now)) == "list limit=1");
      REQUIRE(words(machine.step(page("5", {}), now)) == "watch from '5'");
    }
    const std::string due = words(machine.step(error(ErrorKind::Server, status), now));
    CHECK(due == (status == 500 ? "watch-list from '' (Server)" : "wait to 25800 (Server)"));
  }
}

TEST_CASE("An object that cannot be read is as if it were not there, and the log says why") {
  Machine machine = watching();
  const Unreadable bad{.key = {"shop", "web"}, .version = ResourceVersion("6"), .error = error(ErrorKind::Protocol)};
  const auto action = machine.step(WatchEvent<Deployment>(bad), at(3));
  CHECK(words(action) == "read -web");
  CHECK(action.problems.size() == 1);
  CHECK(machine.version().value == "6");
}

TEST_CASE("An answer that nobody asked for changes nothing") {
  Machine machine = watching();
  play(machine, {{3, page("1", {}), "read"}, {3, Started{}, "read"}, {3, TimerFired{}, "read"}});
  play(machine, {{4, error(ErrorKind::Refused), "wait to 804 (Refused)"}});
  play(machine,
       {{5, put("x", "9"), "wait to 804"}, {5, StreamEnded{}, "wait to 804"}, {5, error(ErrorKind::Closed), "wait to 804"}});
  CHECK(machine.version().value == "5");
}

TEST_CASE("A watch lasts 300 to 600 s by chance, and its silence is borne 5 s longer") {
  for (const double chance : {0.0, 0.5, 0.999999}) {
    Machine machine({.collection = "/d", .namespace_ = ""}, [chance] { return chance; });
    const auto action = machine.step(Started{}, at(0));
    const auto& open = std::get<Open>(action.next);
    const int seconds = std::stoi(parameter(open.call.target, "timeoutSeconds"));
    CHECK(seconds == 300 + static_cast<int>(chance * 301));
    CHECK(open.idle_timeout == std::chrono::seconds(seconds + 5));
    CHECK(parameter(open.call.target, "allowWatchBookmarks") == "true");
    CHECK(parameter(open.call.target, "resourceVersionMatch") == "NotOlderThan");
  }
}
