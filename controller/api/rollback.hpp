// Rollback: one rollback, its intent, evidence and outcome. Written before the Deployment is touched.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/guard.hpp"
#include "api/meta.hpp"

namespace lastgood::api {

enum class RollbackPhase : std::uint8_t {
  Pending,           // recorded; the Deployment is not yet known to be touched
  TemplateRestored,  // the template patch is acknowledged
  Restored,          // field ownership is restored too; rolling out
  Verifying,         // rolled out; judged by the same checks
  Succeeded,
  Failed,      // the restored revision did not roll out in time, or failed its checks
  Superseded,  // a newer choice of a person came first: nothing (more) was done
};
[[nodiscard]] const char* to_string(RollbackPhase phase);
[[nodiscard]] std::optional<RollbackPhase> parse_phase(std::string_view text);
[[nodiscard]] bool finished(RollbackPhase phase);

struct RollbackSpec {
  std::string deployment;  // name; the namespace is the Rollback's
  Uid deployment_uid;
  std::int64_t generation = 0;        // metadata.generation of the Deployment that carries the bad template
  Revision from;                      // hash, replica_set, number
  Revision to;                        // and kept_as: the ControllerRevision whose template is put back
  std::string check;                  // the breached check
  std::string reason;                 // its reason: WrongStatus, CrashLoop, ...
  std::string message;                // value and threshold
  std::optional<Time> detected = {};  // when the check was breached
  bool operator==(const RollbackSpec&) const = default;
};

struct RollbackStatus {
  RollbackPhase phase = RollbackPhase::Pending;
  std::string message;
  std::optional<Time> first_failure = {};  // the first failing sample of the row
  std::optional<Time> template_restored = {};
  std::optional<Time> rolled_out = {};
  std::optional<Time> finished = {};
  std::vector<CheckStatus> evidence = {};  // every check as it stood at the decision
  Conditions conditions = {};
  bool operator==(const RollbackStatus&) const = default;
};

struct Rollback {
  ObjectMeta meta;
  RollbackSpec spec = {};
  RollbackStatus status = {};
  bool operator==(const Rollback&) const = default;
};

}  // namespace lastgood::api
