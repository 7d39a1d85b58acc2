// A verification that fails, and the end of the freeze that follows if an outage was the cause.
// Private to guard/.
#pragma once

#include "guard/states/step.hpp"

namespace lastgood::guard {

// The check of the Rollback is breached for the restored revision too, so an outage is likely.
// False if only the template of the release can be the cause of its failure. Also false if the
// check is the rollout, and the two revisions failed in different ways (see
// checks::is_like_rollout_failure).
[[nodiscard]] bool fails_like_release(const api::Rollback& rollback,
                                      const api::CheckStatus* breach);

// The first breach for which fails_like_release() is true. `checks`: of the restored revision. Null
// if there is none.
[[nodiscard]] const api::CheckStatus* breach_like_release(
    const std::vector<api::CheckStatus>& checks, const api::Rollback& rollback);

// Ends the Rollback as Failed, because `breach` is breached for the restored revision. This
// revision is not good any more, and the Deployment is frozen.
void fail_verification(Step& step, const api::Rollback& rollback, const api::CheckStatus& breach);

// The same, if the controller stopped after the Rollback was written as Failed and before the guard
// was written.
void resume_failed_verification(Step& step, const api::Rollback& rollback,
                                const api::CheckStatus& breach);

// The check that failed in the verification of this Rollback. If the restored revision did not roll
// out, the check that failed for it and for the release alike. Null if the Rollback failed for
// another cause.
[[nodiscard]] const api::CheckStatus* failed_verification(const api::Rollback& rollback);

// Frozen. Ends the freeze if an outage was its only reason: the check that failed for the release
// and for the restored revision alike passes again.
void step_frozen(Step& step);

}  // namespace lastgood::guard
