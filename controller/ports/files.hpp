// The port for files that the cluster mounts into the pod of the controller.
#pragma once

#include <string>

#include "api/meta.hpp"
#include "base/result.hpp"

namespace lastgood::ports {

class Files {
 public:
  virtual ~Files() = default;

  // From the name of each file in a folder to its content. Files whose names begin with "." are
  // left out. BadInput if a read fails, or if the folder has more than 256 files or 1 MiB.
  [[nodiscard]] virtual Result<api::StringMap> read_folder(const std::string& path) = 0;
};

}  // namespace lastgood::ports
