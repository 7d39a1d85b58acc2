// A DeploymentGuard: the stored state of one Deployment.
#include "codec/objects.hpp"
#include "objects.hpp"

using namespace lastgood;
using namespace lastgood::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto object = object_of(text_of(data, size));
  if (!object) return 0;
  static_cast<void>(watched<api::DeploymentGuard>(object->dump()));
  const auto guard = codec::parse_guard(*object);
  if (!guard) {
    require_message(guard.error().message, max_error);
    return 0;
  }
  const codec::Json status = codec::to_json(guard->status);
  const auto again = codec::parse_guard({{"metadata", {{"name", "web"}}}, {"status", status}});
  require(again.has_value(), "a status that is written can be read");
  require(codec::to_json(again->status) == status, "a status that was read is written as it was");
  return 0;
}
