#include "checks/responders.hpp"

#include <algorithm>

namespace lastgood::checks {

void Responders::add(std::span<const Responder> responders) {
  for (const Responder& responder : responders) {
    if (std::ranges::find(list_, responder) == list_.end()) list_.push_back(responder);
  }
  if (list_.size() > max_count)
    list_.erase(list_.begin(), list_.end() - static_cast<std::ptrdiff_t>(max_count));
}

bool Responders::has_pod(std::string_view pod) const {
  return std::ranges::find(list_, pod, &Responder::pod) != list_.end();
}

bool Responders::has_node(std::string_view node) const {
  return !node.empty() && std::ranges::find(list_, node, &Responder::node) != list_.end();
}

}  // namespace lastgood::checks
