// A Rollback: the record of one rollback, or the request of a user.
#include "codec/objects.hpp"
#include "objects.hpp"

using namespace lastgood;
using namespace lastgood::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto object = object_of(text_of(data, size));
  if (!object) return 0;
  static_cast<void>(watched<api::Rollback>(object->dump()));
  const auto rollback = codec::parse_rollback(*object);
  if (!rollback) {
    require_message(rollback.error().message, max_error);
    return 0;
  }
  const codec::Json spec = codec::to_json(rollback->spec);
  const codec::Json status = codec::to_json(rollback->status);
  const auto again =
      codec::parse_rollback({{"metadata", {{"name", "w"}}}, {"spec", spec}, {"status", status}});
  require(again.has_value(), "a Rollback that is written can be read");
  require(codec::to_json(again->spec) == spec, "a spec that was read is written as it was");
  require(codec::to_json(again->status) == status, "a status that was read is written as it was");
  return 0;
}
