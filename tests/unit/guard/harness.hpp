// A model of one Deployment in a cluster, for tests of decide(): time passes, users change the
// Deployment, checks give measurements, and each reconcile calls decide() once and executes the
// action of the plan as Kubernetes and the executor would. The harness decides nothing itself.
#pragma once

#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "guard/decide.hpp"
#include "guard/inputs.hpp"
#include "unit/guard/fixtures.hpp"

namespace lastgood::guard::test {

// The alternatives of Action, in the same order.
enum class ActionKind : std::uint8_t {
  None,
  StartRollback,
  ResumeRollback,
  CreateSnapshot,
  BindRequest,
  RecordObserved,
  RunDrill,
};
std::ostream& operator<<(std::ostream& out, ActionKind kind);

struct HashAndVerdict {
  std::string hash;
  RevisionVerdict verdict = RevisionVerdict::Evaluating;
  bool operator==(const HashAndVerdict&) const = default;
};
std::ostream& operator<<(std::ostream& out, const HashAndVerdict& revision);

class DeploymentHarness {
 public:
  DeploymentHarness();

  // Actions of users and of Kubernetes. A template is named by its hash.
  DeploymentHarness& ship(const std::string& hash);  // with its ReplicaSet
  DeploymentHarness& ship_without_replica_set(const std::string& hash);
  DeploymentHarness& roll_out();         // until all replicas are available
  DeploymentHarness& roll_out_partly();  // observed, but one replica is not updated
  DeploymentHarness& scale(std::int64_t replicas);
  DeploymentHarness& pass_time(Duration duration);
  DeploymentHarness& recreate();  // deleted, and created again under the same name
  DeploymentHarness& opt_out();
  DeploymentHarness& opt_in();
  DeploymentHarness& break_policy();
  DeploymentHarness& suspend(bool value = true);
  DeploymentHarness& pause(bool value = true);
  DeploymentHarness& request_rollback(api::RollbackSpec spec = {});  // a manual Rollback
  DeploymentHarness& approve();                                      // the pending Rollback

  // Calls decide() once, and executes the action unless `executes_actions` is false.
  DeploymentHarness& reconcile(Measurements measurements = {});
  // Reconciles every 10s with the same measurements.
  DeploymentHarness& reconcile_for(Duration duration, const Measurements& measurements);
  // The same with both checks passing.
  DeploymentHarness& pass_checks_for(Duration duration);
  DeploymentHarness& fail_three_times();  // check health, in three reconciles 10s apart

  // Another process takes over and knows only what the API server has.
  DeploymentHarness& restart();
  DeploymentHarness& restart_with(const api::GuardStatus& persisted);

  [[nodiscard]] StateAndReason state() const { return {guard.state, guard.reason}; }
  [[nodiscard]] std::optional<HashAndVerdict> current() const;
  [[nodiscard]] std::optional<RevisionVerdict> verdict(const std::string& hash) const;
  [[nodiscard]] std::optional<RollbackPhase> phase() const;  // of the known Rollback
  [[nodiscard]] ActionKind action() const;                   // of the last plan
  [[nodiscard]] std::string deployed_template() const { return deployment.template_digest.value; }
  [[nodiscard]] int emitted(Reason reason) const;  // how many Events with that reason
  [[nodiscard]] std::optional<Duration> requeue_after() const;
  [[nodiscard]] Inputs inputs(Measurements measurements = {}) const;

  api::Deployment deployment;
  policy::EffectivePolicy policy = web_policy();
  std::optional<api::TemplateAuthor> author = user;
  std::optional<api::Rollback> request = {};
  Breaker breaker = {};
  std::vector<GroupMember> group = {};
  std::optional<api::Rollback> initiator = {};  // the Rollback that `rollback` follows
  // The result of each preflight. Time, generation and target are filled in as if it had just run.
  // Empty: no preflight ever ends.
  std::optional<api::Preflight> preflight =
      api::Preflight{.ready = api::ConditionStatus::True, .reason = Reason::Ready};
  api::GuardStatus guard = {};
  api::GuardStatus written = {};  // as the API server has it
  std::optional<api::Rollback> rollback = {};
  Time now = noon;
  Plan last_plan = {};
  std::vector<EventRecord> events = {};
  std::vector<api::ReplicaSet> sets = {};
  std::vector<api::GuardStatus> persisted = {};      // each write of the guard
  std::map<std::string, api::Rollback> server = {};  // Rollbacks by name

  bool executes_actions = true;
  bool can_record = true;    // Rollbacks can be created
  bool can_snapshot = true;  // ControllerRevisions can be created
  // How many writes of a rollback still succeed: template, status, ownership and status again.
  int writes_allowed = 100;
  int template_changes = 0;  // by Lastgood
  int records = 0;           // Rollbacks created, except drills and those that only record

 private:
  void execute(const Action& action);
  void create_record(const StartRollback& start);
  void bind_request(const BindRequest& bound);
  void run_drill(const RunDrill& run);
  void execute_rollback();  // all steps that are left
  void restore_template();
  void change_template(const std::string& hash);
};

// v1 is deployed, presumed good, and has a snapshot.
[[nodiscard]] DeploymentHarness running_v1();
// An hour later v2 is deployed over it, is rolled out completely, and bakes.
[[nodiscard]] DeploymentHarness baking_v2(api::Mode mode = api::Mode::Enforce);
// v2 is breached and its Rollback is recorded; the Deployment is not changed yet.
[[nodiscard]] DeploymentHarness pending_rollback(api::Mode mode = api::Mode::Enforce);
// v2 was rolled back: v1 is restored and rolls out.
[[nodiscard]] DeploymentHarness restored_v1();

}  // namespace lastgood::guard::test
