#include "net/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <system_error>

#include "base/text.hpp"

namespace lastgood::net {

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  const auto unreadable = [&path](const std::string& problem) {
    // The path may come from a file that is not UTF-8.
    return fail(ErrorKind::BadInput, clip(path, PATH_MAX) + ": " + problem);
  };
  // Without O_NONBLOCK, open() of a pipe without a writer would block the only thread.
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return unreadable(std::generic_category().message(errno));
  std::string text;
  std::string problem;
  struct stat about{};
  if (::fstat(file, &about) == 0 && !S_ISREG(about.st_mode)) problem = "not a regular file";
  while (problem.empty()) {
    char piece[16 * 1024];
    const auto got = ::read(file, piece, sizeof piece);
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) problem = std::generic_category().message(errno);
    if (got > 0) text.append(piece, static_cast<std::size_t>(got));
    if (text.size() > limit)
      problem = "the file is larger than " + std::to_string(limit) + " bytes";
  }
  ::close(file);
  if (!problem.empty()) return unreadable(problem);
  return text;
}

}  // namespace lastgood::net
