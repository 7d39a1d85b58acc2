// A Deployment's harness for tests: time passes, the inputs changes, measurements come, and each
// look decides once and does what was decided, as a cluster would. What it does on its own is only
// what Kubernetes and the executor do; it judges nothing.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "guard/decide.hpp"
#include "guard/inputs.hpp"
#include "support/printers.hpp"

namespace lastgood::guard::test {

using namespace std::chrono_literals;
using namespace lastgood::testing;
using api::RevisionVerdict;
using api::RollbackPhase;

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

inline constexpr Time noon{std::chrono::sys_days{std::chrono::year{2026} / 11 / 24} +
                           std::chrono::hours{12}};

[[nodiscard]] api::Measurement pass(const std::string& check);
[[nodiscard]] api::Measurement fails(const std::string& check);
[[nodiscard]] api::Measurement unknown(const std::string& check);
[[nodiscard]] api::Measurement fails_at_once(const std::string& check);
// It fails, and so does the same check for pods of the revision that would be put back.
[[nodiscard]] api::Measurement fails_as_before(const std::string& check, bool before);

inline const api::Author person{.name = "kubectl-client-side-apply"};
inline const api::Author machine{.name = "Argo CD (argocd-controller)", .is_machine = true};

// Governed by RollbackPolicy/web: bakeTime 10m, verifyFor 5m, one check "health" every 10s, three
// failures breach it.
[[nodiscard]] policy::EffectivePolicy web_policy();
[[nodiscard]] policy::EffectivePolicy broken_policy();

[[nodiscard]] api::ReplicaSet replica_set(const std::string& hash, bool is_current,
                                          std::int64_t number = 1);

class DeploymentHarness {
 public:
  DeploymentHarness();

  // The inputs.
  DeploymentHarness& ship(
      const std::string& hash);  // a person's new template; its ReplicaSet comes at once
  DeploymentHarness& ship_without_set(const std::string& hash);
  DeploymentHarness& roll_out();                    // completely
  DeploymentHarness& half_roll_out();               // observed, but not all are available
  DeploymentHarness& scale(std::int64_t replicas);  // the rollout is then no more complete
  DeploymentHarness& pass_time(Duration duration);
  DeploymentHarness& recreate();  // deleted, and made again under the same name
  DeploymentHarness& opt_out();
  DeploymentHarness& opt_in();
  DeploymentHarness& break_policy();
  DeploymentHarness& suspend(bool value = true);
  DeploymentHarness& pause(bool value = true);

  // A person asks for a Rollback of their own.
  DeploymentHarness& ask(api::RollbackSpec spec = {});
  DeploymentHarness& approve();  // the Rollback that waits for it

  // One look; what was decided is done unless `executor` is off.
  DeploymentHarness& look(std::vector<api::Measurement> measurements = {});
  // Looks every 10 s with the same measurements.
  DeploymentHarness& watch(Duration duration, const std::vector<api::Measurement>& measurements);
  // All that is well: both checks pass.
  DeploymentHarness& watch_well(Duration duration);
  DeploymentHarness& fail_thrice();  // three looks, 10 s apart, in which health fails

  // The process is gone; the next one knows what the server has.
  DeploymentHarness& restart();
  DeploymentHarness& restart_with(const api::GuardStatus& persisted);

  [[nodiscard]] StateAndReason state() const { return {guard.state, guard.reason}; }
  [[nodiscard]] std::optional<HashAndVerdict> current() const;
  [[nodiscard]] std::optional<RevisionVerdict> verdict(const std::string& hash) const;
  [[nodiscard]] std::optional<RollbackPhase> phase() const;  // of the known Rollback
  [[nodiscard]] ActionKind action() const;                   // of the last plan
  [[nodiscard]] std::string on_deployment() const { return deployment.template_digest.value; }
  [[nodiscard]] int emitted(Reason reason) const;            // events of that reason so far
  [[nodiscard]] std::optional<Duration> requeue_at() const;  // from now
  [[nodiscard]] Inputs inputs(std::vector<api::Measurement> measurements = {}) const;

  api::Deployment deployment;
  policy::EffectivePolicy policy = web_policy();
  std::optional<api::Author> author = person;
  std::optional<api::Rollback> request = {};
  Breaker breaker = {};
  std::vector<GroupMember> group = {};
  std::optional<api::Rollback> initiator = {};  // the one that it follows, as the watch has it
  // What a preflight comes to; that it is of this moment, and of the present generation and target,
  // is added. None: it never ends.
  std::optional<api::Preflight> preflight = api::Preflight{
      .ready = api::ConditionStatus::True, .reason = Reason::Ready, .message = "It would"};
  api::GuardStatus guard = {};
  api::GuardStatus written = {};  // as the server has it
  std::optional<api::Rollback> rollback = {};
  Time now = noon;
  Plan last = {};
  std::vector<EventRecord> events = {};
  std::vector<api::ReplicaSet> sets = {};
  std::vector<api::GuardStatus> persisted = {};  // each writing of the guard

  bool executor = true;      // carries out what was decided
  bool can_record = true;    // Rollbacks can be created
  bool can_snapshot = true;  // ControllerRevisions can be created
  int steps_allowed =
      100;  // writes of a rollback that succeed: template, its record, ownership with its record
  int template_changes = 0;                          // made by us
  int records = 0;                                   // Rollbacks created, to be carried out
  std::map<std::string, api::Rollback> server = {};  // Rollbacks by name

 private:
  void act_on(const Action& decided);
  void record(const StartRollback& start);
  void bind(const BindRequest& bound);
  void drill(const RunDrill& run);
  void carry_out();
  void put_back();
  void change_template(const std::string& hash);
};

}  // namespace lastgood::guard::test
