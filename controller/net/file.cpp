#include "net/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace lastgood::net {

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  const auto refuse = [&path](const std::string& words) { return fail(ErrorKind::BadInput, path + ": " + words); };
  // Not blocking, so that a pipe without a writer cannot hold up the one thread.
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return refuse(std::generic_category().message(errno));
  std::string text;
  std::string words;
  struct stat about{};
  if (::fstat(file, &about) == 0 && !S_ISREG(about.st_mode)) words = "not a regular file";
  while (words.empty()) {
    char piece[16 * 1024];
    const auto got = ::read(file, piece, sizeof piece);
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) words = std::generic_category().message(errno);
    if (got > 0) text.append(piece, static_cast<std::size_t>(got));
    if (text.size() > limit) words = "larger than " + std::to_string(limit) + " bytes";
  }
  ::close(file);
  if (!words.empty()) return refuse(words);
  return text;
}

}  // namespace lastgood::net
