// A RollbackPolicy.
#include <algorithm>

#include "codec/objects.hpp"
#include "objects.hpp"

using namespace lastgood;
using namespace lastgood::fuzz;

namespace {

constexpr std::size_t max_problem = 4096;  // bytes

void require_valid(const api::PolicySpec& spec) {
  for (const api::Check& check : spec.checks) {
    require(!check.name.empty(), "a check has a name");
    require(check.interval > Duration::zero(), "a check has an interval");
    require(check.failure_threshold > 0, "a check has a threshold");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto object = object_of(text_of(data, size));
  if (!object) return 0;
  static_cast<void>(watched<api::RollbackPolicy>(object->dump()));
  const auto policy = codec::parse_policy(*object);
  if (!policy) {
    require_message(policy.error().message, max_error);
    return 0;
  }
  if (policy->problem.empty()) {
    require_valid(policy->spec);
  } else {
    require_message(policy->problem, max_problem);
  }
  const codec::Json status = codec::to_json(policy->status);
  const auto again = codec::parse_policy({{"metadata", {{"name", "p"}}}, {"status", status}});
  require(again.has_value(), "a status that is written can be read");
  require(codec::to_json(again->status) == status, "a status that was read is written as it was");
  return 0;
}
