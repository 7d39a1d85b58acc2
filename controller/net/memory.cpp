#include "net/memory.hpp"

#include <malloc.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "base/log.hpp"
#include "net/file.hpp"
#include "net/process.hpp"

namespace lastgood::net {

namespace {

constexpr std::chrono::seconds interval{30};
constexpr std::array limit_files{"/sys/fs/cgroup/memory.max",
                                 "/sys/fs/cgroup/memory/memory.limit_in_bytes"};
constexpr std::size_t max_limit_size = 64;
constexpr std::size_t min_returned = std::size_t{2} * 1024 * 1024;
constexpr double high_share = 0.9;
constexpr double low_share = 0.8;

// Returns free memory to the kernel if at least min_returned bytes became free since the last call.
class FreeMemory {
 public:
  void give_back() {
    // The free bytes include those that were returned before.
    const std::size_t free = ::mallinfo2().fordblks;
    if (free < free_before_ + min_returned) {
      free_before_ = std::min(free_before_, free);
      return;
    }
    ::malloc_trim(0);
    free_before_ = ::mallinfo2().fordblks;
  }

 private:
  std::size_t free_before_ = 0;
};

}  // namespace

std::optional<double> parse_memory_limit(std::string_view text) {
  // cgroup v1 has the largest multiple of the page size for no limit.
  constexpr double no_limit = 0x1p62;
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (error != std::errc()) return {};
  const auto limit = static_cast<double>(bytes);
  return limit < no_limit ? std::optional(limit) : std::nullopt;
}

std::optional<double> memory_limit_bytes() {
  for (const char* path : limit_files) {
    if (const auto text = read_file(path, max_limit_size)) return parse_memory_limit(*text);
  }
  return {};
}

bool MemoryWarning::is_due(double resident_bytes, double limit_bytes) {
  const bool was_high = is_high_;
  is_high_ = resident_bytes >= limit_bytes * (was_high ? low_share : high_share);
  return is_high_ && !was_high;
}

boost::asio::awaitable<void> watch_memory(ports::Clock& clock) {
  const std::optional<double> limit = memory_limit_bytes();
  MemoryWarning warning;
  FreeMemory free_memory;
  for (;;) {
    co_await clock.sleep_until(clock.monotonic_now() + interval);
    free_memory.give_back();
    const double resident = process_stats().resident_bytes;
    if (limit && warning.is_due(resident, *limit)) {
      log::warn(
          "the memory is close to its limit, above which the kernel kills the controller; "
          "raise resources.limits.memory of the chart",
          {{"resident_bytes", static_cast<std::int64_t>(resident)},
           {"limit_bytes", static_cast<std::int64_t>(*limit)}});
    }
  }
}

}  // namespace lastgood::net
