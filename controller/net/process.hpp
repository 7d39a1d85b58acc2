// Signals, limits and resource usage of this process.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <vector>

namespace lastgood::net {

// Waits for one of `signals`, and returns its number. While it waits, these signals do not end the
// process.
boost::asio::awaitable<int> wait_for_signal(std::vector<int> signals);

// Raises the soft limit of open files to the hard limit, because each probe in flight needs a file
// descriptor. Returns the limit, or 0 if it is unknown.
std::uint64_t raise_open_files_limit();

struct ProcessStats {
  double cpu_seconds = 0;
  double start_time_seconds = 0;  // Unix time
  double resident_bytes = 0;
  double open_fds = 0;
};
// A value that cannot be read is 0.
[[nodiscard]] ProcessStats process_stats();

}  // namespace lastgood::net
