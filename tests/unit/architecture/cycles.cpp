#include "cycles.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

namespace lastgood::architecture {
namespace {

using Graph = std::map<std::string, std::set<std::string>>;
using Path = std::vector<std::string>;

std::string without_extension(const std::string& path) { return path.substr(0, path.rfind('.')); }

Graph graph_of(const std::vector<SourceFile>& files) {
  Graph graph;
  for (const SourceFile& file : files) graph[without_extension(include_path_of(file.path))];
  for (const SourceFile& file : files) {
    const std::string module = without_extension(include_path_of(file.path));
    for (const Include& include : includes_of(file)) {
      const std::string other = without_extension(include.file);
      if (include.quoted && other != module && graph.contains(other)) graph[module].insert(other);
    }
  }
  return graph;
}

// The shortest path from `start` back to `start`, found by a breadth-first search. Empty if
// `start` is in no cycle.
Path cycle_through(const Graph& graph, const std::string& start) {
  std::map<std::string, std::string> reached_from;
  std::deque<std::string> queue{start};
  while (!queue.empty()) {
    const std::string module = queue.front();
    queue.pop_front();
    for (const std::string& next : graph.at(module)) {
      if (!reached_from.emplace(next, module).second) continue;
      if (next != start) {
        queue.push_back(next);
        continue;
      }
      Path path{start};
      for (std::string at = module; at != start; at = reached_from.at(at)) path.push_back(at);
      path.push_back(start);
      std::ranges::reverse(path);
      return path;
    }
  }
  return {};
}

}  // namespace

Violations include_cycles(const std::vector<SourceFile>& files) {
  Violations found;
  const Graph graph = graph_of(files);
  for (const auto& [module, includes] : graph) {
    const Path cycle = cycle_through(graph, module);
    // The search finds the same cycle from each module in it. Report it only from the module whose
    // name sorts first.
    if (cycle.empty() || *std::ranges::min_element(cycle) != module) continue;
    std::string text;
    for (const std::string& step : cycle) text += (text.empty() ? "" : " -> ") + step;
    found.push_back(text);
  }
  return found;
}

}  // namespace lastgood::architecture
