#include "simulation/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "shell/manager.hpp"

namespace lastgood::simulation {

namespace asio = boost::asio;
using codec::Json;
using api::Verb;
using Pointer = Json::json_pointer;

namespace {

class Silence final : public ports::Telemetry {
 public:
  void leader(bool) override {}
  void guarded(std::size_t) override {}
  void sample(std::string_view, std::string_view) override {}
  void state_entered(std::string_view, std::string_view) override {}
  void rollback_finished(std::string_view) override {}
  void decision_to_patch(Duration) override {}
  void api_call(std::string_view, int, Duration) override {}
  void watch_restarted(std::string_view, std::string_view) override {}
  void reconciled(Duration) override {}
};

// Asks the pods of the cluster, each as healthy as its image.
class Prober final : public ports::Prober {
 public:
  Prober(const Cluster& cluster, VirtualClock& clock) : cluster_(cluster), clock_(clock) {}

  asio::awaitable<ports::HttpAnswer> ask(ports::HttpQuestion question) override {
    using api::HttpOutcome;
    const Steady began = clock_.steady();
    const Health health = cluster_.health_at(question.host);
    const Duration needed = health.hangs ? Duration::max() : health.answers_in;
    co_await clock_.sleep_until(began + std::min(needed, question.timeout));
    ports::HttpAnswer answer{.took = clock_.steady() - began};
    if (needed >= question.timeout) co_return answer;
    const bool was_stopped = !cluster_.has_pod_at(question.host);
    answer.outcome = health.status == 0 || was_stopped ? HttpOutcome::Refused : HttpOutcome::Answered;
    answer.status = health.status;
    co_return answer;
  }

 private:
  const Cluster& cluster_;
  VirtualClock& clock_;
};

std::string text(const Json& object, const char* pointer) { return object.value(Pointer(pointer), std::string()); }

std::string path_of(const char* prefix, const char* plural, const std::string& name = "") {
  return fmt::format("{}/namespaces/{}/{}{}{}?fieldManager=kubectl-client", prefix, shop, plural, name.empty() ? "" : "/", name);
}

}  // namespace

// One controller. Destroyed, it is as if it had been killed: no coroutine of it is resumed again.
class Process final : public asio::io_context {
 public:
  Process(World& world, const std::string& who, const Lease& lease)
      : client_(world.server, world.clock, who, world.script), prober_(world.cluster, world.clock) {
    shell::Settings settings;
    settings.identity = who;
    settings.lease = {.lease = {.namespace_ = "lastgood-system", .name = "lastgood"},
                      .identity = who,
                      .lease_duration = lease.duration,
                      .renew_deadline = lease.renew_deadline,
                      .retry_period = lease.retry_period};
    settings.uniform = [] { return 0.5; };
    settings.breaker = world.breaker;
    const shell::Ports ports{.clock = world.clock, .kube = client_, .prober = prober_, .telemetry = silence_};
    manager_ = shell::Manager::create(get_executor(), ports, std::move(settings)).value();
    asio::co_spawn(get_executor(), manager_->run(), [this](const std::exception_ptr& error) {
      ended_ = true;
      if (error) std::rethrow_exception(error);
    });
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  // Coroutines end first: they refer to the manager and to us.
  ~Process() { shutdown(); }

  shell::Manager& manager() { return *manager_; }
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  Client client_;
  Prober prober_;
  Silence silence_;
  std::unique_ptr<shell::Manager> manager_;
  bool ended_ = false;
};

World::World() {
  server.on_change = [this](const std::string& plural, const Json& object) { cluster.changed(plural, object); };
  server.on_write = [this](const Write& write) { on_write(write); };
}

World::~World() = default;

Answer World::person(const api::ApiCall& call) { return server.handle("alice", call); }

void World::write_policy(const std::string& name, Json spec) {
  const Json policy{{"metadata", {{"name", name}}}, {"spec", std::move(spec)}};
  person({.verb = Verb::Post, .target = path_of("/apis/lastgood.dev/v1alpha1", "rollbackpolicies"), .body = policy.dump()});
}

void World::deploy(const std::string& name, const std::string& image, Json annotations, int replicas) {
  const Json labels{{"app", name}};
  const Json container{{"name", "app"}, {"image", image}, {"env", Json::array({{{"name", "HEALTH"}, {"value", image}}})}};
  const Json deployment{
      {"metadata", {{"name", name}, {"annotations", std::move(annotations)}}},
      {"spec",
       {{"replicas", replicas},
        {"selector", {{"matchLabels", labels}}},
        {"template", {{"metadata", {{"labels", labels}}}, {"spec", {{"containers", Json::array({container})}}}}}}}};
  person({.verb = Verb::Post, .target = path_of("/apis/apps/v1", "deployments"), .body = deployment.dump()});
}

void World::ship(const std::string& name, const std::string& image) {
  const Json patch =
      Json::array({{{"op", "replace"}, {"path", "/spec/template/spec/containers/0/image"}, {"value", image}},
                   {{"op", "replace"}, {"path", "/spec/template/spec/containers/0/env/0/value"}, {"value", image}}});
  person({.verb = Verb::Patch,
          .target = path_of("/apis/apps/v1", "deployments", name),
          .body = patch.dump(),
          .content_type = std::string(api::json_patch)});
}

void World::merge(const std::string& plural, const std::string& name, const Json& patch) {
  const char* prefix = plural == "deployments" ? "/apis/apps/v1" : "/apis/lastgood.dev/v1alpha1";
  person({.verb = Verb::Patch,
          .target = path_of(prefix, plural.c_str(), name),
          .body = patch.dump(),
          .content_type = std::string(api::merge_patch)});
}

void World::remove_deployment(const std::string& name) {
  person({.verb = Verb::Delete, .target = path_of("/apis/apps/v1", "deployments", name)});
}

void World::start(const std::string& who, Lease lease) {
  promises_.add_controller(who);
  processes_[who] = std::make_unique<Process>(*this, who, lease);
}

void World::kill(const std::string& who) { processes_.erase(who); }

void World::stop(const std::string& who) { processes_.at(who)->manager().stop(); }

bool World::runs(const std::string& who) const {
  const auto found = processes_.find(who);
  return found != processes_.end() && !found->second->ended();
}

void World::kill_at_write(int number) { kill_at_ = writes_ + number; }

void World::on_write(const Write& write) {
  promises_.check(write);
  if (!promises_.is_controller(write.user) || write.route.plural == "leases") return;
  if (++writes_ == kill_at_) doomed_ = write.user;
  if (at_each_write) at_each_write();
}

// One turn of one process, each in its order. False: nobody has anything to do at this time.
bool World::turn() {
  auto process = processes_.upper_bound(last_turn_);
  for (std::size_t tried = 0; tried < processes_.size(); ++tried, ++process) {
    if (process == processes_.end()) process = processes_.begin();
    process->second->restart();
    if (process->second->poll_one() == 0) continue;
    last_turn_ = process->first;
    if (!doomed_.empty()) kill(std::exchange(doomed_, {}));
    return true;
  }
  return false;
}

void World::run_for(Duration time) {
  run_until([] { return false; }, time);
}

bool World::run_until(const std::function<bool()>& is_so, Duration limit) {
  const Steady end = clock.steady() + limit;
  for (;;) {
    while (turn()) {
    }
    if (is_so()) return true;
    const auto next = clock.next();
    if (!next || *next > end) break;
    clock.advance();
  }
  clock.advance_to(end);
  return false;
}

std::string World::image(const std::string& name) const {
  const Json* deployment = server.find("deployments", {shop, name});
  return deployment ? text(*deployment, "/spec/template/spec/containers/0/image") : "";
}

bool World::rolled_out(const std::string& name) const {
  const Json* deployment = server.find("deployments", {shop, name});
  if (!deployment) return false;
  const auto parsed = codec::parse_deployment(*deployment);
  return parsed && api::rollout_complete(*parsed);
}

std::string World::state(const std::string& name) const {
  const Json* guard = server.find("deploymentguards", {shop, name});
  return guard ? text(*guard, "/status/state") + "/" + text(*guard, "/status/reason") : "";
}

Json World::owners_of_template(const std::string& name) const {
  Json owners = Json::object();
  const Json* deployment = server.find("deployments", {shop, name});
  if (!deployment) return owners;
  for (const Json& entry : (*deployment)["metadata"]["managedFields"]) {
    const Json fields = entry.value(Pointer("/fieldsV1/f:spec/f:template"), Json::object());
    if (!fields.empty()) owners[text(entry, "/manager")] = fields;
  }
  return owners;
}

std::vector<std::string> World::rollbacks() const {
  std::vector<std::string> out;
  for (const Json* rollback : server.all("rollbacks")) {
    out.push_back(text(*rollback, "/metadata/name") + ": " + text(*rollback, "/status/phase"));
  }
  return out;
}

std::vector<std::string> World::events() const {
  std::vector<const Json*> all = server.all("events");
  std::ranges::sort(all, {}, [](const Json* event) { return std::stoull(text(*event, "/metadata/resourceVersion")); });
  std::vector<std::string> out;
  for (const Json* event : all) out.push_back(text(*event, "/reason"));
  return out;
}

std::vector<Write> World::controllers_writes() const {
  std::vector<Write> out;
  std::ranges::copy_if(server.writes(), std::back_inserter(out),
                       [&](const Write& write) { return promises_.is_controller(write.user) && write.route.plural != "leases"; });
  return out;
}

int World::template_changes() const {
  return static_cast<int>(std::ranges::count_if(controllers_writes(), &Write::changed_template));
}

Json quick_policy() {
  return {{"bakeTime", "20s"},
          {"checks", Json::array({{{"name", "health"},
                                   {"http", {{"target", "Pods"}, {"port", 8080}, {"path", "/health"}, {"timeout", "1s"}}},
                                   {"interval", "4s"},
                                   {"failureThreshold", 3}}})},
          {"rollback", {{"verifyFor", "8s"}, {"cooldown", "0s"}}}};
}

}  // namespace lastgood::simulation
