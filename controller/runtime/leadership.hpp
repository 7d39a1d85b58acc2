// Fences every write. A caller stores the term in which it started. After this term has ended, the
// writes of the caller are not sent.
#pragma once

#include <cstdint>

namespace lastgood::runtime {

// Counts how often this process became the leader. 0: it is not the leader.
using Term = std::uint64_t;

class Leadership {
 public:
  virtual ~Leadership() = default;

  // The current term, or 0 if this process is not the leader. Check it immediately before each
  // write.
  [[nodiscard]] virtual Term term() const = 0;
};

}  // namespace lastgood::runtime
