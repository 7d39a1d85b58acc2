// What the tests of the machines share: a steady clock that stands where it is put, chance that is no chance, small objects.
#pragma once

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>

#include "api/workload.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace lastgood::machines {

// Milliseconds after the beginning of a test. Not zero, so that a forgotten "since" is no accident that works.
inline Steady at(std::int64_t milliseconds) { return Steady(std::chrono::hours(1) + Duration(milliseconds)); }

inline double no_chance() { return 0.0; }

inline Error error(ErrorKind kind, int status = 0) { return {.kind = kind, .message = "injected", .status = status}; }

inline api::Deployment deployment(std::string name, std::string version, std::string uid = "u1",
                                  std::string namespace_ = "shop") {
  api::Deployment made;
  made.meta.key = {.namespace_ = std::move(namespace_), .name = std::move(name)};
  made.meta.uid = Uid(std::move(uid));
  made.meta.resource_version = ResourceVersion(std::move(version));
  return made;
}

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace lastgood::machines
