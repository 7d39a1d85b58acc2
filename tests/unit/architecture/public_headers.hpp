// Rule: other folders include only the public headers of a folder. The table is in
// public_headers.cpp; folders that are not in it (base, api, codec, kube, ports) are public.
#pragma once

#include "source_file.hpp"

namespace lastgood::architecture {

// Includes of private headers of another folder.
[[nodiscard]] Violations private_includes(const std::vector<SourceFile>& files);

// Headers that the table lists, but that do not exist or that no other folder includes.
[[nodiscard]] Violations unused_public_headers(const std::vector<SourceFile>& files);

}  // namespace lastgood::architecture
