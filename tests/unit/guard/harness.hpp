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
  DeploymentHarness& roll_out_partly();  // until all but one replica are updated
  DeploymentHarness& scale(std::int64_t replicas);
  DeploymentHarness& pass_time(Duration duration);
  DeploymentHarness& recreate();  // deleted, and created again under the same name
  DeploymentHarness& opt_out();
  DeploymentHarness& opt_in();
  DeploymentHarness& break_policy();
  DeploymentHarness& repair_policy();
  DeploymentHarness& suspend() { return set_suspended(true); }  // the policy
  DeploymentHarness& unsuspend() { return set_suspended(false); }
  DeploymentHarness& set_suspended(bool value);
  DeploymentHarness& pause() { return set_paused(true); }  // the Deployment
  DeploymentHarness& unpause() { return set_paused(false); }
  DeploymentHarness& set_paused(bool value);
  DeploymentHarness& request_rollback(api::RollbackSpec spec = {});  // a manual Rollback
  DeploymentHarness& approve();                                      // the pending Rollback

  // Calls decide() once, and executes the action unless `executes_actions` is false.
  DeploymentHarness& reconcile(Measurements measurements = {});
  // Reconciles every 10s with the same measurements.
  DeploymentHarness& reconcile_for(Duration duration, const Measurements& measurements);
  // Reconciles every 10s while both checks pass.
  DeploymentHarness& pass_checks_for(Duration duration);
  // Three reconciles, 10s apart, in which check health fails.
  DeploymentHarness& fail_three_times();

  // Another process takes over. It knows only what the API server has: the Rollbacks, and the guard
  // `stored_guard`. restart_with() gives it `stored` instead, for example an older write.
  DeploymentHarness& restart();
  DeploymentHarness& restart_with(const api::GuardStatus& stored);

  [[nodiscard]] StateAndReason state() const { return {guard.state, guard.reason}; }
  [[nodiscard]] std::optional<HashAndVerdict> current() const;
  [[nodiscard]] std::optional<RevisionVerdict> verdict(const std::string& hash) const;
  [[nodiscard]] std::optional<RollbackPhase> phase() const;  // of `rollback`
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
  // The result of each preflight, without its time, generation and target: inputs() fills them in
  // as if the preflight had just run. Empty: no preflight ever ends.
  std::optional<api::Preflight> preflight =
      api::Preflight{.ready = api::ConditionStatus::True, .reason = Reason::Ready};
  api::GuardStatus guard = {};
  api::GuardStatus stored_guard = {};  // as the API server has it
  std::optional<api::Rollback> rollback = {};
  Time now = noon;
  Plan last_plan = {};
  std::vector<EventRecord> events = {};
  std::vector<api::ReplicaSet> replica_sets = {};
  std::vector<api::GuardStatus> guard_writes = {};  // oldest first
  // As the API server has them, by name.
  std::map<std::string, api::Rollback> stored_rollbacks = {};

  std::string observed_record = {};  // the last Rollback of mode Observe; empty: unknown
  // In state Idle, every check passes for the current revision as soon as the revision is known.
  // Otherwise no check of the policy would be established, and none could cause a rollback.
  bool establishes_checks = true;
  bool executes_actions = true;
  bool can_record = true;    // Rollbacks can be created
  bool can_snapshot = true;  // ControllerRevisions can be created
  // How many writes of a rollback still succeed. Its writes are: the template, the status of the
  // Rollback, and the field ownership together with the status.
  int writes_allowed = 100;
  int restorations = 0;  // how often Lastgood has restored a template
  // Rollbacks that the controller has created, except drills and records of mode Observe.
  int rollbacks_created = 0;

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
// v2 is deployed an hour after v1, is rolled out completely, and bakes.
[[nodiscard]] DeploymentHarness baking_v2(api::Mode mode = api::Mode::Enforce);
// v2 is breached and its Rollback is recorded. The Deployment still has the template v2.
[[nodiscard]] DeploymentHarness pending_rollback(api::Mode mode = api::Mode::Enforce);
// v2 was rolled back: v1 is restored and rolls out.
[[nodiscard]] DeploymentHarness restored_v1();

}  // namespace lastgood::guard::test
