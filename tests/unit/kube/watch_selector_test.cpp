// The watch of the objects that a label selector matches, and changes of the selector.
#include <catch2/catch.hpp>
#include <string>

#include "kube/watch_machine.hpp"
#include "support.hpp"
#include "watch_harness.hpp"
#include "watch_step.hpp"

using namespace lastgood;
using namespace lastgood::kube;
using namespace lastgood::kube::test;
using Machine = WatchMachine<Deployment>;

namespace {

Machine new_machine() {
  return Machine({.collection = "/d", .page_size = 2, .idle_timeout = std::chrono::seconds(90)},
                 no_jitter);
}

// The label selector of the call that follows.
std::string selector_of(const WatchAction<Deployment>& action) {
  if (const auto* open = std::get_if<OpenStream>(&action.next))
    return query_parameter(open->call.target, "labelSelector");
  if (const auto* list = std::get_if<ListCall>(&action.next))
    return query_parameter(list->call.target, "labelSelector");
  return "";
}

WatchEvent<Deployment> changed(std::string name, std::string version) {
  return Changed<Deployment>{deployment(std::move(name), std::move(version))};
}

WatchEvent<Deployment> last_initial_event(std::string version) {
  return Bookmark{.version = ResourceVersion(std::move(version)), .initial_events_end = true};
}

}  // namespace

TEST_CASE("syncs and watches the objects that the selector matches") {
  Machine machine = new_machine();
  const auto sync = machine.step(Select{"h=a"}, at(0));
  CHECK(watch_step_of(sync) == opens_watch_list(""));
  CHECK(selector_of(sync) == "h%3Da");
  CHECK_FALSE(machine.is_streaming());
  CHECK(machine.step(last_initial_event("4"), at(1)).change);
  CHECK(machine.is_streaming());
  CHECK(machine.syncs() == 1);
}

TEST_CASE("watches with another selector from the same version without a sync") {
  Machine machine = new_machine();
  machine.step(Select{"h=a"}, at(0));
  machine.step(last_initial_event("4"), at(1));
  machine.step(changed("web", "7"), at(2));
  const auto watch = machine.step(Select{"h=b"}, at(3));
  CHECK(watch_step_of(watch) == opens_watch("7"));
  CHECK(selector_of(watch) == "h%3Db");
  CHECK(machine.is_streaming());
  CHECK(machine.syncs() == 1);
}

TEST_CASE("begins a sync again when the selector changes before its end") {
  Machine machine = new_machine();
  machine.step(Select{"h=a"}, at(0));
  machine.step(changed("web", "2"), at(1));
  const auto again = machine.step(Select{"h=b"}, at(2));
  CHECK(watch_step_of(again) == opens_watch_list(""));
  CHECK(selector_of(again) == "h%3Db");
  CHECK(watch_step_of(machine.step(last_initial_event("4"), at(3))) == reads().replacing({}));
}

TEST_CASE("lists with the selector in all pages when the server rejects watch lists") {
  Machine machine = new_machine();
  machine.step(Select{"h=a"}, at(0));
  const auto first = machine.step(error(ErrorKind::Invalid, 422), at(1));
  CHECK(watch_step_of(first) == lists({.limit = 2}).restarted("NoWatchList"));
  CHECK(selector_of(first) == "h%3Da");
  const auto second =
      machine.step(ListPage<Deployment>{.version = ResourceVersion("7"), .continue_ = "t1"}, at(2));
  CHECK(selector_of(second) == "h%3Da");
  const auto watch = machine.step(ListPage<Deployment>{.version = ResourceVersion("7")}, at(3));
  CHECK(watch_step_of(watch) == opens_watch("7").replacing({}));
  CHECK(selector_of(watch) == "h%3Da");
}

TEST_CASE("keeps waiting for the backoff when the selector changes") {
  Machine machine = new_machine();
  machine.step(Select{"h=a"}, at(0));
  machine.step(last_initial_event("4"), at(1));
  machine.step(error(ErrorKind::TooManyRequests, 429), at(2));
  CHECK(watch_step_of(machine.step(Select{"h=b"}, at(10))) == backs_off_until(802));
  CHECK(watch_step_of(machine.step(WaitElapsed{}, at(802))) == lists({.limit = 1}));
  const auto watch = machine.step(ListPage<Deployment>{.version = ResourceVersion("4")}, at(803));
  CHECK(watch_step_of(watch) == opens_watch("4"));
  CHECK(selector_of(watch) == "h%3Db");
}

TEST_CASE("uses the idle timeout of the target for a watch") {
  Machine machine = new_machine();
  machine.step(Select{"h=a"}, at(0));
  machine.step(last_initial_event("4"), at(1));
  const auto open = machine.step(Select{"h=b"}, at(10));
  CHECK(std::get<OpenStream>(open.next).idle_timeout == std::chrono::seconds(90));
}
