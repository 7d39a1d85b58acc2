// The pods of a Deployment that have responded to a check. They prove that the controller can reach
// them and other pods on the same nodes.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lastgood::checks {

struct Responder {
  std::string pod;   // empty: a URL or a Service, whose response came from any pod
  std::string node;  // empty: unknown
  bool operator==(const Responder&) const = default;
};

class Responders {
 public:
  // At most this many are stored. The oldest are dropped first.
  static constexpr std::size_t max_count = 200;

  void add(std::span<const Responder> responders);

  [[nodiscard]] bool empty() const { return list_.empty(); }
  [[nodiscard]] bool has_pod(std::string_view pod) const;
  [[nodiscard]] bool has_node(std::string_view node) const;

  bool operator==(const Responders&) const = default;

 private:
  std::vector<Responder> list_;
};

}  // namespace lastgood::checks
