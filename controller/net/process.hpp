// This process as the kernel sees it: its signals, its limits, what it uses.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <vector>

namespace lastgood::net {

// Ends with the number of the first of `signals` that arrives. Until then those signals do not kill the process.
boost::asio::awaitable<int> wait_for_signal(std::vector<int> signals);

// Raises the soft limit of open files to the hard one and says what it is now: one descriptor a probe in flight.
std::uint64_t raise_open_files_limit();

struct ProcessUse {
  double cpu_seconds = 0;
  double start_time_seconds = 0;  // since 1970
  double resident_bytes = 0;
  double open_fds = 0;
};
[[nodiscard]] ProcessUse process_use();

}  // namespace lastgood::net
