// A Deployment, from a watch, a list or a GET, and the ReplicaSet with the same fields.
#include "codec/objects.hpp"
#include "objects.hpp"

using namespace lastgood;
using namespace lastgood::fuzz;

namespace {

// A Deployment that two parsers accept is the same for both.
void compare_parsers(const std::string& text) {
  const auto from_watch = watched<api::Deployment>(text);
  const auto from_get = codec::parse_deployment_text(text);
  if (!from_get) return require_message(from_get.error().message, max_error);
  if (!from_watch) return;
  require(from_watch->template_digest == from_get->template_digest,
          "the digest of a template is the same from a watch and from a GET");
  require(*from_watch == *from_get, "a Deployment is the same from a watch and from a GET");
}

void read_replica_set(const codec::Json& object) {
  const auto spec = object.find("spec");
  const bool has_template = spec != object.end() && spec->is_object() &&
                            spec->contains("template") && (*spec)["template"].is_object();
  const codec::Json pod_template = has_template ? (*spec)["template"] : codec::Json();
  const auto replica_set = codec::parse_replica_set(object, pod_template);
  if (!replica_set) return require_message(replica_set.error().message, max_error);
  require(replica_set->is_current == has_template, "a template is equal to itself");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  static_cast<void>(kube::parse_event<api::Deployment>(added(text)));
  static_cast<void>(kube::parse_list<api::Deployment>(list_of(text)));
  const auto object = object_of(text);
  if (!object) return 0;
  compare_parsers(object->dump());
  read_replica_set(*object);
  static_cast<void>(codec::parse_service(*object));
  return 0;
}
