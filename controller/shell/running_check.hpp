// A check that is running. The tasks of the check share this object. Its destructor reports that
// the check has ended, so that the check can be started again. Private to shell/.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "api/workload.hpp"
#include "guard/state.hpp"

namespace lastgood::shell {

// Appends to the inbox of a Deployment.
using PostEntry = std::function<void(const Key& deployment, guard::InboxEntry entry)>;

class RunningCheck {
 public:
  // `post` must outlive the check.
  RunningCheck(const PostEntry& post, const api::Deployment& deployment, std::string check)
      : post_(post),
        key_(deployment.meta.key),
        uid_(deployment.meta.uid),
        check_(std::move(check)) {}
  RunningCheck(const RunningCheck&) = delete;
  RunningCheck& operator=(const RunningCheck&) = delete;
  ~RunningCheck() { post_(key_, guard::CheckEnded{.deployment = uid_, .check = check_}); }

 private:
  const PostEntry& post_;
  Key key_;
  Uid uid_;
  std::string check_;
};

}  // namespace lastgood::shell
