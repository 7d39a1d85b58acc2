// A cluster in memory on virtual time, with users and any number of controllers. Each controller is
// a real shell::Manager in its own simulated process, which a test can kill between any two awaits.
// The invariants are checked at each write of a controller.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "guard/breaker.hpp"
#include "simulation/fake/api_client.hpp"
#include "simulation/fake/cluster.hpp"
#include "simulation/fake/files.hpp"
#include "simulation/fake/metrics_server.hpp"
#include "simulation/invariants.hpp"
#include "support/printers.hpp"

namespace lastgood::simulation {

class ControllerProcess;

struct LeaseTimings {
  Duration duration = std::chrono::seconds(15);
  Duration renew_deadline = std::chrono::seconds(10);
  Duration retry_period = std::chrono::seconds(2);
};

struct NameAndPhase {
  std::string name;
  std::optional<api::RollbackPhase> phase = {};  // nothing if the status is not written yet
  bool operator==(const NameAndPhase&) const = default;
};
std::ostream& operator<<(std::ostream& out, const NameAndPhase& rollback);

class Simulation {
 public:
  Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;
  ~Simulation();

  // Actions of a user. Names are those of objects in namespace `shop`.
  void write_policy(const std::string& name, codec::Json spec);
  void deploy(const std::string& name, const std::string& image, codec::Json annotations,
              int replicas = 4);
  void ship(const std::string& name, const std::string& image);
  void merge_patch(const std::string& plural, const std::string& name, const codec::Json& patch);
  void annotate(const std::string& deployment, const codec::Json& annotations);
  void delete_deployment(const std::string& name);
  ApiResponse call_as_user(const api::ApiCall& call);
  // As an administrator who restores etcd from a backup and starts the API server again.
  void restore(const ApiServer::Backup& backup);

  // Gives the controller a message of Alertmanager. Returns the HTTP status that
  // cmd/lastgood-controller/wire.cpp would respond with, or 0 if there is no result within a
  // minute.
  int send_alerts(const std::string& controller, const codec::Json& message);

  // Starting and ending controllers.
  void start(const std::string& controller, LeaseTimings lease = {});
  // Like SIGKILL: the controller executes no further instruction.
  void kill(const std::string& controller);
  // Like SIGSTOP, and SIGCONT after this time.
  void suspend(const std::string& controller, Duration time);
  // Like SIGTERM.
  void stop(const std::string& controller);
  [[nodiscard]] bool is_running(const std::string& controller) const;
  // Why the readiness probe of the controller fails. Empty: it passes.
  [[nodiscard]] std::optional<std::string> not_ready(const std::string& controller) const;
  // Kills the controller that makes the `number`th write from now, after the server has handled
  // this write and before the response arrives. Counts the writes of all controllers, also dry runs
  // and rejected writes, but no writes of Leases.
  void kill_after_write(int number);
  // Kills the controller that makes the `number`th write from now, before the server gets it.
  // Counts the same writes, also those that never arrive at the server.
  void kill_before_write(int number);
  // The settings of the breaker, for controllers that are started later. The breaker holds all
  // rollbacks while too many Deployments fail. Here it is off (`rollbacks` is 0) by default.
  guard::BreakerSettings breaker{.rollbacks = 0};
  // How many other Deployments hold a release, if they began to fail at the same time.
  guard::SharedCauseSettings shared_cause = {};
  // The random source of controllers that are started later, for jitter.
  std::function<double()> random_source = [] { return 0.5; };
  // The clock of a controller minus that of the cluster, by controller. Absent: 0.
  std::map<std::string, Duration> clock_offsets;
  // Called after each write of a controller, except those of Leases.
  std::function<void()> at_each_write;

  void run_for(Duration time);
  // False if the condition did not become true within `limit`.
  bool run_until(const std::function<bool()>& condition, Duration limit);

  // The number of steps until now. A step is one handler of a controller, which runs from one await
  // to the next, or one timer of the virtual clock. Most timers are those of the fake cluster.
  [[nodiscard]] std::uint64_t steps() const { return steps_; }

  // Observations.
  [[nodiscard]] std::string image(const std::string& name) const;
  [[nodiscard]] bool is_rolled_out(const std::string& name) const;
  // The state of the DeploymentGuard. Nothing if it does not exist or has no status yet.
  [[nodiscard]] std::optional<testing::StateAndReason> state(const std::string& name) const;
  [[nodiscard]] bool is_in_state(const std::string& name, api::State state) const;
  // The fields of the template that each field manager owns.
  [[nodiscard]] codec::Json owners_of_template(const std::string& name) const;
  [[nodiscard]] std::vector<NameAndPhase> rollbacks() const;
  [[nodiscard]] std::vector<api::Reason> events() const;  // oldest first
  [[nodiscard]] std::string lease_holder() const;
  [[nodiscard]] std::vector<Write> writes_of_controllers() const;  // without those of Leases
  [[nodiscard]] int template_changes() const;                      // by controllers
  // How often a Deployment was added to the queue of the controller.
  [[nodiscard]] int keys_added(const std::string& controller) const;
  // The number of measurements of the controller, by the kind of the check, for example "http", and
  // by the result, for example "Fail".
  [[nodiscard]] int measurements(const std::string& controller, const std::string& kind,
                                 const std::string& result) const;
  [[nodiscard]] const Violations& violations() const { return invariants_.violations(); }

  VirtualClock clock;
  ApiServer server{clock};
  Cluster cluster{server, clock};
  MetricsServer metrics;  // responds to the queries and scrapes of the metrics checks
  FakeFiles files;
  // The folder with the credentials for the Prometheus of the Helm chart, for controllers that are
  // started later. Empty: there are no credentials.
  std::string credentials_folder;
  FaultScript script;
  // Called when a controller begins to send a call, for example to suspend it at this moment.
  SendHook at_each_send;

 private:
  friend class ControllerProcess;

  bool run_one_handler();
  [[nodiscard]] bool is_suspended(const std::string& controller) const;
  void on_write(const Write& write);
  void on_send(const Attempt& attempt);

  Invariants invariants_{server};
  std::map<std::string, std::unique_ptr<ControllerProcess>> processes_;
  std::map<std::string, MonotonicTime> suspended_until_;
  std::string last_process_run_;
  std::string process_to_kill_;
  SendHook send_hook_ = [this](const Attempt& attempt) { on_send(attempt); };
  std::uint64_t steps_ = 0;
  int counted_writes_ = 0;
  int kill_after_write_ = 0;
  int sent_writes_ = 0;
  int kill_before_write_ = 0;
};

// The namespace of the Deployments, policies and Rollbacks of all scenarios.
inline constexpr const char* shop = "shop";

// Bakes for 20 s and verifies for 8 s. Its check "health" probes /health every 4 s with a timeout
// of 1 s and a failure threshold of 3. There is no cooldown.
[[nodiscard]] codec::Json quick_policy();

}  // namespace lastgood::simulation
