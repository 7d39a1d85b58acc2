// Implements the port Files over the file system.
//
// The kubelet replaces all files of a mounted Secret at once: each name is a link into the folder
// "..data", which is itself a link. So the files of one read can be of two versions of the Secret,
// if it changes in between. The next read has the new version.
#pragma once

#include <string>

#include "ports/files.hpp"

namespace lastgood::net {

class Files final : public ports::Files {
 public:
  [[nodiscard]] Result<api::StringMap> read_folder(const std::string& path) override;
};

}  // namespace lastgood::net
