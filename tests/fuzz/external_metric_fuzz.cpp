// The value of an external metric.
#include <cmath>

#include "checks/external_metric.hpp"
#include "fuzz.hpp"

using namespace lastgood;
using namespace lastgood::fuzz;
using namespace lastgood::checks;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr Time now{std::chrono::seconds(1795907975)};
  const std::string body(text_of(data, size));
  const api::ExternalMetricCheck check{.metric = "queue"};
  for (const auto& released : {std::optional<Time>(), std::optional(now - std::chrono::hours(1))}) {
    const ExternalMetricResponse response{.value = body, .released = released};
    const auto value = parse_external_metric(check, response, now);
    if (!value) {
      require(value.error().reason != api::Reason::None, "a missing value has a reason");
      require_message(value.error().message, 400);
      continue;
    }
    require(std::isfinite(value->value), "a value is finite");
    require(now - value->at <= max_external_value_age, "a value is not old");
    require(!released || value->at >= *released, "a value is of the release");
  }
  return 0;
}
