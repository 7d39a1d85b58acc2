// The path and query of an API call, and label selectors.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace lastgood::simulation {

struct Route {
  std::string namespace_;   // empty: all namespaces
  std::string plural;       // "deployments"; unique among the kinds of the fake API server
  std::string name;         // empty: the collection
  std::string subresource;  // "status" or empty
  std::map<std::string, std::string> query;

  // Empty if the query does not have the parameter.
  [[nodiscard]] std::string parameter(const std::string& key) const;
  [[nodiscard]] bool is_dry_run() const { return parameter("dryRun") == "All"; }
};

// Nothing if the path is not that of a resource.
[[nodiscard]] std::optional<Route> parse_route(std::string_view target);

// Selectors have equality and set requirements: "a=b,c!=d,e in (f,g),h,!i".
[[nodiscard]] bool matches_selector(std::string_view selector,
                                    const std::map<std::string, std::string>& labels);

}  // namespace lastgood::simulation
