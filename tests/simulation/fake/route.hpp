// The address of a call as an API server reads it, and label selectors. Must not know any object.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace lastgood::simulation {

struct Route {
  std::string namespace_;   // empty: all
  std::string plural;       // "deployments"; the kinds of this project's world do not share one
  std::string name;         // empty: the collection
  std::string subresource;  // "status" or empty
  std::map<std::string, std::string> query;

  [[nodiscard]] std::string asked(const std::string& parameter) const;
};

[[nodiscard]] std::optional<Route> parse_route(std::string_view target);

// Equality and sets: "a=b,c!=d,e in (f,g),h,!i".
[[nodiscard]] bool selected(std::string_view selector, const std::map<std::string, std::string>& labels);

}  // namespace lastgood::simulation
