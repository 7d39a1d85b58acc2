// The fence before every write: whoever writes says in which term it began, and is refused once that term is over.
#pragma once

#include <cstdint>

namespace lastgood::runtime {

using Term = std::uint64_t;  // 0: never the leader

class Leadership {
 public:
  virtual ~Leadership() = default;

  // The present term, or 0 while we do not lead. Asked immediately before each write.
  [[nodiscard]] virtual Term term() const = 0;
};

}  // namespace lastgood::runtime
