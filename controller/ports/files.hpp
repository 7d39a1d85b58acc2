// The port for files that the cluster mounts into the pod of the controller.
#pragma once

#include <map>
#include <string>

#include "base/result.hpp"

namespace lastgood::ports {

class Files {
 public:
  virtual ~Files() = default;

  // The contents of the files in a folder by their names, without files whose names begin with ".".
  // BadInput if the folder or a file cannot be read, or if there is more than 1 MiB or 256 files.
  [[nodiscard]] virtual Result<std::map<std::string, std::string>> read_folder(
      const std::string& path) = 0;
};

}  // namespace lastgood::ports
