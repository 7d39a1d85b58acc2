// The events of one Deployment since its last reconcile. The watches and the checks only append
// to the inbox. The next reconcile, or the present one while it gathers its inputs, folds the
// entries into the state of the Deployment, oldest first.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "api/measurement.hpp"
#include "api/policy.hpp"
#include "api/rollback.hpp"
#include "checks/responders.hpp"

namespace lastgood::guard {

// A check measured a revision.
struct MeasurementArrived {
  Uid deployment;
  TemplateHash hash;  // of the measured revision
  api::Measurement measurement;
  // As in the policy when the measurement began. Absent for the rollout check.
  std::optional<api::Check> check = {};
  std::vector<checks::Responder> responders = {};  // pods of any revision that responded
};

// A run of the check has ended, with or without a measurement. So the check may be started again.
struct CheckEnded {
  Uid deployment;
  std::string check;
};

// Alertmanager sent alerts that may be about the Deployment. The checks read them in their next
// turns: runs in between would count one alert as several consecutive failures.
struct AlertsArrived {
  Uid deployment;
  std::vector<api::ReceivedAlert> alerts;
};

// The rollout or a pod of the Deployment changed, or its pods are in sync again. The rollout check
// runs soon.
struct RolloutChanged {
  MonotonicTime at;
};

// A user deleted the DeploymentGuard.
struct GuardDeleted {
  Uid guard;
};

// A user removed status.freeze of the DeploymentGuard.
struct FreezeRemoved {
  Uid guard;
};

// The watch shows a new or changed Rollback of the Deployment, for example an approval.
struct RollbackSeen {
  Uid rollback;
  bool approved = false;
  bool is_finished = false;
};

// A user deleted the Rollback.
struct RollbackDeleted {
  Uid rollback;
  Time at;
};

using InboxEntry = std::variant<MeasurementArrived, CheckEnded, AlertsArrived, RolloutChanged,
                                GuardDeleted, FreezeRemoved, RollbackSeen, RollbackDeleted>;
using Inbox = std::vector<InboxEntry>;

// The entry may start a rollback: a check has failed. Its Deployment is reconciled before those
// with other news, so that a rollback does not wait for the status of hundreds of others.
[[nodiscard]] bool is_urgent(const InboxEntry& entry);

}  // namespace lastgood::guard
