#include "net/process.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace lastgood::net {
namespace {

// Reads at most `size` bytes of a file. Empty if the file cannot be read: a missing metric is not
// worth an error.
std::string_view read_proc(const char* path, char* into, std::size_t size) {
  std::FILE* file = std::fopen(path, "re");
  if (file == nullptr) return {};
  const std::size_t got = std::fread(into, 1, size, file);
  std::fclose(file);
  return {into, got};
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double resident_bytes() {
  char text[256];
  const auto read = read_proc("/proc/self/statm", text, sizeof text - 1);
  text[read.size()] = '\0';
  unsigned long whole = 0;
  unsigned long resident = 0;
  if (std::sscanf(text, "%lu %lu", &whole, &resident) != 2) return 0;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

// The boot time plus field 22 of /proc/self/stat, in clock ticks since boot (proc_pid_stat(5)). The
// process name before it can contain any character, but ends at the last parenthesis.
double start_time() {
  char text[1024];
  const auto stat = read_proc("/proc/self/stat", text, sizeof text - 1);
  text[stat.size()] = '\0';
  const char* rest = std::strrchr(text, ')');
  unsigned long long ticks = 0;
  if (rest == nullptr ||
      std::sscanf(
          rest + 1,
          " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
          &ticks) != 1) {
    return 0;
  }
  timespec now{};
  timespec up{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  ::clock_gettime(CLOCK_BOOTTIME, &up);
  const double booted = static_cast<double>(now.tv_sec - up.tv_sec) +
                        static_cast<double>(now.tv_nsec - up.tv_nsec) / 1e9;
  return booted + static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double open_fds() {
  DIR* directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) return 0;
  double count = 0;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread uses this directory stream.
  while (const dirent* entry = ::readdir(directory)) {
    if (entry->d_name[0] != '.') ++count;
  }
  ::closedir(directory);
  // Without the descriptor of `directory`.
  return count - 1;
}

}  // namespace

boost::asio::awaitable<int> wait_for_signal(std::vector<int> signals) {
  boost::asio::signal_set set(co_await boost::asio::this_coro::executor);
  for (const int signal : signals) set.add(signal);
  co_return co_await set.async_wait(boost::asio::use_awaitable);
}

std::uint64_t raise_open_files_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

ProcessStats process_stats() {
  // Computed only once, because the result changes with each correction of the wall clock.
  static const double started = start_time();
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return {.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime),
          .start_time_seconds = started,
          .resident_bytes = resident_bytes(),
          .open_fds = open_fds()};
}

}  // namespace lastgood::net
