// The Rollback object: its name, its first writing, how its status moves on, and whether it is
// still to be seen through.
#pragma once

#include <string>
#include <string_view>

#include "api/constants.hpp"
#include "api/guard.hpp"
#include "api/rollback.hpp"
#include "api/workload.hpp"

namespace lastgood::rollback {

// "web-7-1b4e": of the Deployment, its generation and its uid. The same decision made twice has the
// same name, and a Deployment made again under the same name another. At most 253 bytes.
[[nodiscard]] std::string rollback_name(const api::Deployment& deployment);

// Superseded, or failed, before anything was touched: the release was not rolled back by it, and
// may be by another.
[[nodiscard]] bool changed_nothing(const api::Rollback& rollback);

// Named after this generation of the Deployment, as its first Rollback or as a later one.
[[nodiscard]] bool is_named_after(const api::Deployment& deployment, const api::Rollback& rollback);

// "web-7-1b4e-2" after "web-7-1b4e" has come to nothing; else that of the first.
[[nodiscard]] std::string next_rollback_name(const api::Deployment& deployment,
                                             const std::optional<api::Rollback>& last);

// What is about to be done and why, before anything is touched.
// `last` is the last Rollback of the Deployment.
[[nodiscard]] api::Rollback new_rollback(const api::Deployment& deployment,
                                         const std::optional<api::Rollback>& last,
                                         const api::GuardStatus& guard,
                                         const api::CheckStatus& breach,
                                         const api::Revision& target, Time now);

// "revision 4 (web-6d4b75cb6d)", as `kubectl get rs` names it.
[[nodiscard]] std::string name_of(const api::Deployment& deployment, const api::Revision& revision);

// Why that is put back, for a sentence: "because check health is breached (WrongStatus)", "because
// a person asked for it".
[[nodiscard]] std::string why(const api::RollbackSpec& spec);

// One line more of what was done and when, as far as there is room.
void add_timeline_entry(api::RollbackStatus& status, const std::string& what, Time now);

// The status in the next phase: its time, its words, its conditions (kstatus: Reconciling until it
// is finished, then Succeeded True or False, and Stalled where a person is needed).
[[nodiscard]] api::RollbackStatus advance(api::RollbackStatus status, api::RollbackPhase phase,
                                          const std::string& message, Time now);

// Recorded, not finished, and not a drill: it is being seen through, or waits to be. The state is
// RollingBack, Verifying, or Held while something holds it back before anything is touched.
[[nodiscard]] bool is_in_progress(const api::GuardStatus& guard,
                                  const std::optional<api::Rollback>& rollback);

// Not finished, and of this very Deployment.
[[nodiscard]] bool is_open(const std::optional<api::Rollback>& rollback,
                           const api::Deployment& deployment);

// The Rollback that the memory speaks of; null when there is none, or when it is another one.
[[nodiscard]] const api::Rollback* named_by(const api::GuardStatus& guard,
                                            const std::optional<api::Rollback>& rollback);

// The memory is from before that Rollback: its writer stopped before it could write down more. The
// record then says what to do.
[[nodiscard]] bool is_unknown_to(const api::GuardStatus& guard,
                                 const std::optional<api::Rollback>& rollback,
                                 const api::Deployment& deployment);

// The release was put back, and its template was there again before that was seen: what this watch
// judges is not what was judged.
[[nodiscard]] bool is_back_unseen(const api::GuardStatus& guard,
                                  const std::optional<api::Rollback>& rollback);

// lastgood.dev/rolled-back-by on the Deployment names this Rollback: our patch has been there.
[[nodiscard]] bool is_marked_by(const api::Deployment& deployment, const api::Rollback& rollback);

}  // namespace lastgood::rollback
