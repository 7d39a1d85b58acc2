#include "simulation/history/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "simulation/fake/object_fields.hpp"

namespace lastgood::simulation {

using codec::Json;
using std::chrono::minutes;
using std::chrono::seconds;
using Pointer = Json::json_pointer;

namespace {

constexpr const char* web = "web";
constexpr const char* rolled_back_by = "/metadata/annotations/lastgood.dev~1rolled-back-by";

std::string image_of(int version) { return "app:v" + std::to_string(version); }

}  // namespace

History::History(std::uint32_t seed) : seed_(seed) {
  random_source = [random = std::mt19937(seed)]() mutable {
    constexpr double values = 4294967296.0;  // of std::mt19937
    return static_cast<double>(random()) / values;
  };
}

HistoryResult History::play(const std::vector<HistoryEvent>& events) {
  began_ = clock.monotonic_now();
  begin();
  at_each_write = [this] { observe(); };
  for (const HistoryEvent& event : events) {
    run_for(event.wait);
    backups_.push_back(server.backup());
    trace(describe(event));
    happen(event);
  }
  calm_down();
  end();
  report_violations();
  result_.steps = steps();
  result_.virtual_time = clock.monotonic_now() - began_;
  result_.rollbacks = template_changes();
  result_.races = disturbances_.races();
  return std::move(result_);
}

void History::begin() {
  Json policy = quick_policy();
  policy["rollback"]["limit"] = {{"count", 20}, {"within", "1h"}};
  write_policy(web, policy);
  cluster.nodes.names = {"node-1", "node-2"};
  running_ = image_of(++version_);
  defects_[running_] = Defect::None;
  deploy(web, running_, {{"lastgood.dev/policy", web}}, replicas_);
  if (!run_until([&] { return is_rolled_out(web); }, minutes(1))) fail("setup: no rollout");
  start("one");
  start("two");
  supervise();
  const auto is_good = [&] { return state(web) == testing::idle(api::Reason::PresumedGood); };
  if (!run_until(is_good, minutes(2))) fail("setup: not presumed good");
  run_for(seconds(20));
}

void History::happen(const HistoryEvent& event) {
  if (cluster.outage && event.kind >= EventKind::Suspend) outage_is_undetectable_ = true;
  if (event.kind >= EventKind::Calls) return happen_to_api_server(event);
  if (event.kind >= EventKind::KillBeforeWrite) return happen_to_controller(event);
  happen_in_world(event);
}

void History::happen_in_world(const HistoryEvent& event) {
  const bool on = event.value != 0;
  switch (event.kind) {
    case EventKind::Release: return release(static_cast<Defect>(event.value), event.time);
    case EventKind::Outage: return set_outage(on);
    case EventKind::Path: return set_path(on);
    case EventKind::Scale:
      replicas_ = event.value;
      return merge_patch("deployments", web, {{"spec", {{"replicas", replicas_}}}});
    case EventKind::Node:
      if (on) cluster.nodes.dead.insert("node-2");
      if (!on) cluster.nodes.dead.clear();
      return;
    case EventKind::Suspend:
      return merge_patch("rollbackpolicies", web, {{"spec", {{"suspend", on}}}});
    case EventKind::OptOut:
      return annotate(web, {{"lastgood.dev/enabled", on ? Json("false") : Json()}});
    case EventKind::Pause: return merge_patch("deployments", web, {{"spec", {{"paused", on}}}});
    case EventKind::Recreate: return recreate(event.time);
    case EventKind::ManualRollback: {
      const std::string name = fmt::format("manual-{}", backups_.size());
      const Json rollback{{"metadata", {{"name", name}}}, {"spec", {{"deployment", web}}}};
      call_as_user({.verb = api::Verb::Post,
                    .target = "/apis/lastgood.dev/v1alpha1/namespaces/shop/rollbacks",
                    .body = rollback.dump()});
      return;
    }
    default:
      disturbances_.act_after_record(event.amount, [this, event] {
        trace(describe(event));
        act(static_cast<UserAction>(event.value));
      });
  }
}

void History::act(UserAction action) {
  if (cluster.outage) outage_is_undetectable_ = true;
  switch (action) {
    case UserAction::ShipGood: return release(Defect::None, seconds(1));
    case UserAction::ShipBad: return release(Defect::Returns503, seconds(1));
    case UserAction::Scale:
      replicas_ = replicas_ == 1 ? 2 : replicas_ - 1;
      return merge_patch("deployments", web, {{"spec", {{"replicas", replicas_}}}});
    case UserAction::OptOut: return annotate(web, {{"lastgood.dev/enabled", "false"}});
    case UserAction::Pause: return merge_patch("deployments", web, {{"spec", {{"paused", true}}}});
    case UserAction::Annotate: return annotate(web, {{"example.com/note", "checked"}});
    case UserAction::Suspend:
      return merge_patch("rollbackpolicies", web, {{"spec", {{"suspend", true}}}});
    case UserAction::DeleteRollback:
      for (const NameAndPhase& rollback : rollbacks()) {
        if (rollback.phase && api::finished(*rollback.phase)) continue;
        call_as_user(
            {.verb = api::Verb::Delete,
             .target = "/apis/lastgood.dev/v1alpha1/namespaces/shop/rollbacks/" + rollback.name});
        return;
      }
  }
}

void History::happen_to_controller(const HistoryEvent& event) {
  const std::string name = controller(event.value);
  restart_delay_ = event.time;
  // A standby leads 20 s after the leader ended, and needs some time to probe the pods.
  quiet_at_ = std::max(quiet_at_, clock.monotonic_now() + event.time + minutes(1));
  switch (event.kind) {
    case EventKind::KillBeforeWrite:
      quiet_at_ = MonotonicTime::max();
      return kill_before_write(event.value);
    case EventKind::KillAfterWrite:
      quiet_at_ = MonotonicTime::max();
      return kill_after_write(event.value);
    case EventKind::Kill: return kill(name);
    case EventKind::Terminate:
      if (is_running(name)) stop(name);
      return;
    case EventKind::Freeze: return suspend(name, event.time);
    case EventKind::DeleteLease:
      return server.remove("leases", {.namespace_ = "lastgood-system", .name = "lastgood"});
    default: clock_offsets[name] = minutes(event.value);
  }
}

// Looks each 5 s whether a controller has ended, and starts it again.
void History::supervise() {
  if (is_calm_) return;
  for (const char* name : {"one", "two"}) {
    if (is_running(name) || !restarting_.insert(name).second) continue;
    trace(fmt::format("  controller {} has ended", name));
    clock.call_at(clock.monotonic_now() + restart_delay_, [this, name] {
      restarting_.erase(name);
      if (is_running(name)) return;
      trace(fmt::format("  controller {} starts", name));
      start(name);
    });
  }
  clock.call_at(clock.monotonic_now() + seconds(5), [this] { supervise(); });
}

bool History::is_disturbed() const {
  return disturbances_.is_active() || clock.monotonic_now() < quiet_at_;
}

void History::happen_to_api_server(const HistoryEvent& event) {
  switch (event.kind) {
    case EventKind::Close: return server.watches().close_all();
    case EventKind::Compact:
      server.watches().compact(server.version());
      return server.watches().close_all();
    case EventKind::Restore: {
      const auto back = std::min(backups_.size(), static_cast<std::size_t>(event.value) + 1);
      restore(backups_[backups_.size() - back]);
      running_ = image(web);
      return;
    }
    case EventKind::Newer: return set_newer_value(event);
    default: disturbances_.begin(event);
  }
}

// Ends all faults. The watches start again from new lists, so that they also have the lost events.
void History::calm_down() {
  trace("all faults end");
  is_calm_ = true;
  disturbances_.end_all();
  kill_before_write(0);
  kill_after_write(0);
  cluster.outage = false;
  cluster.nodes.dead.clear();
  set_path(false);
  merge_patch("rollbackpolicies", web, {{"spec", {{"suspend", false}}}});
  merge_patch("deployments", web, {{"spec", {{"paused", false}}}});
  annotate(web, {{"lastgood.dev/enabled", nullptr}});
  for (const char* name : {"one", "two"}) {
    clock_offsets[name] = Duration(0);
    if (!is_running(name)) start(name);
  }
  server.watches().compact(server.version());
  server.watches().close_all();
  run_for(minutes(15));
}

void History::end() {
  std::mt19937 random(seed_);
  const auto before = state(web);
  if (!before) return fail("stuck: no state");
  if (before->state == api::State::RollingBack || before->state == api::State::Verifying)
    fail("stuck: " + shown_state_ + ", " + message());
  constexpr unsigned defects = 4;
  const auto defect = static_cast<Defect>(1 + random() % defects);
  using enum api::Reason;
  const bool is_proven = before->state == api::State::Idle &&
                         (before->reason == Good || before->reason == PresumedGood ||
                          before->reason == RolledBack || before->reason == OutageEnded);
  const bool is_silent_alone = defect == Defect::Hangs && replicas_ == 1;
  result_.must_roll_back = is_proven && !is_defective(image(web)) && !is_silent_alone;
  release(defect, seconds(1));
  run_for(minutes(20));
  if (result_.must_roll_back && is_defective(image(web)))
    fail(fmt::format("missing rollback: {} runs, {}, {}", image(web), shown_state_, message()));
}

void History::release(Defect defect, Duration startup) {
  if (!server.find("deployments", {.namespace_ = shop, .name = web})) return;
  const std::string next = image_of(++version_);
  defects_[next] = defect;
  cluster.health[next] = {.starts = defect != Defect::Crashes,
                          .ready = defect != Defect::NeverReady,
                          .status = defect == Defect::Returns503 ? 503 : 200,
                          .hangs = defect == Defect::Hangs,
                          .startup = startup,
                          .startup_status = startup > seconds(1) ? 503 : 200};
  // Pods of a defective revision fail with and without an outage, so they do not show the outage.
  outage_is_undetectable_ = cluster.outage && (outage_is_undetectable_ || is_defective(running_));
  running_ = next;
  ship(web, next);
  trace(fmt::format("{} is released", next));
}

void History::set_outage(bool on) {
  const bool was_on = cluster.outage;
  cluster.outage = on;
  if (!on || was_on) return;
  // Old pods show the outage after they were measured twice in it.
  outage_is_undetectable_ = true;
  run_for(seconds(25));
  outage_is_undetectable_ = !has_old_pods() || is_disturbed();
}

// A pod of an older revision that works and can be probed. Pods on a dead node stay in the API.
bool History::has_old_pods() const {
  const auto shows_outage = [&](const Json* pod) {
    const std::string image = text(*pod, "/spec/containers/0/image");
    return image != running_ && !is_defective(image) &&
           !cluster.nodes.dead.contains(text(*pod, "/spec/nodeName"));
  };
  return std::ranges::any_of(server.all("pods"), shows_outage);
}

void History::set_path(bool wrong) {
  Json checks = quick_policy()["checks"];
  if (wrong) checks[0]["http"]["path"] = "/wrong";
  merge_patch("rollbackpolicies", web, {{"spec", {{"checks", checks}}}});
  if (cluster.outage && !has_old_pods()) outage_is_undetectable_ = true;
}

void History::recreate(Duration pause) {
  delete_deployment(web);
  running_.clear();
  run_for(pause);
  const std::string image = image_of(++version_);
  defects_[image] = Defect::None;
  running_ = image;
  outage_is_undetectable_ = cluster.outage;
  deploy(web, image, {{"lastgood.dev/policy", web}}, replicas_);
}

void History::set_newer_value(const HistoryEvent& event) {
  const NewerField& field = newer_fields.at(static_cast<std::size_t>(event.value));
  const auto objects = server.all(field.plural);
  const auto found = std::ranges::find_if(
      objects, [&](const Json* object) { return object->contains(Pointer(field.pointer)); });
  if (found == objects.end()) return;
  const Key key = key_of(**found);
  const Json before = (*found)->at(Pointer(field.pointer));
  if (before == "Newer") return;
  server.change(field.plural, key, [&](Json& object) { object[Pointer(field.pointer)] = "Newer"; });
  clock.call_at(clock.monotonic_now() + event.time,
                [this, &field, key, before] { restore_value(field, key, before); });
}

void History::restore_value(const NewerField& field, const Key& key, const Json& before) {
  const Json* object = server.find(field.plural, key);
  if (!object) return;
  if (text(*object, field.pointer) != "Newer")
    fail(fmt::format("overwritten: {}{} of a newer version", field.plural, field.pointer));
  server.change(field.plural, key,
                [&](Json& changed) { changed[Pointer(field.pointer)] = before; });
}

void History::observe() {
  observe_image();
  report_violations();
  const auto now = state(web);
  const std::string shown =
      now ? fmt::format("{} {}", api::to_string(now->state),
                        now->reason == api::Reason::None ? "" : api::to_string(now->reason))
          : "no guard";
  if (shown == shown_state_) return;
  shown_state_ = shown;
  trace("  " + shown);
}

void History::report_violations() {
  while (reported_ < violations().size()) fail("violation: " + violations()[reported_++]);
}

// Notes a rollback, if the last write was one.
void History::observe_image() {
  const std::string restored = image(web);
  if (restored == running_) return;
  const Json* deployment = server.find("deployments", {.namespace_ = shop, .name = web});
  if (!deployment) return;
  const std::string name = text(*deployment, rolled_back_by);
  const Json* rollback = server.find("rollbacks", {.namespace_ = shop, .name = name});
  const bool is_manual = name.starts_with("manual-");
  const bool is_presumed = rollback && text(*rollback, "/spec/to/verdict") == "PresumedGood";
  const bool helps = is_defective(running_) && (!is_defective(restored) || is_presumed);
  if (!helps && !is_manual && !outage_is_undetectable_)
    fail(fmt::format("harmful rollback: {} -> {}", running_, restored));
  trace(fmt::format("  rolled back from {} to {} by {}", running_, restored, name));
  running_ = restored;
}

bool History::is_defective(const std::string& image) const {
  const auto found = defects_.find(image);
  return found != defects_.end() && found->second != Defect::None;
}

std::string History::leader() const {
  const std::string holder = lease_holder();
  return holder.empty() ? "one" : holder;
}

std::string History::controller(int which) const {
  const bool is_one = (leader() == "one") == (which == 0);
  return is_one ? "one" : "two";
}

std::string History::message() const {
  const Json* guard = server.find("deploymentguards", {.namespace_ = shop, .name = web});
  return guard ? text(*guard, "/status/message") : "";
}

void History::trace(const std::string& line) {
  const auto total = (clock.monotonic_now() - began_) / seconds(1);
  result_.trace.push_back(
      fmt::format("{:02}:{:02}:{:02}  {}", total / 3600, total / 60 % 60, total % 60, line));
}

void History::fail(const std::string& failure) {
  result_.failures.push_back(failure);
  trace("FAILURE  " + failure);
}

}  // namespace lastgood::simulation
