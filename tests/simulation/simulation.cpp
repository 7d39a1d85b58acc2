#include "simulation/simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "codec/alertmanager_webhook.hpp"
#include "shell/manager.hpp"
#include "simulation/fake/null_telemetry.hpp"

namespace lastgood::simulation {

namespace asio = boost::asio;
using api::Verb;
using codec::Json;
using Pointer = Json::json_pointer;

namespace {

// Probes the pods of the cluster. Each pod is as healthy as its image.
class FakeProber final : public ports::Prober {
 public:
  FakeProber(const Cluster& cluster, VirtualClock& clock) : cluster_(cluster), clock_(clock) {}

  asio::awaitable<ports::ProbeResponse> probe(ports::ProbeRequest request) override {
    using api::ProbeOutcome;
    const MonotonicTime began = clock_.monotonic_now();
    const ImageHealth health = cluster_.health_at(request.host);
    const bool is_silent = health.hangs || health.is_blocked;
    const Duration needed = is_silent ? Duration::max() : health.latency;
    co_await clock_.sleep_until(began + std::min(needed, request.timeout));
    ports::ProbeResponse response{.connected = !health.is_blocked,
                                  .took = clock_.monotonic_now() - began};
    if (needed >= request.timeout) co_return response;
    const bool is_refused = health.status == 0 || !cluster_.has_pod_at(request.host);
    response.outcome = is_refused ? ProbeOutcome::ConnectionRefused : ProbeOutcome::Answered;
    response.status = health.status;
    if (cluster_.outage) response.status = 503;
    if (request.target != cluster_.health_path) response.status = 404;
    co_return response;
  }

 private:
  const Cluster& cluster_;
  VirtualClock& clock_;
};

// The clock of one controller, which may be wrong. `offset` may change at any time.
class ControllerClock final : public ports::Clock {
 public:
  ControllerClock(VirtualClock& clock, const Duration& offset) : clock_(clock), offset_(offset) {}

  [[nodiscard]] Time now() const override { return clock_.now() + offset_; }
  [[nodiscard]] MonotonicTime monotonic_now() const override { return clock_.monotonic_now(); }
  asio::awaitable<void> sleep_until(MonotonicTime when) override {
    return clock_.sleep_until(when);
  }

 private:
  VirtualClock& clock_;
  const Duration& offset_;
};

struct CountingTelemetry final : NullTelemetry {
  int keys_added = 0;
  void key_added() override { ++keys_added; }
  std::map<std::pair<std::string, std::string>, int> measurements;  // by kind and result
  void measurement(std::string_view kind, std::string_view result) override {
    ++measurements[{std::string(kind), std::string(result)}];
  }
};

std::string text(const Json& object, const char* pointer) {
  return object.value(Pointer(pointer), std::string());
}

constexpr const char* lease_namespace = "lastgood-system";
constexpr const char* lease_name = "lastgood";

std::string path_for_kubectl(const char* prefix, const char* plural, const std::string& name = "") {
  return fmt::format("{}/namespaces/{}/{}{}{}?fieldManager=kubectl-client", prefix, shop, plural,
                     name.empty() ? "" : "/", name);
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const NameAndPhase& rollback) {
  out << rollback.name << ' ';
  return rollback.phase ? out << *rollback.phase : out << "without a phase";
}

// One controller. Its destruction is like SIGKILL: none of its coroutines runs again.
class ControllerProcess final : public asio::io_context {
 public:
  ControllerProcess(Simulation& simulation, const std::string& name, const LeaseTimings& lease)
      : client_(simulation.server, simulation.clock, name, simulation.script,
                simulation.send_hook_),
        clock_(simulation.clock, simulation.clock_offsets[name]),
        prober_(simulation.cluster, simulation.clock),
        http_(simulation.metrics, simulation.clock) {
    shell::Settings settings;
    settings.identity = name;
    settings.lease = {.lease = {.namespace_ = lease_namespace, .name = lease_name},
                      .identity = name,
                      .lease_duration = lease.duration,
                      .renew_deadline = lease.renew_deadline,
                      .retry_period = lease.retry_period};
    settings.random_source = simulation.random_source;
    settings.fleet = {.breaker = simulation.breaker, .shared_cause = simulation.shared_cause};
    settings.metrics.prometheus_address = "http://prometheus.monitoring:9090";
    settings.metrics.prometheus_credentials = simulation.credentials_folder;
    const shell::Ports ports{.clock = clock_,
                             .kube = client_,
                             .prober = prober_,
                             .http = http_,
                             .files = simulation.files,
                             .telemetry = telemetry_};
    manager_ = shell::Manager::create(get_executor(), ports, std::move(settings)).value();
    asio::co_spawn(get_executor(), manager_->run(), [this](const std::exception_ptr& error) {
      has_ended_ = true;
      if (error) std::rethrow_exception(error);
    });
  }
  ControllerProcess(const ControllerProcess&) = delete;
  ControllerProcess& operator=(const ControllerProcess&) = delete;
  // Destroys the coroutines first: they refer to the members.
  ~ControllerProcess() { shutdown(); }

  shell::Manager& manager() { return *manager_; }
  [[nodiscard]] bool has_ended() const { return has_ended_; }
  [[nodiscard]] CountingTelemetry& telemetry() { return telemetry_; }

 private:
  ApiClient client_;
  ControllerClock clock_;
  FakeProber prober_;
  FakeHttpClient http_;
  CountingTelemetry telemetry_;
  std::unique_ptr<shell::Manager> manager_;
  bool has_ended_ = false;
};

Simulation::Simulation() {
  server.on_change = [this](const std::string& plural, const Json& object) {
    cluster.on_change(plural, object);
  };
  server.on_write = [this](const Write& write) { on_write(write); };
}

Simulation::~Simulation() = default;

ApiResponse Simulation::call_as_user(const api::ApiCall& call) {
  return server.handle("alice", call);
}

void Simulation::write_policy(const std::string& name, Json spec) {
  const Json policy{{"metadata", {{"name", name}}}, {"spec", std::move(spec)}};
  call_as_user({.verb = Verb::Post,
                .target = path_for_kubectl("/apis/lastgood.dev/v1alpha1", "rollbackpolicies"),
                .body = policy.dump()});
}

void Simulation::deploy(const std::string& name, const std::string& image, Json annotations,
                        int replicas) {
  const Json labels{{"app", name}};
  // VERSION is a second field that each release changes.
  const Json container{{"name", "app"},
                       {"image", image},
                       {"env", Json::array({{{"name", "VERSION"}, {"value", image}}})}};
  const Json deployment{{"metadata", {{"name", name}, {"annotations", std::move(annotations)}}},
                        {"spec",
                         {{"replicas", replicas},
                          {"selector", {{"matchLabels", labels}}},
                          {"template",
                           {{"metadata", {{"labels", labels}}},
                            {"spec", {{"containers", Json::array({container})}}}}}}}};
  call_as_user({.verb = Verb::Post,
                .target = path_for_kubectl("/apis/apps/v1", "deployments"),
                .body = deployment.dump()});
}

void Simulation::ship(const std::string& name, const std::string& image) {
  const Json patch = Json::array(
      {{{"op", "replace"}, {"path", "/spec/template/spec/containers/0/image"}, {"value", image}},
       {{"op", "replace"},
        {"path", "/spec/template/spec/containers/0/env/0/value"},
        {"value", image}}});
  call_as_user({.verb = Verb::Patch,
                .target = path_for_kubectl("/apis/apps/v1", "deployments", name),
                .body = patch.dump(),
                .content_type = std::string(api::json_patch)});
}

void Simulation::merge_patch(const std::string& plural, const std::string& name,
                             const Json& patch) {
  const char* prefix = plural == "deployments" ? "/apis/apps/v1" : "/apis/lastgood.dev/v1alpha1";
  call_as_user({.verb = Verb::Patch,
                .target = path_for_kubectl(prefix, plural.c_str(), name),
                .body = patch.dump(),
                .content_type = std::string(api::merge_patch)});
}

void Simulation::annotate(const std::string& deployment, const Json& annotations) {
  merge_patch("deployments", deployment, {{"metadata", {{"annotations", annotations}}}});
}

void Simulation::delete_deployment(const std::string& name) {
  call_as_user(
      {.verb = Verb::Delete, .target = path_for_kubectl("/apis/apps/v1", "deployments", name)});
}

void Simulation::start(const std::string& controller, LeaseTimings lease) {
  invariants_.add_controller(controller);
  processes_[controller] = std::make_unique<ControllerProcess>(*this, controller, lease);
}

void Simulation::suspend(const std::string& controller, Duration time) {
  suspended_until_[controller] = clock.monotonic_now() + time;
  // A timer, so that the process runs again at this time.
  clock.call_at(suspended_until_[controller], [] {});
}

bool Simulation::is_suspended(const std::string& controller) const {
  const auto until = suspended_until_.find(controller);
  return until != suspended_until_.end() && clock.monotonic_now() < until->second;
}

void Simulation::kill(const std::string& controller) { processes_.erase(controller); }

void Simulation::stop(const std::string& controller) {
  processes_.at(controller)->manager().stop();
}

int Simulation::send_alerts(const std::string& controller, const Json& message) {
  ControllerProcess& process = *processes_.at(controller);
  // Shared with the coroutine, which may outlive this call.
  const auto status = std::make_shared<int>(0);
  asio::co_spawn(process.get_executor(), process.manager().receive_alerts(message.dump()),
                 [status](const std::exception_ptr& error, const Result<void>& stored) {
                   if (error) return;
                   *status = stored ? 200 : codec::webhook_status(stored.error().kind);
                 });
  run_until([&] { return *status != 0; }, std::chrono::minutes(1));
  return *status;
}

std::optional<std::string> Simulation::not_ready(const std::string& controller) const {
  return processes_.at(controller)->manager().not_ready();
}

bool Simulation::is_running(const std::string& controller) const {
  const auto found = processes_.find(controller);
  return found != processes_.end() && !found->second->has_ended();
}

void Simulation::kill_before_write(int number) { kill_before_write_ = sent_writes_ + number; }

void Simulation::kill_after_write(int number) { kill_after_write_ = counted_writes_ + number; }

void Simulation::on_write(const Write& write) {
  invariants_.check(write);
  if (!invariants_.is_controller(write.user) || write.route.plural == "leases") return;
  if (++counted_writes_ == kill_after_write_) process_to_kill_ = write.user;
  if (at_each_write) at_each_write();
}

void Simulation::on_send(const Attempt& attempt) {
  if (at_each_send) at_each_send(attempt);
  if (!attempt.is_write() || attempt.targets("/leases")) return;
  if (++sent_writes_ == kill_before_write_) process_to_kill_ = attempt.user;
}

void Simulation::restore(const ApiServer::Backup& backup) {
  invariants_.forget_history();
  server.restore(backup);
  cluster.resume();
}

// Runs one handler of one process. The processes take turns. False if no process has a handler to
// run at this time.
bool Simulation::run_one_handler() {
  auto process = processes_.upper_bound(last_process_run_);
  for (std::size_t tried = 0; tried < processes_.size(); ++tried, ++process) {
    if (process == processes_.end()) process = processes_.begin();
    if (is_suspended(process->first)) continue;
    process->second->restart();
    if (process->second->poll_one() == 0) continue;
    ++steps_;
    last_process_run_ = process->first;
    if (!process_to_kill_.empty()) kill(std::exchange(process_to_kill_, {}));
    return true;
  }
  return false;
}

void Simulation::run_for(Duration time) {
  run_until([] { return false; }, time);
}

bool Simulation::run_until(const std::function<bool()>& condition, Duration limit) {
  const MonotonicTime end = clock.monotonic_now() + limit;
  for (;;) {
    while (run_one_handler()) {
    }
    if (condition()) return true;
    const auto next = clock.next();
    if (!next || *next > end) break;
    clock.advance();
    ++steps_;
  }
  clock.advance_to(end);
  return false;
}

std::string Simulation::image(const std::string& name) const {
  const Json* deployment = server.find("deployments", {shop, name});
  return deployment ? text(*deployment, "/spec/template/spec/containers/0/image") : "";
}

bool Simulation::is_rolled_out(const std::string& name) const {
  const Json* deployment = server.find("deployments", {shop, name});
  if (!deployment) return false;
  const auto parsed = codec::parse_deployment(*deployment);
  return parsed && api::rollout_complete(*parsed);
}

std::optional<testing::StateAndReason> Simulation::state(const std::string& name) const {
  const Json* guard = server.find("deploymentguards", {shop, name});
  if (!guard) return std::nullopt;
  const auto state = api::parse_state(text(*guard, "/status/state"));
  const auto reason = api::parse_reason(text(*guard, "/status/reason"));
  if (!state || !reason) return std::nullopt;
  return testing::StateAndReason{.state = *state, .reason = *reason};
}

bool Simulation::is_in_state(const std::string& name, api::State state) const {
  const auto present = this->state(name);
  return present && present->state == state;
}

Json Simulation::owners_of_template(const std::string& name) const {
  Json owners = Json::object();
  const Json* deployment = server.find("deployments", {shop, name});
  if (!deployment) return owners;
  for (const Json& entry : (*deployment)["metadata"]["managedFields"]) {
    const Json fields = entry.value(Pointer("/fieldsV1/f:spec/f:template"), Json::object());
    if (!fields.empty()) owners[text(entry, "/manager")] = fields;
  }
  return owners;
}

std::vector<NameAndPhase> Simulation::rollbacks() const {
  std::vector<NameAndPhase> out;
  for (const Json* rollback : server.all("rollbacks")) {
    out.push_back({.name = text(*rollback, "/metadata/name"),
                   .phase = api::parse_phase(text(*rollback, "/status/phase"))});
  }
  return out;
}

std::vector<api::Reason> Simulation::events() const {
  std::vector<const Json*> all = server.all("events");
  std::ranges::sort(all, {}, [](const Json* event) {
    return std::stoull(text(*event, "/metadata/resourceVersion"));
  });
  std::vector<api::Reason> out;
  for (const Json* event : all)
    out.push_back(api::parse_reason(text(*event, "/reason")).value_or(api::Reason::None));
  return out;
}

std::string Simulation::lease_holder() const {
  const Json* lease = server.find("leases", {lease_namespace, lease_name});
  return lease ? text(*lease, "/spec/holderIdentity") : "";
}

std::vector<Write> Simulation::writes_of_controllers() const {
  std::vector<Write> out;
  std::ranges::copy_if(server.writes(), std::back_inserter(out), [&](const Write& write) {
    return invariants_.is_controller(write.user) && write.route.plural != "leases";
  });
  return out;
}

int Simulation::template_changes() const {
  return static_cast<int>(std::ranges::count_if(server.writes(), [&](const Write& write) {
    return write.changed_template && invariants_.is_controller(write.user);
  }));
}

int Simulation::keys_added(const std::string& controller) const {
  return processes_.at(controller)->telemetry().keys_added;
}

int Simulation::measurements(const std::string& controller, const std::string& kind,
                             const std::string& result) const {
  return processes_.at(controller)->telemetry().measurements[{kind, result}];
}

Json quick_policy() {
  return {
      {"bakeTime", "20s"},
      {"checks",
       Json::array(
           {{{"name", "health"},
             {"http", {{"target", "Pods"}, {"port", 8080}, {"path", "/health"}, {"timeout", "1s"}}},
             {"interval", "4s"},
             {"failureThreshold", 3}}})},
      {"rollback", {{"verifyFor", "8s"}, {"cooldown", "0s"}}}};
}

}  // namespace lastgood::simulation
