#include "own_header.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace lastgood::architecture {
namespace {

// The .cpp files that need no header of the same name, and why.
const std::map<std::string, std::string> exceptions = {
    {"cmd/lastgood-controller/main.cpp", "it defines only main()"},
    {"controller/api/reason_table_checks.cpp", "part of the table in api/reason_table.hpp"},
    {"controller/api/reason_table_events.cpp", "part of the table in api/reason_table.hpp"},
    {"controller/api/reason_table_holds.cpp", "part of the table in api/reason_table.hpp"},
    {"controller/api/reason_table_metrics.cpp", "part of the table in api/reason_table.hpp"},
    {"controller/api/reason_table_policies.cpp", "part of the table in api/reason_table.hpp"},
    {"controller/api/reason_table_requests.cpp", "part of the table in api/reason_table.hpp"},
    {"controller/api/reason_table_states.cpp", "part of the table in api/reason_table.hpp"},
};

}  // namespace

Violations missing_own_headers(const std::vector<SourceFile>& files) {
  std::set<std::string> existing;
  for (const SourceFile& file : files) existing.insert(file.path);
  Violations found;
  for (const SourceFile& file : files) {
    if (!file.path.ends_with(".cpp")) continue;
    const std::string header = file.path.substr(0, file.path.size() - 4) + ".hpp";
    const auto includes = includes_of(file);
    const bool has_header = existing.contains(header);
    if (exceptions.contains(file.path)) {
      if (has_header)
        found.push_back(violation(file, 1, "the file has a header: remove it from the exceptions"));
    } else if (!has_header) {
      found.push_back(violation(file, 1, "there is no header of the same name"));
    } else if (includes.empty() || includes.front().file != include_path_of(header)) {
      found.push_back(violation(file, 1, "include " + include_path_of(header) + " first"));
    }
  }
  return found;
}

}  // namespace lastgood::architecture
