// Rule: other folders include only the public headers of a folder. The table is in
// public_headers.cpp. All headers of the other folders (base, api, codec, kube, ports) are public.
#pragma once

#include "source_file.hpp"

namespace lastgood::architecture {

// Includes of a private header of another folder.
[[nodiscard]] Violations private_includes(const std::vector<SourceFile>& files);

// Headers of the table that do not exist, or that no other folder includes.
[[nodiscard]] Violations unused_public_headers(const std::vector<SourceFile>& files);

}  // namespace lastgood::architecture
