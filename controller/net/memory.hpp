// The memory of this process: its limit, and the return of free memory to the kernel.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string_view>

#include "ports/clock.hpp"

namespace lastgood::net {

// The limit of the cgroup of this process, in bytes. The kernel kills the process above it. No
// value: there is no limit, or it is unknown.
// https://docs.kernel.org/admin-guide/cgroup-v2.html#memory
[[nodiscard]] std::optional<double> memory_limit_bytes();

// `text`: the content of memory.max (cgroup v2) or memory.limit_in_bytes (v1). No value for "max",
// for the largest numbers, with which v1 means no limit, and for a text that is not a number.
[[nodiscard]] std::optional<double> parse_memory_limit(std::string_view text);

// Decides when to warn that the resident memory is close to the limit: at 90%, and not again before
// it was below 80%.
class MemoryWarning {
 public:
  [[nodiscard]] bool is_due(double resident_bytes, double limit_bytes);

 private:
  bool is_high_ = false;
};

// Every 30 s: returns free memory to the kernel, and logs a warning if the memory is close to the
// limit. Lists and many changes at the same time leave free memory behind: with 2,000 Deployments
// about 7 MB after the first lists. Runs until it is cancelled.
boost::asio::awaitable<void> watch_memory(ports::Clock& clock);

}  // namespace lastgood::net
