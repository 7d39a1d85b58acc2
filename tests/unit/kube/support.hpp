// Helpers for the tests of kube/: points in time, a RandomSource without jitter, an error, a
// Deployment, reading a file.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>

#include "api/workload.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace lastgood::kube::test {

// Milliseconds after the beginning of a test. A test begins at 1 h, not at 0, so a MonotonicTime
// that was never set (0) differs from each time of the test.
inline MonotonicTime at(std::int64_t milliseconds) {
  return MonotonicTime(std::chrono::hours(1) + Duration(milliseconds));
}

inline std::int64_t milliseconds(MonotonicTime time) { return (time - at(0)).count(); }

// A RandomSource without randomness: backoff has no jitter.
inline double no_jitter() { return 0.0; }

inline Error error(ErrorKind kind, int status = 0) {
  return {.kind = kind, .message = "injected", .status = status};
}

inline api::Deployment deployment(std::string name, std::string version, std::string uid = "u1",
                                  std::string namespace_ = "shop") {
  api::Deployment made;
  made.meta.key = {.namespace_ = std::move(namespace_), .name = std::move(name)};
  made.meta.uid = Uid(std::move(uid));
  made.meta.resource_version = ResourceVersion(std::move(version));
  return made;
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace lastgood::kube::test
