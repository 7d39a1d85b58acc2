// Mounted folders for the simulation.
#pragma once

#include <map>
#include <string>

#include "ports/files.hpp"

namespace lastgood::simulation {

class FakeFiles final : public ports::Files {
 public:
  [[nodiscard]] Result<api::StringMap> read_folder(const std::string& path) override {
    ++reads;
    const auto found = folders.find(path);
    if (found == folders.end()) return fail(ErrorKind::BadInput, path + ": No such file");
    return found->second;
  }

  std::map<std::string, api::StringMap> folders = {};
  int reads = 0;
};

}  // namespace lastgood::simulation
