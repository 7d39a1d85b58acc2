// The Rollback object of a release: its name, its first content, the changes of its status, and its
// relation to the status of the guard.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/constants.hpp"
#include "api/guard.hpp"
#include "api/rollback.hpp"
#include "api/workload.hpp"

namespace lastgood::rollback {

// The name of the first Rollback of a release: "web-7-1b4e" for generation 7 of Deployment web with
// a uid that begins with 1b4e. At most 253 bytes. The name is deterministic: if the controller
// restarts and decides again, it finds the Rollback that exists.
[[nodiscard]] std::string rollback_name(const api::Deployment& deployment);

// True if the Rollback was superseded or failed before the template patch. Then the release may get
// another Rollback.
[[nodiscard]] bool changed_nothing(const api::Rollback& rollback);

// True if the Rollback has the name of a first or later Rollback of this Deployment's generation.
[[nodiscard]] bool has_name_of_generation(const api::Rollback& rollback,
                                          const api::Deployment& deployment);

// rollback_name(), or a name with the next number if `last`, the last Rollback of the Deployment,
// changed nothing and has a name of this generation: "web-7-1b4e-2" after "web-7-1b4e".
[[nodiscard]] std::string next_rollback_name(const api::Deployment& deployment,
                                             const std::optional<api::Rollback>& last);

// A Rollback in phase Pending, with the evidence of the decision. guard.current must be set.
[[nodiscard]] api::Rollback new_rollback(const api::Deployment& deployment,
                                         const std::optional<api::Rollback>& last,
                                         const api::GuardStatus& guard,
                                         const api::CheckStatus& breach,
                                         const api::Revision& target, Time now);

// "revision 4 (web-6d4b75cb6d)": the number, and the name of the ReplicaSet.
[[nodiscard]] std::string name_of(const api::Deployment& deployment, const api::Revision& revision);
[[nodiscard]] std::string name_of(const std::string& deployment, const api::Revision& revision);

// "revision 4 (web-6d4b75cb6d), revision 3 (web-5f469685c7) and 2 more": at most 10 names.
[[nodiscard]] std::string names_of(const std::string& deployment,
                                   const std::vector<api::Revision>& revisions);

// The releases that a rollback from the current revision to `target` undoes, newest first: the
// current one, and those between it and the target that were not rolled back. Empty if
// guard.revisions does not have the target.
[[nodiscard]] std::vector<api::Revision> undone_releases(const api::GuardStatus& guard,
                                                         const api::Revision& target);

// ". It undoes 2 releases: revision 4 (web-6d4b75cb6d), revision 3 (web-5f469685c7)". Empty if the
// rollback undoes only one release.
[[nodiscard]] std::string undone_text(const api::RollbackSpec& spec);

// Sets spec.undone.
void record_undone(api::RollbackSpec& spec, const api::GuardStatus& guard);

// The cause of a rollback as a subordinate clause: "because check health is breached
// (WrongStatus)".
[[nodiscard]] std::string cause_text(const api::RollbackSpec& spec);

// Does nothing if the timeline has 20 entries.
void add_timeline_entry(api::RollbackStatus& status, const std::string& message, Time now);

// The status in `phase`, with its times, timeline, message and conditions. The conditions follow
// kstatus:
//
//   phase                  Reconciling   Succeeded   Stalled
//   not finished           True          Unknown     False
//   Succeeded              False         True        False
//   Superseded, Observed   False         False       False
//   Failed, Rejected       False         False       True: a user must act
[[nodiscard]] api::RollbackStatus advance(api::RollbackStatus status, api::RollbackPhase phase,
                                          const std::string& message, Time now);

// True if the guard is in a rollback that is not a drill: its state is RollingBack or Verifying, or
// its state is Held and the Rollback that it names is not finished. In Held, a Rollback that failed
// while it was pending counts as not finished until the guard has seen the failure.
[[nodiscard]] bool is_in_progress(const api::GuardStatus& guard,
                                  const std::optional<api::Rollback>& rollback);

// True if the Rollback is not finished, and belongs to the Deployment with this uid.
[[nodiscard]] bool is_open(const std::optional<api::Rollback>& rollback,
                           const api::Deployment& deployment);

// `rollback` if guard.rollback is its name, else null.
[[nodiscard]] const api::Rollback* named_by(const api::GuardStatus& guard,
                                            const std::optional<api::Rollback>& rollback);

// True if the stored status of the guard is older than the Rollback: the controller stopped after
// it wrote the Rollback and before it wrote the status. Then the Rollback says how to continue.
[[nodiscard]] bool is_unknown_to(const api::GuardStatus& guard,
                                 const std::optional<api::Rollback>& rollback,
                                 const api::Deployment& deployment);

// True if the release was rolled back, and its template was applied again before the controller saw
// the rollback. The evaluation in the status began before the rollback, so it must begin again.
[[nodiscard]] bool was_applied_again(const api::GuardStatus& guard,
                                     const std::optional<api::Rollback>& rollback);

// The generation of the Deployment right after the template patch. If the response of the patch was
// lost, the function assumes spec.generation + 1.
[[nodiscard]] std::int64_t patched_generation(const api::Rollback& rollback);

// True if the annotation rolled-back-by, which the template patch sets, names this Rollback.
[[nodiscard]] bool is_marked_by(const api::Deployment& deployment, const api::Rollback& rollback);

// True if the template patch of this Rollback was applied, even if status.phase is still Pending.
[[nodiscard]] bool is_patched_by(const api::Deployment& deployment, const api::Rollback& rollback);

}  // namespace lastgood::rollback
